//! Where identities, sessions and flows are kept.
//!
//! SQLite through sqlx: one connection writes (`BEGIN IMMEDIATE`), others read (WAL), and a
//! commit is on the disk before anybody is told (`synchronous = FULL`). Statements are written in
//! the subset that PostgreSQL understands too.
//!
//! Whatever may happen only once (a flow's step, a parked payload, a time step of TOTP) is one
//! conditional write.

mod along;
mod code;
mod dsn;
mod error;
mod flow;
mod guess;
mod identity;
mod list;
mod lookup;
mod row;
mod secret_file;
mod session;
mod sweep;

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};
use tokio::sync::watch;

pub use along::{Along, MailContent, Outgoing};
pub use code::{NewCode, TakenCode};
pub use dsn::Dsn;
pub use error::StoreError;
pub use flow::{FlowRow, Parked};
pub use guess::Tried;
pub use identity::Account;
pub use list::{IdentityFilter, Page, SessionFilter};
pub use lookup::LookupUse;
pub use secret_file::load_or_make_secrets;
pub use session::{SessionFound, TokenChange};
pub use sweep::Swept;

use crate::identity::keys::Keyring;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");

/// Connections that read.
const READERS: u32 = 8;
/// How long a statement waits for the writer before it gives up.
const BUSY: Duration = Duration::from_secs(5);

/// The database of the identity service. Cheap to clone; clones share the connections.
#[derive(Clone, Debug)]
pub struct Store {
    writer: SqlitePool,
    reader: SqlitePool,
    keys: Keyring,
    bell: watch::Sender<()>,
}

impl Store {
    /// Opens the database, makes it if it is not there, and brings its tables up to date.
    ///
    /// # Errors
    /// When it cannot be opened, is damaged, or was written by a newer version.
    pub async fn open(dsn: &Dsn, keys: Keyring) -> Result<Self, StoreError> {
        let store = match dsn {
            Dsn::Memory => Self::open_memory(keys).await?,
            Dsn::Sqlite(path) => {
                secret_file::make_private(path)?;
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(BUSY);
                let writer = pool(1).connect_with(options.clone()).await?;
                // Tables first: a reader must not see a database without them.
                migrate(&writer).await?;
                let reader = pool(READERS).connect_with(options).await?;
                Self {
                    writer,
                    reader,
                    keys,
                    bell: watch::Sender::new(()),
                }
            }
        };
        Ok(store)
    }

    async fn open_memory(keys: Keyring) -> Result<Self, StoreError> {
        // The database lives in its one connection, which therefore reads and writes.
        let options = SqliteConnectOptions::new()
            .in_memory(true)
            .foreign_keys(true);
        let writer = pool(1).connect_with(options).await?;
        migrate(&writer).await?;
        let reader = writer.clone();
        Ok(Self {
            writer,
            reader,
            keys,
            bell: watch::Sender::new(()),
        })
    }

    /// The keys that seal what is stored, and everything else that people are handed.
    #[must_use]
    pub const fn keys(&self) -> &Keyring {
        &self.keys
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.reader).await?;
        Ok(())
    }

    /// Closes all connections, after what is under way.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(BUSY)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

async fn migrate(writer: &SqlitePool) -> Result<(), StoreError> {
    MIGRATIONS.run(writer).await.map_err(|error| {
        if let MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) =
            error
        {
            StoreError::Newer { version }
        } else {
            StoreError::Migration(error.to_string())
        }
    })
}

#[cfg(test)]
mod tests;
