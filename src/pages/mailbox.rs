//! The demo's mailbox.

use askama::Template;
use jiff::Timestamp;

use super::sessions::day_and_time;
use super::view::{self, Frame, Shell};

/// What was written to anybody, and one message of it.
#[derive(Clone, Debug)]
pub struct MailboxPage {
    /// The message that is open.
    pub open: Option<MailView>,
    /// All messages, newest first.
    pub rows: Vec<MailRow>,
    /// The page itself, to look again.
    pub url: String,
}

/// A message in the list.
#[derive(Clone, Debug)]
pub struct MailRow {
    /// Opens it.
    pub url: String,
    /// Its subject.
    pub subject: String,
    /// Whom it is for.
    pub to: String,
    /// When it was written.
    pub written_at: Timestamp,
    /// It is the one that is open.
    pub is_open: bool,
}

/// A message.
#[derive(Clone, Debug)]
pub struct MailView {
    /// Its subject.
    pub subject: String,
    /// Whom it is for.
    pub to: String,
    /// What it says.
    pub text: String,
    /// The code in it.
    pub code: Option<String>,
    /// The link in it.
    pub url: Option<String>,
    /// When it was written.
    pub written_at: Timestamp,
}

#[derive(Template)]
#[template(path = "mailbox.html")]
struct MailboxTemplate<'a> {
    frame: Frame<'a>,
    page: &'a MailboxPage,
}

impl MailboxTemplate<'_> {
    fn time(&self, at: &Timestamp) -> String {
        day_and_time(*at, self.frame.say.locale())
    }
}

pub(super) fn render(shell: Shell<'_>, page: &MailboxPage) -> String {
    let frame = Frame::new(shell, shell.say.text("mailbox-title").into_owned());
    view::document(&MailboxTemplate { frame, page })
}
