use rstest::rstest;

use super::Backend::{Postgres, Sqlite};
use super::*;
use crate::identity::IdentityState;

#[rstest]
#[tokio::test]
async fn a_session_is_found_by_its_token_only(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (identity, _) = stored(&store, "ada@bank.example").await;
    let (session, token) = signed_in(&store, &identity).await;
    let Some(SessionFound::Live {
        session: found,
        identity: owner,
        kinds,
    }) = store.session_by_token(token.hash()).await.unwrap()
    else {
        panic!("not found");
    };
    assert_eq!((found, owner.id), (session, identity.id));
    assert_eq!(kinds, [CredentialType::Password]);
    let foreign = SessionToken::random();
    assert!(
        store
            .session_by_token(foreign.hash())
            .await
            .unwrap()
            .is_none()
    );
}

#[rstest]
#[tokio::test]
async fn two_steps_at_once_are_both_kept(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (identity, _) = stored(&store, "ada@bank.example").await;
    let (session, _) = signed_in(&store, &identity).await;
    let step = |second| {
        store.complete_step(
            session.id,
            second_step(second),
            None,
            TokenChange::Keep,
            at(second),
        )
    };
    let (one, two) = tokio::join!(step(1), step(1));
    assert!(one.unwrap().is_some() && two.unwrap().is_some());
    let found = store.session(session.id).await.unwrap().unwrap();
    assert_eq!((found.methods.len(), found.aal), (3, Aal::Aal2));
}

#[rstest]
#[tokio::test]
async fn a_revoked_session_cannot_be_stepped_up_or_extended(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (identity, _) = stored(&store, "ada@bank.example").await;
    let (session, _) = signed_in(&store, &identity).await;
    let owner = store.revoke_session(session.id, None, at(1)).await.unwrap();
    assert_eq!(owner, Some(identity.id));
    assert_eq!(
        store.revoke_session(session.id, None, at(1)).await.unwrap(),
        None
    );
    let step = store
        .complete_step(session.id, second_step(2), None, TokenChange::Keep, at(2))
        .await;
    assert!(step.unwrap().is_none());
    assert!(
        !store
            .extend_session(session.id, at(9000), at(2))
            .await
            .unwrap()
    );
}

#[rstest]
#[tokio::test]
async fn an_inactive_identity_cannot_step_up(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (mut identity, credentials) = stored(&store, "ada@bank.example").await;
    let (session, _) = signed_in(&store, &identity).await;
    identity.set_state(IdentityState::Inactive, at(1));
    store
        .save_identity(&mut identity, &credentials)
        .await
        .unwrap();
    let step = store
        .complete_step(session.id, second_step(2), None, TokenChange::Keep, at(2))
        .await;
    assert!(step.unwrap().is_none());
    assert!(
        store.session(session.id).await.unwrap().unwrap().active,
        "the session stays"
    );
}

#[rstest]
#[tokio::test]
async fn a_rotated_token_is_told_from_a_foreign_one_and_no_longer_opens_the_session(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (identity, _) = stored(&store, "ada@bank.example").await;
    let (session, old) = signed_in(&store, &identity).await;
    let new = SessionToken::random();
    let change = TokenChange::Rotate(new.hash());
    store
        .complete_step(session.id, second_step(5), None, change, at(5))
        .await
        .unwrap();
    let retired = store.session_by_token(old.hash()).await.unwrap();
    assert!(
        matches!(retired, Some(SessionFound::Retired { retired_at, .. }) if retired_at == at(5))
    );
    let live = store.session_by_token(new.hash()).await.unwrap();
    assert!(
        matches!(live, Some(SessionFound::Live { session: found, .. }) if found.id == session.id)
    );
}

#[rstest]
#[tokio::test]
async fn sessions_are_listed_newest_first_and_ended_together(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (identity, _) = stored(&store, "ada@bank.example").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(signed_in(&store, &identity).await.0.id);
    }
    let (others, total) = store
        .sessions_of(identity.id, Some((true, at(1))), Some(ids[0]), 0, 10)
        .await
        .unwrap();
    assert_eq!((others.len(), total), (2, 2));
    assert!(others.iter().all(|one| one.id != ids[0]));
    let mut ended = store
        .revoke_sessions(identity.id, Some(ids[0]), at(1))
        .await
        .unwrap();
    ended.sort();
    let mut expected = ids[1..].to_vec();
    expected.sort();
    assert_eq!(ended, expected);
    let inactive = Some((false, at(1)));
    let (rest, _) = store
        .sessions_of(identity.id, inactive, None, 0, 10)
        .await
        .unwrap();
    assert_eq!(rest.len(), 2);
    assert_eq!(store.delete_sessions(identity.id).await.unwrap().len(), 3);
    assert!(store.delete_sessions(identity.id).await.unwrap().is_empty());
}
