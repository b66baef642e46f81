//! SQLite connections that read, handed out and taken back without a word to the database.
//!
//! sqlx's own pool asks a connection whether it lives each time it comes back, which for SQLite is
//! one more change of threads: as dear as the look-up itself.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Some connections to one file.
#[derive(Clone)]
pub(super) struct Readers(Arc<Shared>);

struct Shared {
    count: u32,
    patience: Duration,
    free: Mutex<Vec<SqliteConnection>>,
    permits: Arc<Semaphore>,
}

/// A connection that is in use; it comes back when dropped.
pub(super) struct Lent {
    // Always there until dropped.
    connection: Option<SqliteConnection>,
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
}

impl Readers {
    /// Opens `count` connections. Who finds none free waits as long as `patience` says.
    pub(super) async fn open(
        options: &SqliteConnectOptions,
        count: u32,
        patience: Duration,
    ) -> Result<Self, sqlx::Error> {
        let mut free = Vec::new();
        for _ in 0..count {
            free.push(options.connect().await?);
        }
        Ok(Self(Arc::new(Shared {
            count,
            patience,
            permits: Arc::new(Semaphore::new(free.len())),
            free: Mutex::new(free),
        })))
    }

    pub(super) async fn lend(&self) -> Result<Lent, sqlx::Error> {
        let permits = Arc::clone(&self.0.permits);
        let waiting = tokio::time::timeout(self.0.patience, permits.acquire_owned());
        let permit = waiting.await.map_err(|_| sqlx::Error::PoolTimedOut)?;
        let permit = permit.map_err(|_| sqlx::Error::PoolClosed)?;
        let connection = self.0.free().pop();
        Ok(Lent {
            connection: Some(connection.ok_or(sqlx::Error::PoolClosed)?),
            shared: Arc::clone(&self.0),
            _permit: permit,
        })
    }

    /// Closes all of them, once they are free.
    pub(super) async fn close(&self) {
        let all = self.0.permits.acquire_many(self.0.count).await;
        self.0.permits.close();
        drop(all);
        let connections = std::mem::take(&mut *self.0.free());
        for connection in connections {
            if let Err(error) = connection.close().await {
                tracing::debug!(%error, "a connection to the database did not close");
            }
        }
    }
}

impl Shared {
    fn free(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent {
    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // Before the permit, which is dropped after this.
        self.shared.free().extend(self.connection.take());
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[readers]")
    }
}
