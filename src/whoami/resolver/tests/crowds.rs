//! Many who ask at once.

use super::*;

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
