//! How a mail looks: one layout for all of them, as text and as HTML.

use minijinja::Environment;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use serde::Serialize;

use super::CourierError;

const PLAIN: &str = include_str!("templates/mail.txt");
const HTML: &str = include_str!("templates/mail.html");

/// What stands in a mail, from top to bottom.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Parts {
    pub(super) language: &'static str,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) code: Option<String>,
    pub(super) button: Option<String>,
    pub(super) url: Option<String>,
    pub(super) expires: Option<String>,
    pub(super) note: Option<String>,
}

/// The layouts that are compiled in.
#[derive(Debug)]
pub(super) struct Layout(Environment<'static>);

impl Layout {
    pub(super) fn new() -> Result<Self, CourierError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?;
        environment.set_syntax(syntax);
        environment.add_template("mail.txt", PLAIN)?;
        environment.add_template("mail.html", HTML)?;
        Ok(Self(environment))
    }

    /// As text. The layouts are tested with every part there and every part missing, so that what
    /// is left when rendering fails is the text alone.
    pub(super) fn plain(&self, parts: &Parts) -> String {
        self.render("mail.txt", parts)
            .unwrap_or_else(|_| parts.text.clone())
    }

    /// As HTML; values are escaped.
    pub(super) fn html(&self, parts: &Parts) -> String {
        self.render("mail.html", parts).unwrap_or_default()
    }

    fn render(&self, name: &str, parts: &Parts) -> Result<String, minijinja::Error> {
        self.0.get_template(name)?.render(Serde(parts))
    }
}
