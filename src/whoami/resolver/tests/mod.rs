//! The resolver before a scripted identity service.

mod caching;
mod crowds;
mod evictions;
mod limits;
mod outages;

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderName;
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
            Resolution::Anonymous | Resolution::Superseded | Resolution::Undisclosed => None,
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
