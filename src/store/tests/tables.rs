//! The tables themselves: the same in both databases, from every released version on.

use std::collections::BTreeMap;

use rstest::rstest;

use super::Backend::{Postgres, Sqlite};
use super::*;
use crate::identity::settings::Secrets;
use crate::secret::SecretString;
use crate::store::sql::{query, query_scalar};

#[rstest]
#[tokio::test]
async fn a_database_of_a_newer_version_is_refused(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let store = place.open().await;
    let statement = "INSERT INTO _sqlx_migrations \
        (version, description, success, checksum, execution_time) \
        SELECT 9999, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
    assert_eq!(query(statement).execute(&store.writer).await.unwrap(), 1);
    store.close().await;
    let refused = Store::open(&place.dsn, place.keys.clone()).await;
    assert!(
        matches!(refused, Err(StoreError::Newer { version: 9999 })),
        "{refused:?}"
    );
}

#[rstest]
#[tokio::test]
async fn processes_that_start_at_once_agree_on_the_tables(#[values(Sqlite, Postgres)] on: Backend) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    let (one, two, three) = tokio::join!(place.open(), place.open(), place.open());
    for store in [one, two, three] {
        store.ping().await.unwrap();
    }
}

/// The statements of a folder of migrations, by table and column: what each line says.
fn written(folder: &str) -> BTreeMap<String, String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(root.join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"));
        let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
        files.insert(name, lines.join("\n"));
    }
    files
}

#[test]
fn migrations_say_the_same_for_both_databases() {
    let sqlite = written("sqlite");
    let postgres = written("postgres");
    assert!(!sqlite.is_empty());
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&sqlite), names(&postgres));
    for (name, text) in &sqlite {
        let bytes = |text: &str| text.replace(" UUID", " BLOB").replace(" BYTEA", " BLOB");
        assert_eq!(*text, bytes(&postgres[name]), "{name}");
        assert!(!postgres[name].contains(" BLOB"), "{name}");
    }
}

#[tokio::test]
async fn ids_are_uuids_and_hashes_bytes_in_postgresql() {
    let Some(place) = Place::on(Postgres).await else {
        return;
    };
    let store = place.open().await;
    let statement = "SELECT table_name || '.' || column_name FROM information_schema.columns \
        WHERE table_schema = current_schema() AND data_type = 'bytea' \
        AND table_name <> '_sqlx_migrations'";
    let bytes: Vec<String> = query_scalar(statement)
        .fetch_all(&store.reader)
        .await
        .unwrap();
    for column in bytes {
        assert!(
            column.ends_with("key_id") || !column.ends_with("id"),
            "{column} is not a UUID"
        );
    }
}

/// What the first version wrote, and what the people in it hold.
struct First {
    dump: &'static str,
    token: &'static str,
    totp_secret: &'static str,
}

const FIRST_SQLITE: First = First {
    dump: include_str!("first_version/sqlite.sql"),
    token: "ory_st_Qywx5lJOVGC1VRMlo7Pk3nSrYOLsJplu",
    totp_secret: "UM4BOYLDKBUMI3TJP26QJU6KOUADLJL3",
};
const FIRST_POSTGRES: First = First {
    dump: include_str!("first_version/postgres.sql"),
    token: "ory_st_1RVKHcxWxDJPbVnLZOAutPw4jGcvBqXR",
    totp_secret: "YC2QGFLJ5CLBW2ONCIXMTAIB3NW2M7GM",
};

/// Restores a dump into an empty place.
async fn restore(place: &Place, dump: &'static str) {
    match &place.dsn {
        Dsn::Sqlite(path) => {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let options = sqlx::sqlite::SqliteConnectOptions::new()
                .filename(path)
                .create_if_missing(true)
                .foreign_keys(false);
            let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
            sqlx::raw_sql(dump).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Dsn::Postgres(server) => {
            let options = server.options().unwrap();
            let mut connection = PgConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql(dump).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Dsn::Memory => panic!("nothing to restore into"),
    }
}

#[rstest]
#[case(Sqlite, FIRST_SQLITE)]
#[case(Postgres, FIRST_POSTGRES)]
#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date(
    #[case] on: Backend,
    #[case] first: First,
) {
    let Some(place) = Place::on(on).await else {
        return;
    };
    restore(&place, first.dump).await;
    let secrets = Secrets {
        default: vec![SecretString::new("first-version-secret".to_owned())],
        ..Secrets::default()
    };
    let keys = Keyring::new(&secrets).unwrap();
    let store = Store::open(&place.dsn, keys).await.unwrap();
    let known = SessionToken::from_client(first.token.to_owned());
    let found = store.session_by_token(known.hash()).await.unwrap();
    let Some(SessionFound::Live { identity, .. }) = found else {
        panic!("the session is gone");
    };
    let account = store.account(identity.id).await.unwrap().unwrap();
    assert_eq!(
        account.identity.traits,
        json!({"email": "ada@bank.example"})
    );
    let totp = account.credentials.find(CredentialType::Totp).unwrap();
    let url = totp.config["totp_url"].as_str().unwrap();
    assert!(url.ends_with(first.totp_secret));
    let (mut identity, credentials) = (account.identity, account.credentials);
    store
        .save_identity(&mut identity, &credentials)
        .await
        .unwrap();
    let step = store.last_totp_step(identity.id).await.unwrap();
    assert_eq!(step, Some(56_666_666));
}
