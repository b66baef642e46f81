//! One statement for both databases: what it says, what is bound to it, where it runs.
//!
//! Statements are written once, in what SQLite and PostgreSQL have in common: `$1` for values,
//! ids and hashes as bytes, times and flags as 64-bit numbers, JSON as text. A row type derives
//! `sqlx::FromRow` and reads from either. docs/decisions/0010-one-statement-two-databases.md says
//! why this is ours and not sqlx's `Any`.

use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{Arguments as _, FromRow};
use uuid::Uuid;

use super::readers::Readers;

/// A row type that both databases fill.
pub(super) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{}

/// Where a statement runs: on a free connection, or within a transaction.
pub(super) enum Runner<'c> {
    SqlitePool(&'c SqlitePool),
    Readers(&'c Readers),
    PostgresPool(&'c PgPool),
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Runner<'_> {
    /// The same place, for one statement of several.
    pub(super) fn again(&mut self) -> Runner<'_> {
        match self {
            Self::SqlitePool(pool) => Runner::SqlitePool(pool),
            Self::Readers(readers) => Runner::Readers(readers),
            Self::PostgresPool(pool) => Runner::PostgresPool(pool),
            Self::Sqlite(connection) => Runner::Sqlite(connection),
            Self::Postgres(connection) => Runner::Postgres(connection),
        }
    }
}

/// A bound value. Absent ones keep their type, which PostgreSQL asks for.
pub(super) enum Value {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Vec<u8>),
    Id(Option<Uuid>),
}

macro_rules! values {
    ($($from:ty => |$value:ident| $made:expr;)*) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $made
            }
        })*
    };
}

values! {
    i64 => |value| Self::Number(Some(value));
    Option<i64> => |value| Self::Number(value);
    &str => |value| Self::Text(Some(value.to_owned()));
    Option<&str> => |value| Self::Text(value.map(str::to_owned));
    String => |value| Self::Text(Some(value));
    &String => |value| Self::Text(Some(value.clone()));
    Option<String> => |value| Self::Text(value);
    &Option<String> => |value| Self::Text(value.clone());
    &[u8] => |value| Self::Bytes(value.to_vec());
    Vec<u8> => |value| Self::Bytes(value);
    Uuid => |value| Self::Id(Some(value));
    &Uuid => |value| Self::Id(Some(*value));
    Option<Uuid> => |value| Self::Id(value);
}

/// A statement with what is bound to it so far.
pub(super) struct Statement {
    sql: &'static str,
    values: Vec<Value>,
}

/// A statement; its values follow in the order of their numbers.
pub(super) fn query(sql: &'static str) -> Statement {
    Statement {
        sql,
        values: Vec::new(),
    }
}

/// A statement whose rows have one column, which is what they mean.
pub(super) struct Scalar(Statement);

/// A statement for single values; those that are bound follow in the order of their numbers.
pub(super) fn query_scalar(sql: &'static str) -> Scalar {
    Scalar(query(sql))
}

impl Scalar {
    /// Binds the next value.
    pub(super) fn bind(self, value: impl Into<Value>) -> Self {
        Self(self.0.bind(value))
    }

    /// The values of all rows.
    pub(super) async fn fetch_all<'c, T>(
        self,
        on: impl Into<Runner<'c>>,
    ) -> Result<Vec<T>, sqlx::Error>
    where
        (T,): Row,
    {
        let rows: Vec<(T,)> = self.0.fetch_all(on).await?;
        Ok(rows.into_iter().map(|(value,)| value).collect())
    }

    /// The value of the first row, if there is one.
    pub(super) async fn fetch_optional<'c, T>(
        self,
        on: impl Into<Runner<'c>>,
    ) -> Result<Option<T>, sqlx::Error>
    where
        (T,): Row,
    {
        let row: Option<(T,)> = self.0.fetch_optional(on).await?;
        Ok(row.map(|(value,)| value))
    }

    /// The value of the one row that there is.
    pub(super) async fn fetch_one<'c, T>(self, on: impl Into<Runner<'c>>) -> Result<T, sqlx::Error>
    where
        (T,): Row,
    {
        self.fetch_optional(on)
            .await?
            .ok_or(sqlx::Error::RowNotFound)
    }
}

macro_rules! run {
    ($statement:ident, $on:ident, $make:ident, |$query:ident, $runner:ident| $done:expr) => {
        match $on.into() {
            Runner::SqlitePool($runner) => {
                let $query = sqlx::$make($statement.sql, sqlite($statement.values)?);
                $done
            }
            Runner::Readers(readers) => {
                let $query = sqlx::$make($statement.sql, sqlite($statement.values)?);
                let mut lent = readers.lend().await?;
                let $runner = lent.connection()?;
                $done
            }
            Runner::Sqlite($runner) => {
                let $query = sqlx::$make($statement.sql, sqlite($statement.values)?);
                $done
            }
            Runner::PostgresPool($runner) => {
                let $query = sqlx::$make($statement.sql, postgres($statement.values)?);
                $done
            }
            Runner::Postgres($runner) => {
                let $query = sqlx::$make($statement.sql, postgres($statement.values)?);
                $done
            }
        }
    };
}

impl Statement {
    /// Binds the next value.
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs it. Gives how many rows were written.
    pub(super) async fn execute<'c>(self, on: impl Into<Runner<'c>>) -> Result<u64, sqlx::Error> {
        run!(self, on, query_with, |query, runner| {
            Ok(query.execute(runner).await?.rows_affected())
        })
    }

    /// All rows.
    pub(super) async fn fetch_all<'c, T: Row>(
        self,
        on: impl Into<Runner<'c>>,
    ) -> Result<Vec<T>, sqlx::Error> {
        run!(self, on, query_as_with, |query, runner| query
            .fetch_all(runner)
            .await)
    }

    /// The first row, if there is one.
    pub(super) async fn fetch_optional<'c, T: Row>(
        self,
        on: impl Into<Runner<'c>>,
    ) -> Result<Option<T>, sqlx::Error> {
        run!(self, on, query_as_with, |query, runner| query
            .fetch_optional(runner)
            .await)
    }

    /// The one row that there is.
    pub(super) async fn fetch_one<'c, T: Row>(
        self,
        on: impl Into<Runner<'c>>,
    ) -> Result<T, sqlx::Error> {
        let row = self.fetch_optional(on).await?;
        row.ok_or(sqlx::Error::RowNotFound)
    }
}

fn sqlite(values: Vec<Value>) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        let added = match value {
            Value::Number(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
            Value::Id(value) => arguments.add(value),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn postgres(values: Vec<Value>) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        let added = match value {
            Value::Number(value) => arguments.add(value),
            // PostgreSQL keeps no NUL in a text, so a text with one is not there, or not the same.
            Value::Text(value) => arguments.add(value.map(|text| text.replace('\0', "\u{fffd}"))),
            Value::Bytes(value) => arguments.add(value),
            Value::Id(value) => arguments.add(value),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
