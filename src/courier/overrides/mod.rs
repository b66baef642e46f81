//! The operator's own templates, in place of the built-in words.
//!
//! Templates of a Kratos (`.gotmpl`) are taken as far as they use the common part of Go's template
//! language; others (`.jinja`) are minijinja. Each is tried out when it is loaded, so that a broken
//! one is a problem of the configuration and not of whoever waits for a mail.

mod go;
mod go_expression;

use std::fmt;
use std::time::Duration;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Map, Value, json};

use super::Template;
use crate::locale::Locale;

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The subject of a mail.
    Subject,
    /// A mail as text.
    Plain,
    /// A mail as HTML.
    Html,
    /// A text message.
    Sms,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Subject, Self::Plain, Self::Html, Self::Sms];

    /// How its file begins in a folder of templates.
    #[must_use]
    pub const fn file_stem(self) -> &'static str {
        match self {
            Self::Subject => "email.subject",
            Self::Plain => "email.body.plaintext",
            Self::Html => "email.body",
            Self::Sms => "sms.body",
        }
    }
}

/// What language a template is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateLanguage {
    /// Go's, as Kratos has it.
    Go,
    /// Jinja's.
    Jinja,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct TemplateFlaw {
    /// On which line.
    pub line: u32,
    /// What is wrong.
    pub message: String,
}

/// The operator's templates.
#[derive(Clone)]
pub struct Overrides {
    environment: Environment<'static>,
    count: usize,
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Overrides({})", self.count)
    }
}

impl Default for Overrides {
    fn default() -> Self {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|name| {
            if name.ends_with("Html") {
                AutoEscape::Html
            } else {
                AutoEscape::None
            }
        });
        // As in Kratos: a value that is not there is nothing.
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
            environment.set_syntax(syntax);
        }
        Self {
            environment,
            count: 0,
        }
    }
}

fn name_of(template: Template, part: Part) -> String {
    format!("{}.{part:?}", template.as_str())
}

impl Overrides {
    /// Takes a template for a part of a message.
    ///
    /// # Errors
    /// It does not read, or fails with values such as it will get.
    pub fn add(
        &mut self,
        template: Template,
        part: Part,
        language: TemplateLanguage,
        source: &str,
    ) -> Result<(), TemplateFlaw> {
        let jinja = match language {
            TemplateLanguage::Go => go::to_jinja(source)?,
            TemplateLanguage::Jinja => source.to_owned(),
        };
        let name = name_of(template, part);
        let added = self.environment.add_template_owned(name, jinja);
        added.map_err(|error| flaw(&error))?;
        for language in Locale::ALL {
            let tried = self.try_render(template, part, language, &example(template));
            tried.map_err(|error| flaw(&error))?;
        }
        self.count += 1;
        Ok(())
    }

    /// The part in the operator's words. `None` where there is no template for it, or it fails;
    /// then the log says so, and the built-in words go out.
    pub(super) fn render(
        &self,
        template: Template,
        part: Part,
        language: Locale,
        values: &Map<String, Value>,
    ) -> Option<String> {
        let name = name_of(template, part);
        self.environment.get_template(&name).ok()?;
        match self.try_render(template, part, language, values) {
            Ok(text) => Some(text),
            Err(error) => {
                // Not the error itself: it may show values.
                let line = error.line();
                tracing::error!(template = name, line, "a mail template failed");
                None
            }
        }
    }

    fn try_render(
        &self,
        template: Template,
        part: Part,
        language: Locale,
        values: &Map<String, Value>,
    ) -> Result<String, minijinja::Error> {
        let template = self.environment.get_template(&name_of(template, part))?;
        template.render(Serde(context(language, values)))
    }
}

fn flaw(error: &minijinja::Error) -> TemplateFlaw {
    let message = match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    let line = error.line().and_then(|line| u32::try_from(line).ok());
    TemplateFlaw {
        line: line.unwrap_or(1),
        message,
    }
}

/// The values under both of their names, `recovery_code` and `RecoveryCode`, and the language.
fn context(language: Locale, values: &Map<String, Value>) -> Value {
    let mut all = values.clone();
    for (name, value) in values {
        all.insert(go_name(name), value.clone());
    }
    all.insert("lang".to_owned(), json!(language.tag()));
    let dot = Value::Object(all.clone());
    all.insert("dot".to_owned(), dot.clone());
    all.insert("root".to_owned(), dot);
    Value::Object(all)
}

/// `recovery_url` as Go's templates know it: `RecoveryURL`.
fn go_name(name: &str) -> String {
    let words = name.split('_').map(|word| {
        if word == "url" {
            return "URL".to_owned();
        }
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
    });
    words.collect()
}

/// Values such as a message of this kind may have.
fn example(template: Template) -> Map<String, Value> {
    let identity = json!({ "id": "", "traits": { "email": "ada@example.com" } });
    let mut values = Map::new();
    for (name, value) in [
        ("to", json!("ada@example.com")),
        ("request_url", json!("https://example.com/")),
        (template.code_key(), json!("123456")),
        (template.url_key(), json!("https://example.com/")),
        (
            "expires_in_minutes",
            json!(Duration::from_secs(600).as_secs() / 60),
        ),
        ("factor", json!("totp")),
        ("identity", identity),
    ] {
        values.insert(name.to_owned(), value);
    }
    values
}

#[cfg(test)]
mod tests;
