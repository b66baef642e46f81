//! How long an answer serves, and whom.

use super::*;

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
