//! `identity.embedded.database` and Kratos' `dsn`.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::document::{FromNode, Node, Problem, Reading};

/// Where identities and sessions are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// In this process, gone when it ends.
    Memory,
    /// In this SQLite file.
    Sqlite(PathBuf),
}

impl Database {
    /// Reads `memory`, `sqlite:data/stepgate.db` or Kratos' `sqlite:///path?_fk=true`; relative
    /// paths begin in `folder`.
    ///
    /// # Errors
    /// What is wrong, in words that follow "the database".
    pub fn parse(text: &str, folder: &Path) -> Result<Self, &'static str> {
        if matches!(text, "memory" | "sqlite::memory:" | "sqlite://:memory:") {
            return Ok(Self::Memory);
        }
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            return Err("can't be PostgreSQL yet");
        }
        let Some(path) = text.strip_prefix("sqlite:") else {
            return Err("is of no kind that is known");
        };
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = path.split('?').next().unwrap_or(path);
        if path.is_empty() {
            return Err("has no path");
        }
        Ok(Self::Sqlite(folder.join(path)))
    }
}

/// A database as written.
pub(super) struct DatabaseUrl(pub(super) Database);

impl FromNode for DatabaseUrl {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        match Database::parse(&text, &reading.folder) {
            Ok(database) => Some(Self(database)),
            Err(why) => {
                // The text itself may hold a password.
                let message = format!("the database {why}");
                let help = "write sqlite:data/stepgate.db, or memory";
                reading.problem(Problem::at(&node.place, "invalid_value", message).help(help));
                None
            }
        }
    }

    fn schema() -> Json {
        json!({ "type": "string", "default": "sqlite:data/stepgate.db" })
    }

    fn shown(&self) -> Option<Json> {
        Some(match &self.0 {
            Database::Memory => "memory".into(),
            Database::Sqlite(path) => format!("sqlite:{}", path.display()).into(),
        })
    }
}
