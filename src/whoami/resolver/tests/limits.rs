//! How often a client may ask for nothing.

use super::*;

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
