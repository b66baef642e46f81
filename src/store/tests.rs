use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::aal::{Aal, AuthenticationMethod};
use crate::identity::credential::{password, totp};
use crate::identity::throttle::{Limit, ThrottleKind};
use crate::identity::{
    AmrEntry, Credential, CredentialType, Credentials, Device, FlowId, Identity, IdentityState,
    Session, SessionId, SessionToken, VerifiableAddress, VerificationStatus,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

struct Place {
    directory: TempDir,
    keys: Keyring,
}

impl Place {
    fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
            keys: Keyring::ephemeral(),
        }
    }

    fn dsn(&self) -> Dsn {
        Dsn::Sqlite(self.directory.path().join("deep/stepgate.db"))
    }

    async fn open(&self) -> Store {
        Store::open(&self.dsn(), self.keys.clone()).await.unwrap()
    }
}

fn person(email: &str) -> (Identity, Credentials) {
    let mut identity = Identity::new("person", json!({"email": email}), at(0));
    identity.verifiable_addresses.push(VerifiableAddress {
        id: Uuid::new_v4(),
        value: email.to_owned(),
        verified: false,
        via: crate::identity::Channel::Email,
        status: VerificationStatus::Pending,
        verified_at: None,
        created_at: at(0),
        updated_at: at(0),
    });
    let mut credentials = Credentials::new();
    let config = password::config("$argon2id$x");
    let names = vec![email.to_owned()];
    credentials.set(Credential::new(
        CredentialType::Password,
        names,
        config,
        at(0),
    ));
    (identity, credentials)
}

async fn stored(store: &Store, email: &str) -> (Identity, Credentials) {
    let (identity, credentials) = person(email);
    store
        .create_identity(&identity, &credentials)
        .await
        .unwrap();
    (identity, credentials)
}

fn totp_credential(identity: &Identity) -> Credential {
    let url = totp::TotpSecret::random().url("Bank", "ada");
    let names = vec![identity.id.to_string()];
    Credential::new(CredentialType::Totp, names, totp::config(&url), at(0))
}

async fn signed_in(store: &Store, identity: &Identity) -> (Session, SessionToken) {
    let device = Device {
        id: Uuid::new_v4(),
        ip_address: "192.0.2.1".to_owned(),
        user_agent: Some("test".to_owned()),
        location: String::new(),
    };
    let first = AmrEntry::new(AuthenticationMethod::Password, Aal::Aal1, at(0));
    let session = Session::open(identity.id, first, device, Duration::from_secs(3600), at(0));
    let token = SessionToken::random();
    store
        .create_session(&session, token.hash(), at(0))
        .await
        .unwrap();
    (session, token)
}

fn second_step(second: i64) -> AmrEntry {
    AmrEntry::new(AuthenticationMethod::Totp, Aal::Aal2, at(second))
}

#[tokio::test]
async fn an_identity_reads_back_after_a_restart() {
    let place = Place::new();
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

#[tokio::test]
async fn a_totp_secret_is_not_readable_in_the_database_file() {
    let place = Place::new();
    let store = place.open().await;
    let (mut identity, mut credentials) = stored(&store, "ada@bank.example").await;
    let credential = totp_credential(&identity);
    let url = credential.config["totp_url"].as_str().unwrap().to_owned();
    let secret = url.rsplit('=').next().unwrap().to_owned();
    credentials.set(credential);
    store
        .save_identity(&mut identity, &credentials)
        .await
        .unwrap();
    store.close().await;
    let Dsn::Sqlite(path) = place.dsn() else {
        panic!()
    };
    let bytes = std::fs::read(path).unwrap();
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(holds("ada@bank.example"), "the file is looked at");
    assert!(!holds(&secret));

    let other_keys = Store::open(&place.dsn(), Keyring::ephemeral())
        .await
        .unwrap();
    let read = other_keys.account(identity.id).await;
    assert!(matches!(read, Err(StoreError::Corrupt { .. })));
}

#[tokio::test]
async fn an_identifier_and_an_address_belong_to_one_identity() {
    let store = Place::new().open_memory().await;
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

#[tokio::test]
async fn of_two_changes_of_one_reading_only_the_first_is_kept() {
    let store = Place::new().open_memory().await;
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

#[tokio::test]
async fn a_session_is_found_by_its_token_only() {
    let store = Place::new().open_memory().await;
    let (identity, _) = stored(&store, "ada@bank.example").await;
    let (session, token) = signed_in(&store, &identity).await;
    let Some(SessionFound::Live {
        session: found,
        account,
    }) = store.session_by_token(token.hash()).await.unwrap()
    else {
        panic!("not found");
    };
    assert_eq!((found, account.identity.id), (session, identity.id));
    let foreign = SessionToken::random();
    assert!(
        store
            .session_by_token(foreign.hash())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn two_steps_at_once_are_both_kept() {
    let place = Place::new();
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

#[tokio::test]
async fn a_revoked_session_cannot_be_stepped_up_or_extended() {
    let store = Place::new().open_memory().await;
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

#[tokio::test]
async fn an_inactive_identity_cannot_step_up() {
    let store = Place::new().open_memory().await;
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

#[tokio::test]
async fn a_rotated_token_is_told_from_a_foreign_one_and_no_longer_opens_the_session() {
    let store = Place::new().open_memory().await;
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

#[tokio::test]
async fn sessions_are_listed_newest_first_and_ended_together() {
    let store = Place::new().open_memory().await;
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

#[tokio::test]
async fn pages_of_sessions_and_identities_cover_everything_once() {
    let store = Place::new().open_memory().await;
    let mut identities = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        let (identity, _) = stored(&store, &format!("{name}@bank.example")).await;
        signed_in(&store, &identity).await;
        identities.push(identity.id);
    }
    identities.sort();
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store
            .identities(&IdentityFilter::All, after, 2)
            .await
            .unwrap();
        seen.extend(page.items.iter().map(|account| account.identity.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, identities);
    let (mut after, mut count) = (None, 0);
    loop {
        let page = store
            .sessions(SessionFilter::default(), after, 2)
            .await
            .unwrap();
        count += page.items.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(count, 5);
    let filter = IdentityFilter::SimilarIdentifier("C@BANK".to_owned());
    assert_eq!(
        store
            .identities(&filter, None, 10)
            .await
            .unwrap()
            .items
            .len(),
        1
    );
    let filter = IdentityFilter::SimilarIdentifier("%".to_owned());
    assert_eq!(
        store
            .identities(&filter, None, 10)
            .await
            .unwrap()
            .items
            .len(),
        0
    );
}

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

#[tokio::test]
async fn of_two_submissions_of_a_flow_one_wins() {
    let place = Place::new();
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

#[tokio::test]
async fn a_parked_payload_is_taken_once_by_its_owner_in_time() {
    let place = Place::new();
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

#[tokio::test]
async fn a_totp_step_is_taken_once_and_never_backwards() {
    let place = Place::new();
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

#[tokio::test]
async fn the_eleventh_try_is_refused_until_the_window_has_passed() {
    let place = Place::new();
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

#[tokio::test]
async fn tries_at_once_are_all_counted() {
    let place = Place::new();
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

#[tokio::test]
async fn a_right_try_clears_an_identity_but_gives_an_address_one_try_back() {
    let store = Place::new().open_memory().await;
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

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let place = Place::new();
    let store = place.open().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', 1, x'00', 0)",
    )
    .execute(&store.writer)
    .await
    .unwrap();
    store.close().await;
    let refused = Store::open(&place.dsn(), place.keys.clone()).await;
    assert!(
        matches!(refused, Err(StoreError::Newer { version: 9999 })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn secrets_are_made_once_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let secret = |dsn: &Dsn| load_or_make_secrets(dsn).map(|all| all.default[0].expose().clone());
    let first = secret(&place.dsn()).unwrap();
    assert_eq!(secret(&place.dsn()).unwrap(), first);
    place.open().await.close().await;
    assert_eq!(secret(&place.dsn()).unwrap(), first);
    let Dsn::Sqlite(database) = place.dsn() else {
        panic!()
    };
    for name in ["stepgate.db", "stepgate.db.secrets"] {
        let mode = std::fs::metadata(database.with_file_name(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let file = database.with_file_name("stepgate.db.secrets");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(secret(&place.dsn()), Err(StoreError::File { .. })));
    std::fs::remove_file(&file).unwrap();
    let lost = secret(&place.dsn());
    assert!(
        matches!(lost, Err(StoreError::File { .. })),
        "a database without its secrets"
    );
    assert_ne!(secret(&Dsn::Memory).unwrap(), secret(&Dsn::Memory).unwrap());
}

#[tokio::test]
async fn what_expired_long_ago_is_cleared_away() {
    let place = Place::new();
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

#[test]
fn dsns_of_kratos_and_our_own_are_understood() {
    let file = |path: &str| Some(Dsn::Sqlite(path.into()));
    for (text, expected) in [
        ("memory", Some(Dsn::Memory)),
        ("sqlite:data/stepgate.db", file("data/stepgate.db")),
        (
            "sqlite:///var/lib/db.sqlite?_fk=true&_journal=WAL",
            file("/var/lib/db.sqlite"),
        ),
        ("sqlite://file.db", file("file.db")),
        ("sqlite://:memory:?_fk=true", Some(Dsn::Memory)),
        ("sqlite://", None),
        ("postgres://u@h/db", None),
    ] {
        assert_eq!(Dsn::parse(text).ok(), expected, "{text}");
    }
}

impl Place {
    async fn open_memory(&self) -> Store {
        Store::open(&Dsn::Memory, self.keys.clone()).await.unwrap()
    }
}
