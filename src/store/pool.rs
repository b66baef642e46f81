//! Connections to either database, and transactions on them.

use std::path::Path;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::postgres::PgPool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use sqlx::{Database, Postgres, Sqlite};

use super::dsn::PostgresServer;
use super::readers::Readers;
use super::sql::Runner;
use super::{StoreError, schema, secret_file};

/// SQLite connections that read.
const READERS: u32 = 8;
/// So much of the file is read as memory: a look-up among a million rows touches a dozen pages, and
/// asking the system for each costs more than the look-up.
const MAPPED_BYTES: &str = "2147418112";
/// How long a statement waits for the writer, or for a free connection, before it gives up.
const BUSY: Duration = Duration::from_secs(5);

/// Connections that are shared.
#[derive(Clone, Debug)]
pub(super) enum Pool {
    Sqlite(SqlitePool),
    /// Connections to a SQLite file that only read.
    Readers(Readers),
    Postgres(PgPool),
}

/// Where a store writes and where it reads.
pub(super) struct Pools {
    pub(super) writer: Pool,
    pub(super) reader: Pool,
}

impl<'c> From<&'c Pool> for Runner<'c> {
    fn from(pool: &'c Pool) -> Self {
        match pool {
            Pool::Sqlite(pool) => Self::SqlitePool(pool),
            Pool::Readers(readers) => Self::Readers(readers),
            Pool::Postgres(pool) => Self::PostgresPool(pool),
        }
    }
}

impl Pool {
    /// Begins to write. On SQLite nobody else writes until it ends; on PostgreSQL it sees what is
    /// committed (`READ COMMITTED`), and only rows that it wrote or locked stay as they are.
    pub(super) async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        Ok(match self {
            Self::Readers(_) => return Err(sqlx::Error::BeginFailed),
            Self::Sqlite(pool) => Transaction::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
        })
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Readers(readers) => readers.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Writes that all happen or do not; without [`Transaction::commit`] they do not.
pub(super) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl<'c> From<&'c mut Transaction> for Runner<'c> {
    fn from(transaction: &'c mut Transaction) -> Self {
        match transaction {
            Transaction::Sqlite(inner) => Self::Sqlite(inner),
            Transaction::Postgres(inner) => Self::Postgres(inner),
        }
    }
}

impl Transaction {
    /// When it returns, what was written is on the disk.
    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(inner) => inner.commit().await,
            Self::Postgres(inner) => inner.commit().await,
        }
    }
}

/// A database in its one connection, which therefore reads and writes.
pub(super) async fn open_memory() -> Result<Pools, StoreError> {
    let options = SqliteConnectOptions::new()
        .in_memory(true)
        .foreign_keys(true);
    let pool = options_of(1).connect_with(options).await?;
    schema::bring_up_sqlite(&pool).await?;
    let writer = Pool::Sqlite(pool);
    Ok(Pools {
        reader: writer.clone(),
        writer,
    })
}

/// A file: one connection writes, others read beside it.
pub(super) async fn open_sqlite(path: &Path) -> Result<Pools, StoreError> {
    secret_file::make_private(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY);
    let writer = options_of(1).connect_with(options.clone()).await?;
    // Tables first: a reader must not see a database without them.
    schema::bring_up_sqlite(&writer).await?;
    let reading = options
        .create_if_missing(false)
        .read_only(true)
        .pragma("mmap_size", MAPPED_BYTES);
    let reader = Readers::open(&reading, READERS, BUSY).await?;
    Ok(Pools {
        writer: Pool::Sqlite(writer),
        reader: Pool::Readers(reader),
    })
}

/// A server, which keeps writers apart by itself.
pub(super) async fn open_postgres(server: &PostgresServer) -> Result<Pools, StoreError> {
    let pool = options_of(server.connections)
        .connect_with(server.options()?)
        .await?;
    schema::bring_up_postgres(&pool).await?;
    let writer = Pool::Postgres(pool);
    Ok(Pools {
        reader: writer.clone(),
        writer,
    })
}

fn options_of<D: Database>(connections: u32) -> PoolOptions<D> {
    PoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(BUSY)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}
