//! Where identities, sessions and flows are kept.
//!
//! SQLite or PostgreSQL through sqlx, each statement written once (`sql`). On SQLite one connection
//! writes (`BEGIN IMMEDIATE`) and others read (WAL); on PostgreSQL every connection does both.
//! Either way a commit is on the disk before anybody is told.
//!
//! Whatever may happen only once (a flow's step, a parked payload, a time step of TOTP) is one
//! conditional write: it decides at the row, not by what was read before.

mod address;
mod along;
mod code;
mod dsn;
mod error;
mod exchange;
mod flow;
mod guess;
mod identity;
mod kept;
mod keys;
mod list;
mod lookup;
mod mail;
mod mail_list;
mod pool;
mod readers;
mod reseal;
mod row;
mod schema;
mod secret_file;
mod session;
mod sql;
mod sweep;

use tokio::sync::watch;

pub use address::SentAddress;
pub use along::{Along, MailContent, Outgoing};
pub use code::{NewCode, TakenCode};
pub use dsn::{Dsn, PostgresServer};
pub use error::StoreError;
pub use exchange::Exchanged;
pub use flow::{FlowRow, Parked};
pub use guess::Tried;
pub use identity::Account;
pub use kept::{KeptLimits, KeptRow, NewKept};
pub use list::{IdentityFilter, Page, SessionFilter};
pub use lookup::LookupUse;
pub use mail::{AfterFailure, MailsWanted, TakenMail};
pub use mail_list::{Dispatch, MailFilter, MailMark, MailRecord, MailStatus};
pub use reseal::Resealed;
pub use secret_file::load_or_make_secrets;
pub use session::{SessionFound, TokenChange};
pub use sweep::Swept;

use crate::keyring::Keyring;
use pool::{Pool, Pools, Transaction};
use sql::query;

/// The database of the identity service. Cheap to clone; clones share the connections.
#[derive(Clone, Debug)]
pub struct Store {
    writer: Pool,
    reader: Pool,
    keys: Keyring,
    bell: watch::Sender<()>,
}

impl Store {
    /// Opens the database, makes it if it is not there, and brings its tables up to date.
    ///
    /// # Errors
    /// When it cannot be opened, is damaged, or was written by a newer version.
    pub async fn open(dsn: &Dsn, keys: Keyring) -> Result<Self, StoreError> {
        let Pools { writer, reader } = match dsn {
            Dsn::Memory => pool::open_memory().await?,
            Dsn::Sqlite(path) => pool::open_sqlite(path).await?,
            Dsn::Postgres(server) => pool::open_postgres(server).await?,
        };
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
        query("SELECT 1").execute(&self.reader).await?;
        Ok(())
    }

    /// Closes all connections, after what is under way.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(self.writer.begin().await?)
    }
}

#[cfg(test)]
mod tests;
