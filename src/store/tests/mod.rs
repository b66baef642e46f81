//! One suite for both databases. SQLite always; PostgreSQL where `STEPGATE_TEST_POSTGRES` names a
//! server (`tests/postgres/run` starts one).

mod codes;
mod files;
mod flows;
mod guesses;
mod identities;
mod keys;
mod lists;
mod races;
mod secrets;
mod sessions;
mod tables;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::aal::{Aal, AuthenticationMethod};
use crate::identity::credential::{password, totp};
use crate::identity::{
    AmrEntry, Credential, CredentialType, Credentials, Device, Identity, Session, SessionToken,
    VerifiableAddress, VerificationStatus,
};

/// A kind of database, as a case of a test.
#[derive(Clone, Copy, Debug)]
enum Backend {
    Sqlite,
    Postgres,
}

/// A database of a test's own.
struct Place {
    _directory: Option<TempDir>,
    dsn: Dsn,
    keys: Keyring,
}

impl Place {
    /// `None` where there is no server to test with.
    async fn on(backend: Backend) -> Option<Self> {
        match backend {
            Backend::Sqlite => Some(Self::sqlite()),
            Backend::Postgres => match server() {
                Some(server) => Some(Self::postgres(&server).await),
                None => None,
            },
        }
    }

    fn sqlite() -> Self {
        let directory = TempDir::new().unwrap();
        Self {
            dsn: Dsn::Sqlite(directory.path().join("deep/stepgate.db")),
            _directory: Some(directory),
            keys: Keyring::ephemeral(),
        }
    }

    /// A schema of its own on the server.
    async fn postgres(server: &str) -> Self {
        let schema = format!("test_{}", Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(server).await.unwrap();
        let statement = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        let sign = if server.contains('?') { '&' } else { '?' };
        let address = format!("{server}{sign}max_conns=4&options=-c%20search_path%3D{schema}");
        Self {
            _directory: None,
            dsn: Dsn::parse(&address).unwrap(),
            keys: Keyring::ephemeral(),
        }
    }

    async fn open(&self) -> Store {
        Store::open(&self.dsn, self.keys.clone()).await.unwrap()
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a test has no configuration to name a server in"
)]
fn server() -> Option<String> {
    std::env::var("STEPGATE_TEST_POSTGRES").ok()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
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
