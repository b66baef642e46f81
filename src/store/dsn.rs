//! Where the database is, as Kratos' `dsn` and our `database` say it.

use std::path::PathBuf;

use super::StoreError;

/// A database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dsn {
    /// In memory; gone with the process.
    Memory,
    /// A SQLite file.
    Sqlite(PathBuf),
}

impl Dsn {
    /// Reads `memory`, `sqlite://path?..`, `sqlite:path`. Parameters that tune Kratos' own driver
    /// are ignored.
    ///
    /// # Errors
    /// For other databases and for an empty path.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        if text == "memory" {
            return Ok(Self::Memory);
        }
        let Some(rest) = text
            .strip_prefix("sqlite:")
            .or_else(|| text.strip_prefix("sqlite3:"))
        else {
            let scheme = text.split(':').next().unwrap_or_default();
            return Err(StoreError::Dsn(format!(
                "`{scheme}` is not a database this version can use: give `sqlite:PATH` or `memory`"
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
}
