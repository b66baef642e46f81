use rstest::rstest;
use serde_json::json;

use super::Backend::{Postgres, Sqlite};
use super::*;
use crate::identity::{FlowId, SessionId};

fn flow() -> FlowRow {
    FlowRow {
        id: FlowId::random(),
        kind: "login",
        version: 0,
        state: json!({"request_url": "https://bank.example/"}),
        issued_at: at(0),
        expires_at: at(3600),
    }
}

#[rstest]
#[tokio::test]
async fn of_two_submissions_of_a_flow_one_wins(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let flow = flow();
    store.create_flow(&flow).await.unwrap();
    let mut first = store.flow("login", flow.id).await.unwrap().unwrap();
    assert_eq!(first, flow);
    let mut second = first.clone();
    let (one, two) = tokio::join!(store.save_flow(&mut first), store.save_flow(&mut second));
    assert_ne!(one.unwrap(), two.unwrap());
    assert!(store.flow("settings", flow.id).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn a_parked_payload_is_taken_once_by_its_owner_in_time(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (ada, _) = stored(&store, "ada@bank.example").await;
    let (bob, _) = stored(&store, "bob@bank.example").await;
    let parked = Parked {
        id: Uuid::new_v4(),
        name: "settings".to_owned(),
        identity: Some(ada.id),
        payload: json!({"password": "new secret"}),
        expires_at: at(900),
    };
    store.park(&parked).await.unwrap();
    let take =
        |who: &Identity, second| store.take_parked(parked.id, "settings", Some(who.id), at(second));
    assert!(take(&bob, 1).await.unwrap().is_none());
    assert!(take(&ada, 900).await.unwrap().is_none());
    let (one, two) = tokio::join!(take(&ada, 1), take(&ada, 1));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.or(two), Some(parked.clone()));
    assert!(take(&ada, 1).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn what_expired_long_ago_is_cleared_away(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (identity, _) = stored(&store, "ada@bank.example").await;
    let (session, token) = signed_in(&store, &identity).await;
    store.create_flow(&flow()).await.unwrap();
    let error = store
        .create_error(&json!({"code": 403}), at(0))
        .await
        .unwrap();
    assert_eq!(
        store.error(error).await.unwrap().unwrap().0,
        json!({"code": 403})
    );
    assert_eq!(store.sweep(at(4000)).await.unwrap(), Swept::default());
    let month = 32 * 24 * 3600;
    let swept = store.sweep(at(month)).await.unwrap();
    assert_eq!((swept.flows, swept.sessions, swept.others), (1, 1, 1));
    assert!(
        store
            .session(SessionId::from_uuid(session.id.uuid()))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .session_by_token(token.hash())
            .await
            .unwrap()
            .is_none()
    );
}
