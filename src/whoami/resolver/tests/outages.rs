//! An identity service that is down, throttles or is wrong.

use super::*;

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
async fn a_grace_lets_a_session_serve_past_its_time_and_no_longer() {
    let world = world_with(|config| config.serve_stale_when_down = Duration::from_secs(60));
    world.service.say("a", Say::Session("s", Aal::Aal1));
    world.resolve("a").await.unwrap();
    world.service.say("a", Say::Down);
    world.clock.advance(Duration::from_secs(89));
    assert!(world.resolve("a").await.is_err());
    let grace = Duration::from_secs(3600);
    let stale = world.resolver.stale(&cookie("a"), grace).unwrap();
    assert!(!stale.conclusive);
    assert_eq!(stale.source, CacheUse::Stale);
    let lower = Duration::from_secs(59);
    assert!(world.resolver.stale(&cookie("a"), lower).is_none());
    world.clock.advance(Duration::from_secs(1));
    assert!(world.resolver.stale(&cookie("a"), grace).is_none());
}

#[tokio::test]
async fn no_grace_brings_back_what_was_forgotten() {
    let world = world_with(|config| config.serve_stale_when_down = Duration::from_secs(60));
    let grace = Duration::from_secs(60);
    world.service.say("a", Say::Session("s", Aal::Aal1));
    world.resolve("a").await.unwrap();
    assert!(world.resolver.stale(&cookie("a"), grace).is_some());
    world.resolver.forget(Forget::Ended("s"));
    assert!(world.resolver.stale(&cookie("a"), grace).is_none());
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
