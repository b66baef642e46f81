//! What can go wrong in the store, by who has to act.

/// A failed read or write.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another identity has the identifier, address or external id already.
    #[error("another identity has this {what} already")]
    Duplicate {
        /// `identifier`, `address` or `external id`.
        what: &'static str,
    },
    /// Somebody else changed it since it was read: read again and decide anew.
    #[error("it was changed by somebody else in the meantime")]
    Stale,
    /// What was to be changed is not there.
    #[error("not found")]
    NotFound,
    /// A newer version of this program wrote the database.
    #[error("the database was written by a newer version of this program (schema {version})")]
    Newer {
        /// The schema's number.
        version: i64,
    },
    /// Tables could not be brought up to date.
    #[error("the tables could not be brought up to date: {0}")]
    Migration(String),
    /// The `dsn` cannot be used.
    #[error("{0}")]
    Dsn(String),
    /// A file beside the database cannot be used.
    #[error("{path}: {problem}")]
    File {
        /// Which one.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A row does not read as what was written, or was sealed with a secret that is not
    /// configured any more.
    #[error("a stored {what} cannot be read")]
    Corrupt {
        /// What it should have been.
        what: &'static str,
    },
    /// The database does not answer as it should.
    #[error("the database does not answer")]
    Unavailable(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error)
    }
}

impl StoreError {
    /// Turns a violated uniqueness into [`StoreError::Duplicate`].
    pub(super) fn unique(what: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |error| {
            let unique = error
                .as_database_error()
                .is_some_and(sqlx::error::DatabaseError::is_unique_violation);
            if unique {
                Self::Duplicate { what }
            } else {
                Self::Unavailable(error)
            }
        }
    }
}
