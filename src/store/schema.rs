//! Tables, brought up to date when the database is opened.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;

use super::StoreError;

static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

/// All or nothing, and one process at a time: who starts beside it waits, and finds it done.
pub(super) async fn bring_up_sqlite(writer: &SqlitePool) -> Result<(), StoreError> {
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
    let run = SQLITE.run(&mut *tx).await;
    run.map_err(|error| refusal(&error))?;
    tx.commit().await?;
    Ok(())
}

/// Replicas that start at once wait for each other: sqlx takes an advisory lock.
pub(super) async fn bring_up_postgres(pool: &PgPool) -> Result<(), StoreError> {
    POSTGRES.run(pool).await.map_err(|error| refusal(&error))
}

fn refusal(error: &MigrateError) -> StoreError {
    if let MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) = error {
        StoreError::Newer { version: *version }
    } else {
        StoreError::Migration(error.to_string())
    }
}
