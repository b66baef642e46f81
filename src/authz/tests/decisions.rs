//! What is decided by whom is asking, and when nobody knows.

use super::*;

#[tokio::test]
async fn what_is_not_decided_is_never_forwarded() {
    let unreachable = || WhoamiError::Unreachable("x".into());
    let throttled = WhoamiError::Throttled {
        retry_after: Some(Duration::from_secs(7)),
    };
    for (error, status, id, wait) in [
        (unreachable(), 503, "identity_unavailable", "5"),
        (
            WhoamiError::Unexpected("x".into()),
            503,
            "identity_unavailable",
            "5",
        ),
        (WhoamiError::Overloaded, 503, "identity_unavailable", "1"),
        (
            WhoamiError::CircuitOpen {
                retry_after: Duration::from_millis(2100),
            },
            503,
            "identity_unavailable",
            "3",
        ),
        (throttled, 429, "identity_throttled", "7"),
    ] {
        let world = world(Err(error));
        let api = world.refuse("GET /account/", &[]).await;
        assert_eq!(api.answer.status.as_u16(), status);
        assert_eq!(super::error(&api)["id"], id);
        assert_eq!(header(&api, "retry-after"), Some(wait));
        let browser = world.refuse("GET /account/", &[HTML]).await;
        assert_eq!(browser.answer.status.as_u16(), status);
        assert!(matches!(browser.answer.body, Body::Page(_)));
        assert_eq!(browser.facts.decision, Decided::Unavailable);
    }
    let world = world(Err(unreachable()));
    assert!(world.allows("GET /public/").await);
    assert!(world.allows("GET /shop/").await);
}

#[tokio::test]
async fn a_step_up_counts_at_once_although_the_cache_holds_the_session_before_it() {
    let world = world(Ok(session(ONE, 5, SecondFactor::Enrolled)));
    assert!(world.allows("GET /account/").await);
    assert!(!world.allows("GET /transfer/").await);
    *world.told.0.lock().unwrap() = Ok(session(Aal::Aal2, 0, SecondFactor::Enrolled));
    let verdict = world.ask("GET /transfer/", &[HTML], "cookie").await;
    let Verdict::Forward(forward) = verdict else {
        panic!("looped")
    };
    assert_eq!(forward.facts.cache, Some(CacheUse::Bypass));
    assert_eq!(forward.set_cookies.len(), 1);
}

#[tokio::test]
async fn every_hit_is_judged_by_the_time_of_the_request() {
    let world = world(Ok(session(Aal::Aal2, 590, SecondFactor::Enrolled)));
    assert!(world.allows("GET /fresh/").await);
    world.clock.advance(Duration::from_secs(11));
    assert!(world.allows("GET /transfer/").await);
    assert!(!world.allows("GET /fresh/").await);
}

#[tokio::test]
async fn a_public_rule_asks_nobody_and_an_identifying_one_never_refuses() {
    let world = world(Ok(Said::NoSession));
    let Verdict::Forward(public) = world.ask("GET /public/", &[], "cookie").await else {
        panic!("refused")
    };
    assert_eq!(public.facts.cache, None);
    assert!(world.allows("GET /shop/").await);
    *world.told.0.lock().unwrap() = Ok(session(ONE, 5, SecondFactor::Unknown));
    let Verdict::Forward(shop) = world.ask("GET /shop/", &[], "other").await else {
        panic!("refused")
    };
    assert!(shop.facts.session.is_some());
}
