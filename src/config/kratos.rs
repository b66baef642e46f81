//! The embedded identity service's configuration, in Kratos' own format.

use crate::document::{Node, Reading};

/// What the rest of the configuration asks of that part.
#[derive(Clone, Debug)]
pub struct Kratos {
    /// The whole of it: the file, with the inline keys laid over it.
    pub tree: Node,
    /// `session.cookie.name`.
    pub session_cookie: Box<str>,
    /// `serve.public.base_url`, as written.
    pub base_url: Option<String>,
    /// `dsn`.
    pub dsn: Option<String>,
}

impl Kratos {
    /// Reads the tree.
    pub(super) fn read(tree: Node, _reading: &mut Reading) -> Self {
        let text = |path: &[&str]| {
            let mut node = &tree;
            for key in path {
                node = node.find(key)?;
            }
            node.as_scalar().map(|scalar| scalar.text.to_string())
        };
        let cookie = text(&["session", "cookie", "name"]);
        Self {
            session_cookie: cookie
                .unwrap_or_else(|| "ory_kratos_session".to_owned())
                .into(),
            base_url: text(&["serve", "public", "base_url"]),
            dsn: text(&["dsn"]),
            tree,
        }
    }
}
