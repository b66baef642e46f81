//! Lookup secrets and security keys: what counts once counts once.

use tokio::task::JoinSet;

use super::Backend::{Postgres, Sqlite};
use super::*;
use crate::identity::credential::lookup::{self, LookupSecret};

fn lookup_credential(identity: &Identity, codes: &[LookupSecret]) -> Credential {
    let names = vec![identity.id.to_string()];
    let kind = CredentialType::LookupSecret;
    Credential::new(kind, names, lookup::config(codes), Timestamp::UNIX_EPOCH)
}

async fn with_codes(store: &Store) -> (Identity, Credentials, Vec<LookupSecret>) {
    let (mut identity, mut credentials) = stored(store, "ada@bank.example").await;
    let codes = lookup::random_codes();
    credentials.set(lookup_credential(&identity, &codes));
    store
        .save_identity(&mut identity, &credentials)
        .await
        .unwrap();
    (identity, credentials, codes)
}

#[rstest::rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_many_uses_of_one_lookup_secret_at_once_one_counts(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (identity, _, codes) = with_codes(&store).await;
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let mut uses = JoinSet::new();
    for turn in 0..40 {
        let (store, id) = (store.clone(), identity.id);
        // Two codes take turns, so that uses of different codes meet as well.
        let code = codes[turn % 2].code.clone();
        uses.spawn(async move { store.use_lookup_secret(id, &code, now).await.unwrap() });
    }
    let all = uses.join_all().await;
    let count = |wanted| all.iter().filter(|&&one| one == wanted).count();
    assert_eq!((count(LookupUse::Taken), count(LookupUse::Spent)), (2, 38));
    let account = store.account(identity.id).await.unwrap().unwrap();
    let stored = account.credentials.find(CredentialType::LookupSecret);
    let used: Vec<bool> = lookup::codes_of(stored.unwrap())
        .iter()
        .map(|one| one.used_at.is_some())
        .collect();
    assert_eq!(used.iter().filter(|&&used| used).count(), 2);
    assert!(used[0] && used[1]);
}

#[rstest::rstest]
#[tokio::test]
async fn who_read_the_codes_before_one_was_used_cannot_write_it_back_unused(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (mut identity, credentials, codes) = with_codes(&store).await;
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let code = &codes[3].code;
    let used = store.use_lookup_secret(identity.id, code, now).await;
    assert_eq!(used.unwrap(), LookupUse::Taken);
    let late = store.save_identity(&mut identity, &credentials).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    let wrong = store.use_lookup_secret(identity.id, "nonsense", now).await;
    assert_eq!(wrong.unwrap(), LookupUse::Unknown);
    let again = store.account(identity.id).await.unwrap().unwrap();
    let mut identity = again.identity;
    let saved = store.save_identity(&mut identity, &again.credentials).await;
    assert!(saved.is_ok(), "a wrong code moves nothing");
}

#[rstest::rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_key_counter_is_taken_once_and_never_backwards(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let (identity, _) = stored(&store, "ada@bank.example").await;
    let take = |counter| store.take_key_counter(identity.id, b"key", counter);
    assert!(take(0).await.unwrap(), "a key that does not count");
    let mut signatures = JoinSet::new();
    for _ in 0..20 {
        let (store, id) = (store.clone(), identity.id);
        signatures.spawn(async move { store.take_key_counter(id, b"key", 7).await.unwrap() });
    }
    let taken = signatures.join_all().await;
    assert_eq!(taken.iter().filter(|&&taken| taken).count(), 1);
    assert!(!take(6).await.unwrap());
    assert!(
        !take(0).await.unwrap(),
        "a key that counted does not stop to"
    );
    assert!(take(8).await.unwrap());
    let other = store.take_key_counter(identity.id, b"other key", 1).await;
    assert!(other.unwrap());
}

#[tokio::test]
async fn lookup_secrets_are_not_readable_in_the_database_file() {
    let place = Place::sqlite();
    let store = place.open().await;
    let (_, _, codes) = with_codes(&store).await;
    store.close().await;
    let Dsn::Sqlite(path) = place.dsn.clone() else {
        panic!()
    };
    let bytes = std::fs::read(path).unwrap();
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(holds("ada@bank.example"), "the file is looked at");
    assert!(codes.iter().all(|one| !holds(&one.code)));
}
