use rstest::rstest;

use super::Backend::{Postgres, Sqlite};
use super::*;
use crate::identity::throttle::{Limit, ThrottleKind};

#[rstest]
#[tokio::test]
async fn a_totp_step_is_taken_once_and_never_backwards(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (mut identity, mut credentials) = stored(&store, "ada@bank.example").await;
    let take = |step| store.take_totp_step(identity.id, step);
    let (one, two) = tokio::join!(take(100), take(100));
    assert_ne!(one.unwrap(), two.unwrap());
    assert!(!take(99).await.unwrap());
    assert!(take(101).await.unwrap());
    assert_eq!(store.last_totp_step(identity.id).await.unwrap(), Some(101));
    credentials.set(totp_credential(&identity));
    store
        .save_identity(&mut identity, &credentials)
        .await
        .unwrap();
    let forgotten = store.last_totp_step(identity.id).await.unwrap();
    assert_eq!(forgotten, None, "a new secret begins anew");
}

const LIMIT: Limit = Limit {
    tries: 10,
    per: Duration::from_secs(900),
};

#[rstest]
#[tokio::test]
async fn the_eleventh_try_is_refused_until_the_window_has_passed(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let count = |second| store.count_try(ThrottleKind::SecondFactor, b"ada", LIMIT, at(second));
    for _ in 0..10 {
        assert_eq!(count(0).await.unwrap(), Tried::Allowed);
    }
    let left = Duration::from_secs(800);
    assert_eq!(
        count(100).await.unwrap(),
        Tried::Refused { retry_after: left }
    );
    let other = store
        .count_try(ThrottleKind::Password, b"ada", LIMIT, at(100))
        .await;
    assert_eq!(other.unwrap(), Tried::Allowed, "kinds are counted apart");
    assert_eq!(count(900).await.unwrap(), Tried::Allowed);
}

#[rstest]
#[tokio::test]
async fn tries_at_once_are_all_counted(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let store = store.clone();
        tasks.spawn(async move {
            let tried = store
                .count_try(ThrottleKind::Password, b"ada", LIMIT, at(0))
                .await;
            tried.unwrap() == Tried::Allowed
        });
    }
    let allowed = tasks
        .join_all()
        .await
        .into_iter()
        .filter(|&yes| yes)
        .count();
    assert_eq!(allowed, 10);
}

#[rstest]
#[tokio::test]
async fn a_right_try_clears_an_identity_but_gives_an_address_one_try_back(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    for kind in [ThrottleKind::Password, ThrottleKind::Address] {
        for _ in 0..10 {
            store.count_try(kind, b"x", LIMIT, at(0)).await.unwrap();
        }
        store.forgive(kind, b"x").await.unwrap();
        assert_eq!(
            store.count_try(kind, b"x", LIMIT, at(0)).await.unwrap(),
            Tried::Allowed
        );
    }
    let again = |kind| store.count_try(kind, b"x", LIMIT, at(0));
    assert_eq!(again(ThrottleKind::Password).await.unwrap(), Tried::Allowed);
    assert!(matches!(
        again(ThrottleKind::Address).await.unwrap(),
        Tried::Refused { .. }
    ));
}

#[rstest]
#[tokio::test]
async fn two_processes_on_one_database_and_a_restart_share_the_count(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let (one, two) = (place.open().await, place.open().await);
    for kind in [ThrottleKind::Password, ThrottleKind::Address] {
        for _ in 0..5 {
            for store in [&one, &two] {
                let tried = store.count_try(kind, b"ada", LIMIT, at(0)).await;
                assert_eq!(tried.unwrap(), Tried::Allowed);
            }
        }
    }
    one.close().await;
    two.close().await;
    let again = place.open().await;
    for kind in [ThrottleKind::Password, ThrottleKind::Address] {
        let tried = again.count_try(kind, b"ada", LIMIT, at(1)).await.unwrap();
        assert!(
            matches!(tried, Tried::Refused { .. }),
            "{kind:?}: {tried:?}"
        );
    }
}
