use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::Semaphore;

use super::*;
use crate::aal::Aal;
use crate::whoami::{Answer, Asking as Question, CredentialKind, HeaderSource, Said, Session};
use crate::whoami::{Limits, WhoamiError};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// An identity service that answers as told, once it is let.
struct Scripted {
    calls: AtomicUsize,
    gate: Semaphore,
    says: Mutex<HashMap<String, Say>>,
}

#[derive(Clone, Copy, Debug)]
enum Say {
    Session(&'static str, Aal),
    CacheFor(u64),
    NoSession,
    Undisclosed,
    Down,
    Throttled,
    Panic,
}

impl Scripted {
    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn say(&self, credential: &str, say: Say) {
        self.says.lock().unwrap().insert(credential.to_owned(), say);
    }
}

fn session(id: &str, aal: Aal) -> Box<Session> {
    let document = json!({
        "id": id, "active": true,
        "expires_at": "1970-01-01T01:00:00Z", "authenticated_at": "1970-01-01T00:00:00Z",
        "authenticator_assurance_level": aal.as_str(),
        "identity": {"id": format!("{id}-person"), "traits": {"email": "a@b.c"}},
    });
    Box::new(Session::from_document(document).unwrap())
}

impl IdentityService for Scripted {
    fn ask<'a>(&'a self, credential: &'a Credential) -> Question<'a> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            self.gate.acquire().await.unwrap().forget();
            let say = self.says.lock().unwrap().get(credential.expose()).copied();
            let cache_for = match say {
                Some(Say::CacheFor(seconds)) => Some(Duration::from_secs(seconds)),
                _ => None,
            };
            let said = match say {
                None | Some(Say::NoSession) => Said::NoSession,
                Some(Say::Undisclosed) => Said::Undisclosed,
                Some(Say::Session(id, aal)) => Said::Session(session(id, aal)),
                Some(Say::CacheFor(_)) => Said::Session(session("s", Aal::Aal1)),
                Some(Say::Down) => return Err(WhoamiError::Unreachable("down".into())),
                Some(Say::Throttled) => {
                    let retry_after = Some(Duration::from_secs(7));
                    return Err(WhoamiError::Throttled { retry_after });
                }
                Some(Say::Panic) => panic!("a defect in the service"),
            };
            Ok(Answer {
                said,
                set_cookies: Vec::new(),
                cache_for,
            })
        })
    }
}

struct World {
    service: Arc<Scripted>,
    resolver: Resolver,
    clock: Clock,
}

fn world_with(change: impl FnOnce(&mut Config)) -> World {
    let service = Arc::new(Scripted {
        calls: AtomicUsize::new(0),
        gate: Semaphore::new(1_000_000),
        says: Mutex::default(),
    });
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    let mut config = Config {
        identity_headers: vec![(
            HeaderName::from_static("x-user-id"),
            HeaderSource::parse("session.identity.id").unwrap(),
        )],
        ..Config::default()
    };
    change(&mut config);
    let shared: Arc<dyn IdentityService> = Arc::<Scripted>::clone(&service);
    let resolver = Resolver::new(config, "test", shared, Handle::current(), clock.clone());
    World {
        service,
        resolver,
        clock,
    }
}

fn world() -> World {
    world_with(|_| {})
}

fn cookie(value: &str) -> Credential {
    Credential::new(CredentialKind::Cookie, value)
}

impl World {
    async fn resolve_at(
        &self,
        value: &str,
        arrival: Arrival,
        freshness: Freshness,
    ) -> Result<Resolved, ResolveError> {
        self.resolver
            .resolve(&cookie(value), HERE, arrival, freshness)
            .await
    }

    async fn resolve(&self, value: &str) -> Result<Resolved, ResolveError> {
        self.resolve_at(value, self.resolver.arrival(), Freshness::Cached)
            .await
    }

    async fn level(&self, value: &str) -> Option<Aal> {
        match self.resolve(value).await.unwrap().resolution {
            Resolution::Session(record) => Some(record.subject().aal),
            Resolution::Anonymous | Resolution::Undisclosed => None,
        }
    }

    /// Closes the gate: questions stay unanswered until [`World::open`].
    async fn close(&self) {
        self.service
            .gate
            .acquire_many(1_000_000)
            .await
            .unwrap()
            .forget();
    }

    fn open(&self) {
        self.service.gate.add_permits(1_000_000);
    }

    async fn until_asked(&self, calls: usize) {
        while self.service.calls() < calls {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_session_is_asked_for_once_while_it_is_fresh() {
    let world = world();
    world.service.say("a", Say::Session("s", Aal::Aal1));
    let first = world.resolve("a").await.unwrap();
    assert_eq!((first.source, first.conclusive), (CacheUse::Miss, true));
    let second = world.resolve("a").await.unwrap();
    assert_eq!((second.source, second.conclusive), (CacheUse::Hit, false));
    let Resolution::Session(record) = second.resolution else {
        panic!("no session")
    };
    let headers: Vec<_> = record.identity_headers().collect();
    assert_eq!(
        headers,
        [(
            &HeaderName::from_static("x-user-id"),
            "s-person".parse().unwrap()
        )]
    );
    assert_eq!(world.service.calls(), 1);
    world.clock.advance(Duration::from_secs(30));
    world.resolve("a").await.unwrap();
    assert_eq!(world.service.calls(), 2);
}

#[tokio::test]
async fn a_record_never_outlives_the_session_or_what_the_service_allows() {
    let world = world_with(|config| config.cache.ttl = Duration::from_secs(86400));
    world.service.say("a", Say::Session("s", Aal::Aal1));
    world.service.say("b", Say::CacheFor(3));
    world.resolve("a").await.unwrap();
    world.resolve("b").await.unwrap();
    world.clock.advance(Duration::from_secs(3));
    world.resolve("a").await.unwrap();
    assert_eq!(world.service.calls(), 2);
    world.resolve("b").await.unwrap();
    assert_eq!(world.service.calls(), 3);
    world.clock.advance(Duration::from_secs(3597));
    world.resolve("a").await.unwrap();
    assert_eq!(world.service.calls(), 4);
}

#[tokio::test]
async fn two_people_never_share_an_answer() {
    let world = world();
    world.service.say("a", Say::Session("alice", Aal::Aal2));
    world.service.say("b", Say::Session("bob", Aal::Aal1));
    let (a, b) = tokio::join!(world.level("a"), world.level("b"));
    assert_eq!((a, b), (Some(Aal::Aal2), Some(Aal::Aal1)));
    assert_eq!(world.level("a").await, Some(Aal::Aal2));
    let token = Credential::new(CredentialKind::SessionToken, "a");
    let arrival = world.resolver.arrival();
    world
        .resolver
        .resolve(&token, HERE, arrival, Freshness::Cached)
        .await
        .unwrap();
    assert_eq!(world.service.calls(), 3);
}

#[tokio::test]
async fn a_refusal_is_asked_for_anew_by_whoever_comes_later() {
    let world = world();
    let first = world.resolve("a").await.unwrap();
    assert!(matches!(first.resolution, Resolution::Anonymous) && first.conclusive);
    world.service.say("a", Say::Session("s", Aal::Aal1));
    assert_eq!(world.level("a").await, Some(Aal::Aal1));
}

#[tokio::test]
async fn past_the_cache_the_level_of_now_is_seen() {
    let world = world();
    world.service.say("a", Say::Session("s", Aal::Aal1));
    world.resolve("a").await.unwrap();
    world.service.say("a", Say::Session("s", Aal::Aal2));
    assert_eq!(world.level("a").await, Some(Aal::Aal1));
    let arrival = world.resolver.arrival();
    let fresh = world
        .resolve_at("a", arrival, Freshness::PastCache)
        .await
        .unwrap();
    assert_eq!(fresh.source, CacheUse::Bypass);
    assert!(fresh.conclusive);
    assert_eq!(world.level("a").await, Some(Aal::Aal2));
    assert_eq!(world.service.calls(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_for_one_cold_session_cost_one_question() {
    for say in [Say::Session("s", Aal::Aal1), Say::Down, Say::Throttled] {
        let world = Arc::new(world());
        world.service.say("a", say);
        world.close().await;
        let arrivals: Vec<_> = (0..1000).map(|_| world.resolver.arrival()).collect();
        let tasks: tokio::task::JoinSet<_> = arrivals
            .into_iter()
            .map(|arrival| {
                let world = Arc::clone(&world);
                async move {
                    world
                        .resolve_at("a", arrival, Freshness::Cached)
                        .await
                        .is_ok()
                }
            })
            .collect();
        while world.resolver.counts().coalesced < 999 {
            tokio::task::yield_now().await;
        }
        world.open();
        let good = tasks
            .join_all()
            .await
            .into_iter()
            .filter(|good| *good)
            .count();
        let expected = if matches!(say, Say::Session(..)) {
            1000
        } else {
            0
        };
        assert_eq!((good, world.service.calls()), (expected, 1), "{say:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_refused_requests_cost_at_most_two_questions() {
    for say in [Say::NoSession, Say::Undisclosed] {
        let world = Arc::new(world());
        world.service.say("a", say);
        world.close().await;
        let leader = tokio::task::JoinSet::from_iter([{
            let world = Arc::clone(&world);
            async move { world.resolve("a").await.unwrap().conclusive }
        }]);
        world.until_asked(1).await;
        let arrival = world.resolver.arrival();
        let followers: tokio::task::JoinSet<_> = (0..1000)
            .map(|_| {
                let world = Arc::clone(&world);
                async move {
                    let first = world
                        .resolve_at("a", arrival, Freshness::Cached)
                        .await
                        .unwrap();
                    assert!(!first.conclusive);
                    let past = Freshness::PastCache;
                    world
                        .resolve_at("a", arrival, past)
                        .await
                        .unwrap()
                        .conclusive
                }
            })
            .collect();
        while world.resolver.counts().coalesced < 1000 {
            tokio::task::yield_now().await;
        }
        world.open();
        assert!(
            leader
                .join_all()
                .await
                .into_iter()
                .all(|conclusive| conclusive)
        );
        assert!(
            followers
                .join_all()
                .await
                .into_iter()
                .all(|conclusive| conclusive)
        );
        assert!(
            world.service.calls() <= 2,
            "{say:?}: {}",
            world.service.calls()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_takes_the_answer_from_nobody() {
    let world = Arc::new(world());
    world.service.say("a", Say::Session("s", Aal::Aal1));
    world.close().await;
    let start = |world: &Arc<World>| {
        let world = Arc::clone(world);
        tokio::task::JoinSet::from_iter([async move { world.level("a").await }])
    };
    let mut leaver = start(&world);
    world.until_asked(1).await;
    let stayer = start(&world);
    leaver.abort_all();
    assert!(leaver.join_next().await.unwrap().is_err());
    world.open();
    assert_eq!(stayer.join_all().await, [Some(Aal::Aal1)]);
    assert_eq!(world.service.calls(), 1);
}

#[tokio::test]
async fn what_is_forgotten_is_asked_for_again() {
    let world = world();
    world.service.say("a", Say::Session("s", Aal::Aal1));
    let cookie = cookie("a");
    let mut calls = 0;
    for what in [
        Forget::Credential(&cookie),
        Forget::Session("s"),
        Forget::Identity("s-person"),
    ] {
        world.resolve("a").await.unwrap();
        calls += 1;
        assert_eq!(world.service.calls(), calls, "{what:?}");
        world.resolver.forget(what);
    }
    world.resolve("a").await.unwrap();
    world.resolver.purge();
    world.resolve("a").await.unwrap();
    world.resolve("a").await.unwrap();
    assert_eq!(world.service.calls(), 5);
    world.resolver.forget(Forget::Session("other"));
    world.resolve("a").await.unwrap();
    assert_eq!(world.service.calls(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_on_its_way_during_an_eviction_is_not_used_after_it() {
    for by in ["credential", "session", "identity", "purge"] {
        let world = Arc::new(world());
        world.service.say("a", Say::Session("s", Aal::Aal2));
        world.close().await;
        let early = {
            let world = Arc::clone(&world);
            tokio::task::JoinSet::from_iter([async move { world.level("a").await }])
        };
        world.until_asked(1).await;
        match by {
            "credential" => world.resolver.forget(Forget::Credential(&cookie("a"))),
            "session" => world.resolver.forget(Forget::Session("s")),
            "identity" => world.resolver.forget(Forget::Identity("s-person")),
            _ => world.resolver.purge(),
        }
        world.service.gate.add_permits(1);
        world.until_asked(2).await;
        world.service.say("a", Say::NoSession);
        world.open();
        assert_eq!(early.join_all().await, [None], "{by}");
        assert_eq!(world.level("a").await, None, "{by}");
    }
}

#[tokio::test]
async fn an_eviction_outlives_the_records_it_is_about() {
    let world = world();
    world.service.say("a", Say::Session("s", Aal::Aal1));
    world.service.say("b", Say::Session("t", Aal::Aal1));
    world.resolve("a").await.unwrap();
    world.resolver.forget(Forget::Session("s"));
    world.clock.advance(Duration::from_secs(29));
    world.resolve("b").await.unwrap();
    world.service.say("a", Say::NoSession);
    assert_eq!(world.level("a").await, None);
}

#[tokio::test]
async fn an_outage_is_an_error_and_not_remembered_for_those_who_come_later() {
    let world = world();
    world.service.say("a", Say::Down);
    let error = world.resolve("a").await.unwrap_err();
    assert!(matches!(error, ResolveError::Unavailable { .. }));
    world.service.say("a", Say::Session("s", Aal::Aal1));
    assert_eq!(world.level("a").await, Some(Aal::Aal1));
}

#[tokio::test]
async fn a_warm_session_serves_until_its_time_while_the_service_is_down() {
    let world = world();
    world.service.say("a", Say::Session("s", Aal::Aal1));
    world.resolve("a").await.unwrap();
    world.service.say("a", Say::Down);
    world.clock.advance(Duration::from_secs(29));
    assert_eq!(world.level("a").await, Some(Aal::Aal1));
    world.clock.advance(Duration::from_secs(1));
    assert!(world.resolve("a").await.is_err());
}

#[tokio::test]
async fn a_grace_lets_a_session_serve_past_its_time_but_never_a_refusal() {
    let world = world_with(|config| config.serve_stale_when_down = Duration::from_secs(60));
    world.service.say("a", Say::Session("s", Aal::Aal1));
    world.resolve("a").await.unwrap();
    world.service.say("a", Say::Down);
    world.clock.advance(Duration::from_secs(89));
    let stale = world.resolve("a").await.unwrap();
    assert!(!stale.conclusive);
    let arrival = world.resolver.arrival();
    assert!(
        world
            .resolve_at("a", arrival, Freshness::PastCache)
            .await
            .is_err()
    );
    world.resolver.forget(Forget::Session("s"));
    assert!(world.resolve("a").await.is_err());
    world.clock.advance(Duration::from_secs(1));
    assert!(world.resolve("a").await.is_err());
}

#[tokio::test]
async fn throttling_is_passed_on() {
    let world = world();
    world.service.say("a", Say::Throttled);
    let error = world.resolve("a").await.unwrap_err();
    let expected = Some(Duration::from_secs(7));
    assert!(matches!(error, ResolveError::Throttled { retry_after } if retry_after == expected));
}

#[tokio::test]
async fn a_defect_in_the_service_is_an_outage() {
    let world = world();
    world.service.say("a", Say::Panic);
    assert!(matches!(
        world.resolve("a").await,
        Err(ResolveError::Unavailable { .. })
    ));
    world.service.say("a", Say::Session("s", Aal::Aal1));
    assert_eq!(world.level("a").await, Some(Aal::Aal1));
}

#[tokio::test]
async fn rechecks_of_a_worthless_credential_are_limited() {
    let world = world();
    for _ in 0..6 {
        assert_eq!(world.level("a").await, None);
    }
    let error = world.resolve("a").await.unwrap_err();
    assert!(matches!(error, ResolveError::TooManyChecks { .. }));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.level("a").await, None);
    assert_eq!(world.service.calls(), 7);
}

#[tokio::test]
async fn unknown_credentials_from_one_address_are_limited() {
    let limits = Limits {
        misses_per_second_per_address: 3,
        ..Limits::default()
    };
    let world = world_with(|config| config.limits = limits);
    world.service.say("known", Say::Session("s", Aal::Aal1));
    world.resolve("known").await.unwrap();
    for value in ["a", "b"] {
        world.resolve(value).await.unwrap();
    }
    let error = world.resolve("c").await.unwrap_err();
    assert!(matches!(error, ResolveError::TooManyChecks { .. }));
    world.clock.advance(Duration::from_millis(100));
    assert_eq!(world.level("known").await, Some(Aal::Aal1));
    let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let arrival = world.resolver.arrival();
    let other = world
        .resolver
        .resolve(&cookie("c"), elsewhere, arrival, Freshness::Cached)
        .await;
    assert!(other.is_ok());
}

#[test]
fn an_ipv6_client_is_known_by_its_network() {
    let of = |text: &str| network(text.parse().unwrap());
    assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
    assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
}

#[tokio::test]
async fn made_up_credentials_push_no_session_out() {
    let world = world_with(|config| {
        config.cache.max_entries = 10;
        config.limits.misses_per_second_per_address = 1_000_000;
    });
    world.service.say("a", Say::Session("s", Aal::Aal1));
    world.resolve("a").await.unwrap();
    for number in 0..1000 {
        world.resolve(&format!("made-up-{number}")).await.unwrap();
    }
    let calls = world.service.calls();
    assert_eq!(world.resolve("a").await.unwrap().source, CacheUse::Hit);
    assert_eq!(world.service.calls(), calls);
}
