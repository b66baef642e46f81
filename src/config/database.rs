//! `identity.embedded.database` and Kratos' `dsn`.

use serde_json::{Value as Json, json};

use crate::document::{FromNode, Node, Place, Problem, Reading};
use crate::identity::settings::Secrets;
use crate::store::Dsn;

/// A database as written.
pub(super) struct DatabaseUrl(pub(super) Dsn);

impl FromNode for DatabaseUrl {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        match Dsn::parse(&text) {
            Ok(dsn) => Some(Self(dsn)),
            Err(why) => {
                // The text itself may hold a password; the reason does not.
                let help = "write sqlite:PATH, postgres://USER@HOST/DATABASE, or memory";
                let problem = Problem::at(&node.place, "invalid_value", why.to_string());
                reading.problem(problem.help(help));
                None
            }
        }
    }

    fn schema() -> Json {
        json!({ "type": "string", "default": "sqlite:data/stepgate.db" })
    }

    fn shown(&self) -> Option<Json> {
        Some(self.0.to_string().into())
    }
}

/// The database of a server has no file beside it for secrets that are made once, and replicas
/// must agree on them.
pub(super) fn ask_for_secrets(dsn: &Dsn, secrets: &Secrets, place: &Place, reading: &mut Reading) {
    let needed = match dsn {
        Dsn::Memory | Dsn::Sqlite(_) => false,
        Dsn::Postgres(_) => secrets.default.is_empty(),
    };
    if needed {
        let message = "a database on PostgreSQL needs `secrets`, the same ones in every process";
        let help = "write secrets: { default: [...] } with one of at least 16 characters";
        reading.problem(Problem::at(place, "missing_key", message).help(help));
    }
}
