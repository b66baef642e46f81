//! The embedded identity service's configuration, in Kratos' own format.

use super::kratos_format::{Draft, Form, read};
use crate::document::{Node, Reading};

/// That part of the configuration, and what the rest asks of it.
#[derive(Clone, Debug)]
pub struct Kratos {
    /// All of it, as far as it does not depend on the public URL.
    pub draft: Draft,
    /// `session.cookie.name`.
    pub session_cookie: Box<str>,
    /// `session.cookie.domain`, or else `cookies.domain`.
    pub cookie_domain: Option<String>,
    /// `serve.public.base_url`, as written.
    pub base_url: Option<String>,
    /// `dsn`.
    pub dsn: Option<String>,
}

impl Kratos {
    /// Reads the tree; `None` when something in it is wrong (then it was told).
    pub(super) fn read(tree: &Node, reading: &mut Reading) -> Option<Self> {
        let draft = reading.apart("kratos", |inner| read(tree, Form::Embedded, inner))?;
        let base_url = draft.base_url();
        Some(Self {
            session_cookie: draft.session_cookie().into(),
            cookie_domain: draft.session_cookie_domain().map(str::to_owned),
            base_url: (!base_url.is_empty()).then(|| base_url.to_owned()),
            dsn: draft.dsn().map(str::to_owned),
            draft,
        })
    }
}
