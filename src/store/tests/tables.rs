//! The tables themselves: the same in both databases, from every released version on.

use std::collections::BTreeMap;

use rstest::rstest;

use super::Backend::{Postgres, Sqlite};
use super::*;
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
