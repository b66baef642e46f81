//! The embedded identity service's configuration, in Kratos' own format.

use std::path::Path;

use super::database::ask_for_secrets;
use super::kratos_format::{Draft, Form, read, variables_of};
use super::{Environment, overrides};
use crate::document::{self, Node, Problems, Reading, Surroundings};
use crate::store::Dsn;

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
    pub dsn: Option<Dsn>,
}

impl Kratos {
    /// Reads the tree; `None` when something in it is wrong (then it was told).
    pub(super) fn read(tree: &Node, in_file: bool, reading: &mut Reading) -> Option<Self> {
        let form = Form::Embedded { in_file };
        let draft = reading.apart("kratos", |inner| read(tree, form, inner))?;
        let base_url = draft.base_url();
        Some(Self {
            session_cookie: draft.session_cookie().into(),
            cookie_domain: draft.session_cookie_domain().map(str::to_owned),
            base_url: (!base_url.is_empty()).then(|| base_url.to_owned()),
            dsn: draft.dsn().cloned(),
            draft,
        })
    }
}

/// Reads a configuration of Kratos that is to run embedded: what of it has no effect here, and what
/// is wrong with it.
#[must_use]
pub fn read_kratos(tree: &Node, path: &Path, environment: &Environment) -> (Vec<String>, Problems) {
    let mut problems = Problems::new();
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let around = Surroundings {
        variable: &|name| environment.variable(name),
        folder,
    };
    let mut tree = tree.clone();
    document::substitute(&mut tree, &around, &mut problems);
    let mut reading = Reading::in_folder(folder);
    reading.problems = problems;
    let draft = read(&tree, Form::Embedded { in_file: true }, &mut reading);
    let notices = draft.map(|draft| draft.notices().to_vec());
    let mut problems = reading.problems;
    problems.sort();
    (notices.unwrap_or_default(), problems)
}

/// Reads a file in Kratos' own format, for the identity service by itself. Kratos' environment
/// variables go before what the file says.
///
/// # Errors
/// Every problem of the file.
pub fn load_kratos(path: &Path, environment: &Environment) -> Result<Draft, Problems> {
    let mut problems = Problems::new();
    let Some(mut tree) = document::read_file(path, &mut problems) else {
        return Err(problems);
    };
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let around = Surroundings {
        variable: &|name| environment.variable(name),
        folder,
    };
    document::substitute(&mut tree, &around, &mut problems);
    overrides::apply(&mut tree, &variables_of(environment), &mut problems);
    let mut reading = Reading::in_folder(folder);
    reading.problems = problems;
    let draft = read(&tree, Form::Alone, &mut reading);
    if let Some((draft, dsn)) = draft.as_ref().and_then(|all| Some((all, all.dsn()?))) {
        ask_for_secrets(dsn, draft.secrets(), &tree.place, &mut reading);
    }
    let mut problems = reading.problems;
    problems.sort();
    match draft {
        Some(draft) if problems.is_empty() => Ok(draft),
        Some(_) | None => Err(problems),
    }
}
