//! What is forgotten, and what was on its way meanwhile.

use super::*;

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
