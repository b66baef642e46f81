//! Where the database is, as Kratos' `dsn` and our `database` say it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::StoreError;
use crate::secret::SecretString;

/// A database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dsn {
    /// In memory; gone with the process.
    Memory,
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server.
    Postgres(PostgresServer),
}

/// A database on a PostgreSQL server, and how to sign in to it.
#[derive(Clone)]
pub struct PostgresServer {
    url: SecretString,
    shown: String,
    pub(super) connections: u32,
}

/// Connections to a server, where `max_conns` says nothing else.
const CONNECTIONS: u32 = 16;
const MOST_CONNECTIONS: u32 = 1024;
/// Parameters of the address that the driver knows.
const KNOWN: [&str; 8] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "application_name",
    "options",
    "password",
];
/// Parameters of Kratos' own driver that have no counterpart here.
const IGNORED: [&str; 3] = ["max_idle_conns", "max_conn_lifetime", "max_conn_idle_time"];

impl Dsn {
    /// Reads `memory`, `sqlite://path?..`, `sqlite:path`, `postgres://user@host/database?..`.
    /// Parameters that tune Kratos' own driver are ignored, except `max_conns`.
    ///
    /// # Errors
    /// For other databases, an empty path, or a server's address that cannot be read. None of
    /// them shows the address: it may hold a password.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        if text == "memory" {
            return Ok(Self::Memory);
        }
        let scheme = text.split(':').next().unwrap_or_default();
        if matches!(scheme, "postgres" | "postgresql") {
            return PostgresServer::parse(text).map(Self::Postgres);
        }
        let Some(rest) = text
            .strip_prefix("sqlite:")
            .or_else(|| text.strip_prefix("sqlite3:"))
        else {
            let known =
                scheme.len() < text.len() && scheme.chars().all(|c| c.is_ascii_alphanumeric());
            let named = if known { scheme } else { "this" };
            return Err(StoreError::Dsn(format!(
                "`{named}` is not a database that can be used: give `sqlite:PATH`, \
                 `postgres://USER@HOST/DATABASE` or `memory`"
            )));
        };
        let path = rest.strip_prefix("//").unwrap_or(rest);
        let (path, parameters) = path.split_once('?').unwrap_or((path, ""));
        let in_memory = path == ":memory:" || parameters.split('&').any(|one| one == "mode=memory");
        if in_memory {
            return Ok(Self::Memory);
        }
        if path.is_empty() {
            return Err(StoreError::Dsn(
                "the path of the database is missing".to_owned(),
            ));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }

    /// The same, where a relative path of a file begins in `folder`.
    #[must_use]
    pub fn within(self, folder: &Path) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(folder.join(path)),
            Self::Memory | Self::Postgres(_) => self,
        }
    }
}

impl fmt::Display for Dsn {
    /// Without any password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(server) => f.write_str(&server.shown),
        }
    }
}

impl PostgresServer {
    fn parse(text: &str) -> Result<Self, StoreError> {
        let unreadable = || {
            let message = "the address of the PostgreSQL server cannot be read: write \
                           `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full`";
            StoreError::Dsn(message.to_owned())
        };
        let mut url = Url::parse(text).map_err(|_| unreadable())?;
        let mut connections = CONNECTIONS;
        let mut kept = Vec::new();
        for (key, value) in url.query_pairs() {
            if key == "max_conns" {
                let count = value.parse().ok();
                let count = count.filter(|count| (1..=MOST_CONNECTIONS).contains(count));
                connections = count.ok_or_else(|| {
                    let message = format!("`max_conns` must be from 1 to {MOST_CONNECTIONS}");
                    StoreError::Dsn(message)
                })?;
            } else if KNOWN.contains(&&*key) {
                kept.push((key.into_owned(), value.into_owned()));
            } else if !IGNORED.contains(&&*key) {
                let message = format!("a PostgreSQL address has no parameter `{key}`");
                return Err(StoreError::Dsn(message));
            }
        }
        url.set_query(None);
        let mut shown = url.clone();
        if !kept.is_empty() {
            url.query_pairs_mut().extend_pairs(kept);
        }
        // An address without a host has no password to take away.
        let _ = shown.set_password(None);
        let server = Self {
            url: SecretString::new(url.into()),
            shown: shown.into(),
            connections,
        };
        server.options().map_err(|_| unreadable())?;
        Ok(server)
    }

    pub(super) fn options(&self) -> Result<PgConnectOptions, sqlx::Error> {
        PgConnectOptions::from_str(self.url.expose())
    }
}

impl PartialEq for PostgresServer {
    fn eq(&self, other: &Self) -> bool {
        self.url.expose() == other.url.expose() && self.connections == other.connections
    }
}

impl Eq for PostgresServer {}

impl fmt::Debug for PostgresServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
