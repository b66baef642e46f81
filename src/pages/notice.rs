//! Pages that only say something: errors of flows, signing out.

use askama::Template;

use super::flow::Account;
use super::view::{self, Frame, Shell};

/// An error that the identity service keeps for the error page.
#[derive(Clone, Debug, Default)]
pub struct ErrorPage {
    /// Its status code.
    pub code: u16,
    /// Its id, such as `security_csrf_violation`.
    pub id: Option<String>,
    /// Its text, shown where the id is not known.
    pub reason: Option<String>,
    /// Names the request in the logs.
    pub request_id: Option<String>,
    /// Where to start again.
    pub start_again: Option<String>,
}

/// The question before signing out. Its form is a `GET` with `token` and `return_to`.
#[derive(Clone, Debug)]
pub struct LogoutPage {
    /// Who signs out.
    pub account: Option<Account>,
    /// The logout endpoint.
    pub action: String,
    /// The logout token.
    pub token: String,
    /// Where to go afterwards.
    pub return_to: Option<String>,
    /// Where to go instead.
    pub cancel_url: Option<String>,
}

/// A page with a heading, some sentences and at most one thing to do.
#[derive(Template)]
#[template(path = "notice.html")]
pub(super) struct NoticeTemplate<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) icon: &'static str,
    pub(super) what: String,
    pub(super) todo: String,
    pub(super) purpose: Option<&'a str>,
    pub(super) proceed: Option<(String, &'a str)>,
    pub(super) back: Option<(String, &'a str)>,
    pub(super) wait_seconds: Option<u64>,
    pub(super) details: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "logout.html")]
struct LogoutTemplate<'a> {
    frame: Frame<'a>,
    page: &'a LogoutPage,
}

pub(super) fn render_error(shell: Shell<'_>, page: &ErrorPage) -> String {
    let say = shell.say;
    let key = page
        .id
        .as_deref()
        .map(|id| format!("error-{}", id.replace('_', "-")))
        .filter(|key| say.find(key, None).is_some());
    let what = key.map_or_else(
        || {
            page.reason
                .clone()
                .unwrap_or_else(|| say.text("error-unknown").into_owned())
        },
        |key| say.text(&key).into_owned(),
    );
    let todo = match page.request_id {
        Some(_) => "error-todo",
        None => "error-todo-nameless",
    };
    view::document(&NoticeTemplate {
        frame: Frame::new(shell, say.text("error-title").into_owned()),
        icon: "alert",
        what,
        todo: say.text(todo).into_owned(),
        purpose: None,
        proceed: page
            .start_again
            .as_deref()
            .map(|href| (say.text("start-again").into_owned(), href)),
        back: None,
        wait_seconds: None,
        details: details(shell, Some(page.code), page.request_id.as_deref()),
    })
}

/// What helps the operator to find the request again.
pub(super) fn details(
    shell: Shell<'_>,
    status: Option<u16>,
    request_id: Option<&str>,
) -> Vec<(String, String)> {
    let mut details = Vec::new();
    if let Some(status) = status.filter(|status| *status > 0) {
        details.push((
            shell.say.text("detail-status").into_owned(),
            status.to_string(),
        ));
    }
    if let Some(id) = request_id {
        details.push((shell.say.text("detail-request").into_owned(), id.to_owned()));
    }
    details
}

pub(super) fn render_logout(shell: Shell<'_>, page: &LogoutPage) -> String {
    let mut frame = Frame::new(shell, shell.say.text("logout-title").into_owned());
    frame.account = None;
    view::document(&LogoutTemplate { frame, page })
}
