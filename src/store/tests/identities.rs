use rstest::rstest;
use serde_json::json;

use super::Backend::{Postgres, Sqlite};
use super::*;

#[rstest]
#[tokio::test]
async fn an_identity_reads_back_after_a_restart(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let (mut identity, mut credentials) = person("ada@bank.example");
    identity.metadata_admin = Some(json!({"note": "vip"}));
    identity.external_id = Some("ext-1".to_owned());
    credentials.set(totp_credential(&identity));
    let store = place.open().await;
    store
        .create_identity(&identity, &credentials)
        .await
        .unwrap();
    store.close().await;

    let store = place.open().await;
    let found = store
        .account_by_identifier(CredentialType::Password, " ADA@bank.example ")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.identity, found.credentials),
        (identity.clone(), credentials)
    );
    let by_external = store
        .account_by_external_id("ext-1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(by_external.identity.id, identity.id);
}

#[rstest]
#[tokio::test]
async fn an_identifier_and_an_address_belong_to_one_identity(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (ada, _) = stored(&store, "ada@bank.example").await;
    let (twin, twin_credentials) = person("ada@bank.example");
    let refused = store.create_identity(&twin, &twin_credentials).await;
    assert!(matches!(
        refused,
        Err(StoreError::Duplicate { what: "identifier" })
    ));
    let refused = store.create_identity(&twin, &Credentials::new()).await;
    assert!(matches!(
        refused,
        Err(StoreError::Duplicate { what: "address" })
    ));
    assert!(
        store.identity(twin.id).await.unwrap().is_none(),
        "nothing of it was kept"
    );
    assert!(store.delete_identity(ada.id).await.unwrap());
    store
        .create_identity(&twin, &twin_credentials)
        .await
        .unwrap();
}

#[rstest]
#[tokio::test]
async fn of_two_changes_of_one_reading_only_the_first_is_kept(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (identity, credentials) = stored(&store, "ada@bank.example").await;
    let (mut one, mut two) = (identity.clone(), identity);
    one.traits = json!({"email": "ada@bank.example", "nick": "one"});
    two.traits = json!({"email": "ada@bank.example", "nick": "two"});
    store.save_identity(&mut one, &credentials).await.unwrap();
    let late = store.save_identity(&mut two, &credentials).await;
    assert!(matches!(late, Err(StoreError::Stale)));
    let kept = store.identity(one.id).await.unwrap().unwrap();
    assert_eq!(kept.traits["nick"], "one");
    store.save_identity(&mut one, &credentials).await.unwrap();
}
