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
