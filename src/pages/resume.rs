//! What waited for a step-up, shown to its owner before it is sent.

use askama::Template;

use super::flow::Account;
use super::view::{self, Frame, Shell};

/// A request that can be sent now.
#[derive(Clone, Debug)]
pub struct ResumePage {
    /// The `reason` of the rule, in the operator's words.
    pub reason: Option<String>,
    /// Where it goes: host and path.
    pub destination: String,
    /// What it holds.
    pub content: ResumeContent,
    /// Path and query that the form is sent to.
    pub action: String,
    /// Names and values that send it.
    pub hidden: [(&'static str, String); 2],
    /// Where to go instead.
    pub back: String,
    /// Who sends it, where that is known by name.
    pub account: Option<Account>,
}

/// What is sent.
#[derive(Clone, Debug)]
pub enum ResumeContent {
    /// A form.
    Form {
        /// Its fields.
        rows: Vec<ResumeRow>,
        /// How many more there are.
        more: usize,
    },
    /// Something else, or nothing.
    Opaque {
        /// Its media type.
        media_type: Option<String>,
        /// Its size.
        bytes: usize,
    },
}

/// A field of a form.
#[derive(Clone, Debug)]
pub struct ResumeRow {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: ResumeValue,
}

/// The value of a field.
#[derive(Clone, Debug)]
pub enum ResumeValue {
    /// As it was typed.
    Text(String),
    /// It is sent, but not shown.
    Secret,
    /// A file by name and size.
    File(String, usize),
}

/// A line of what is shown.
struct Line {
    name: String,
    text: String,
    /// Our words, not the person's.
    is_ours: bool,
}

#[derive(Template)]
#[template(path = "resume.html")]
struct ResumeTemplate<'a> {
    frame: Frame<'a>,
    page: &'a ResumePage,
    lines: Vec<Line>,
    more: Option<String>,
}

pub(super) fn render(shell: Shell<'_>, page: &ResumePage) -> String {
    let say = shell.say;
    let ours = |key: &str, text: String| Line {
        name: say.text(key).into_owned(),
        text,
        is_ours: false,
    };
    let mut lines = vec![ours("resume-destination", page.destination.clone())];
    let mut more = None;
    match &page.content {
        ResumeContent::Form { rows, more: rest } => {
            lines.extend(rows.iter().map(|row| line(shell, row)));
            more = (*rest > 0).then(|| say.with("resume-more", "count", &rest.to_string()));
        }
        ResumeContent::Opaque { media_type, bytes } => {
            let kind = media_type.iter().map(|it| ours("resume-type", it.clone()));
            lines.extend(kind);
            lines.push(ours("resume-size", size(*bytes)));
        }
    }
    let mut frame = Frame::new(shell, say.text("resume-title").into_owned());
    frame.account = page.account.as_ref();
    view::document(&ResumeTemplate {
        frame,
        page,
        lines,
        more,
    })
}

fn line(shell: Shell<'_>, row: &ResumeRow) -> Line {
    let (text, is_ours) = match &row.value {
        ResumeValue::Text(text) => (text.clone(), false),
        ResumeValue::Secret => (shell.say.text("resume-secret").into_owned(), true),
        ResumeValue::File(name, bytes) if name.is_empty() && *bytes == 0 => {
            (shell.say.text("resume-no-file").into_owned(), true)
        }
        ResumeValue::File(name, bytes) => (format!("{name} ({})", size(*bytes)), false),
    };
    Line {
        name: row.name.clone(),
        text,
        is_ours,
    }
}

fn size(bytes: usize) -> String {
    if bytes < 1024 {
        format!("{bytes} B")
    } else if bytes < 1024 * 1024 {
        format!("{} KiB", bytes.div_ceil(1024))
    } else {
        format!("{} MiB", bytes.div_ceil(1024 * 1024))
    }
}
