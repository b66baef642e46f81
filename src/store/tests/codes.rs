use rstest::rstest;

use super::Backend::{Postgres, Sqlite};
use super::*;
use crate::identity::code::{CodePurpose, CodeSecret};
use crate::identity::{Channel, FlowId, IdentityId};

const LIFE_SECONDS: i64 = 600;

/// Sends a code of this flow, made at second 0.
async fn sent(store: &Store, flow: FlowId, purpose: CodePurpose, to: IdentityId) -> CodeSecret {
    let secret = purpose.random();
    let code = NewCode {
        flow,
        purpose,
        identity: Some(to),
        via: Channel::Email,
        address: "ada@bank.example".to_owned(),
        secret: secret.clone(),
        issued_at: at(0),
        expires_at: at(LIFE_SECONDS),
    };
    let along = Along {
        codes: vec![code],
        ..Along::default()
    };
    store.post(&along).await.unwrap();
    secret
}

#[rstest]
#[tokio::test]
async fn of_many_submissions_of_one_code_one_gets_it(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (identity, _) = stored(&store, "ada@bank.example").await;
    for purpose in [CodePurpose::Login, CodePurpose::RecoveryLink] {
        let flow = FlowId::random();
        let code = sent(&store, flow, purpose, identity.id).await;
        let take = || store.take_code(flow, purpose, &code, at(1));
        let (one, two, three) = tokio::join!(take(), take(), take());
        let taken = [one, two, three].into_iter().flat_map(Result::unwrap);
        let owners: Vec<_> = taken.map(|taken| taken.identity).collect();
        assert_eq!(owners, [Some(identity.id)]);
        assert_eq!(take().await.unwrap(), None, "a replay");
    }
}

#[rstest]
#[tokio::test]
async fn a_code_counts_for_its_flow_and_purpose_and_for_ten_minutes(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (identity, _) = stored(&store, "ada@bank.example").await;
    let (flow, other) = (FlowId::random(), FlowId::random());
    let purpose = CodePurpose::Recovery;
    let code = sent(&store, flow, purpose, identity.id).await;
    let late = at(LIFE_SECONDS);
    for (flow, purpose, when) in [
        (other, purpose, at(1)),
        (flow, CodePurpose::Login, at(1)),
        (flow, CodePurpose::Verification, at(1)),
        (flow, purpose, late),
    ] {
        let taken = store.take_code(flow, purpose, &code, when).await.unwrap();
        assert_eq!(taken, None);
    }
    let again = sent(&store, flow, purpose, identity.id).await;
    if again.expose() != code.expose() {
        let old = store.take_code(flow, purpose, &code, at(1)).await.unwrap();
        assert_eq!(old, None, "another code makes the earlier one worthless");
    }
    let new = store.take_code(flow, purpose, &again, at(1)).await.unwrap();
    assert!(new.is_some());
}

#[rstest]
#[tokio::test]
async fn a_flow_has_five_tries_however_they_come(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (identity, _) = stored(&store, "ada@bank.example").await;
    let flow = FlowId::random();
    let count = || store.count_code_try(flow, 5, at(LIFE_SECONDS));
    let (a, b, c, d) = tokio::join!(count(), count(), count(), count());
    let first = [a, b, c, d].map(Result::unwrap);
    assert_eq!(first, [true; 4]);
    sent(&store, flow, CodePurpose::Login, identity.id).await;
    let (a, b, c) = tokio::join!(count(), count(), count());
    let allowed = [a, b, c].into_iter().filter(|one| *one.as_ref().unwrap());
    assert_eq!(allowed.count(), 1, "another code gives no more tries");
}
