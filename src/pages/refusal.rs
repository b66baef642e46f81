//! Requests that were not forwarded, and what to do about it.

use super::flow::Account;
use super::notice::{NoticeTemplate, details};
use super::view::{self, Frame, Shell};

/// A request that was not forwarded.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Why.
    pub explanation: Explanation,
    /// The status that it is answered with, shown for those who have to report it.
    pub status: u16,
    /// Names the request in the logs.
    pub request_id: String,
    /// The `reason` of the rule, in the operator's words.
    pub reason: Option<String>,
    /// Where to do what is asked for: log in, confirm, set up.
    pub proceed: Option<String>,
    /// The page that the person came from, where it is ours.
    pub back: Option<String>,
    /// When to try again, in seconds.
    pub retry_after_seconds: Option<u64>,
    /// What became of what the person sent.
    pub keeping: Keeping,
    /// Who is signed in, where that matters.
    pub account: Option<Account>,
}

/// What became of what a person sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Keeping {
    /// It is to be sent again from its page.
    #[default]
    Not,
    /// It waits.
    Kept,
    /// It is larger than what may wait.
    TooLarge,
    /// There was no room for it.
    NoRoom,
}

impl Keeping {
    /// The text that takes the place of "send it again".
    const fn todo(self) -> Option<&'static str> {
        match self {
            Self::Not => None,
            Self::Kept => Some("kept-todo"),
            Self::TooLarge => Some("kept-too-large-todo"),
            Self::NoRoom => Some("kept-no-room-todo"),
        }
    }
}

impl Refusal {
    /// A refusal that only says why.
    #[must_use]
    pub const fn new(explanation: Explanation, status: u16, request_id: String) -> Self {
        Self {
            explanation,
            status,
            request_id,
            reason: None,
            proceed: None,
            back: None,
            retry_after_seconds: None,
            keeping: Keeping::Not,
            account: None,
        }
    }
}

/// Why a request was not forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Explanation {
    /// No session, and a form was sent, which a redirect would lose without a word.
    LogIn,
    /// A second factor is wanted, and a form was sent.
    StepUp,
    /// The session was confirmed too long ago, and a form was sent.
    Refresh,
    /// A second factor is wanted, there is none, and a form was sent.
    Enrol,
    /// The person came back from logging in several times without what the rule asks for.
    NoProgress,
    /// The rule does not let this person in.
    Denied,
    /// No rule is about this.
    NotFound,
    /// No rule is about this host.
    UnknownHost,
    /// The rules know the address, but not with this method.
    MethodNotAllowed,
    /// The request can be read in more than one way.
    BadRequest,
    /// Two different credentials came along.
    AmbiguousCredentials,
    /// The request took too long to arrive.
    Timeout,
    /// The request is too large.
    TooLarge,
    /// Too many checks of one credential.
    TooMany,
    /// The identity service asks to wait.
    Throttled,
    /// The identity service can't be asked.
    Unavailable,
    /// The application can't be reached.
    UpstreamUnreachable,
    /// The application does not answer.
    UpstreamTimeout,
    /// What waited was sent before.
    KeptSent,
    /// What waited is not there any more.
    KeptGone,
    /// What waits was sent by another session or browser.
    KeptElsewhere,
    /// What waits was meant for other rules.
    KeptChanged,
    /// Another site asks to go on with it.
    KeptForeign,
    /// Something failed on our side.
    Internal,
}

impl Explanation {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::LogIn,
        Self::StepUp,
        Self::Refresh,
        Self::Enrol,
        Self::NoProgress,
        Self::Denied,
        Self::NotFound,
        Self::UnknownHost,
        Self::MethodNotAllowed,
        Self::BadRequest,
        Self::AmbiguousCredentials,
        Self::Timeout,
        Self::TooLarge,
        Self::TooMany,
        Self::Throttled,
        Self::Unavailable,
        Self::UpstreamUnreachable,
        Self::UpstreamTimeout,
        Self::KeptSent,
        Self::KeptGone,
        Self::KeptElsewhere,
        Self::KeptChanged,
        Self::KeptForeign,
        Self::Internal,
    ];

    /// What the keys of its texts start with.
    const fn key(self) -> &'static str {
        match self {
            Self::LogIn => "refusal-log-in",
            Self::StepUp => "refusal-step-up",
            Self::Refresh => "refusal-refresh",
            Self::Enrol => "refusal-enrol",
            Self::NoProgress => "refusal-loop",
            Self::Denied => "refusal-denied",
            Self::NotFound => "refusal-no-rule",
            Self::UnknownHost => "refusal-unknown-host",
            Self::MethodNotAllowed => "refusal-method",
            Self::BadRequest => "refusal-ambiguous",
            Self::AmbiguousCredentials => "refusal-credentials",
            Self::Timeout => "refusal-request-timeout",
            Self::TooLarge => "refusal-too-large",
            Self::TooMany => "refusal-too-many",
            Self::Throttled => "refusal-throttled",
            Self::Unavailable => "refusal-identity",
            Self::UpstreamUnreachable => "refusal-unreachable",
            Self::UpstreamTimeout => "refusal-timeout",
            Self::KeptSent => "kept-sent",
            Self::KeptGone => "kept-gone",
            Self::KeptElsewhere => "kept-elsewhere",
            Self::KeptChanged => "kept-changed",
            Self::KeptForeign => "kept-foreign",
            Self::Internal => "refusal-internal",
        }
    }

    const fn icon(self) -> &'static str {
        match self {
            Self::LogIn | Self::StepUp | Self::Refresh | Self::Enrol => "shield",
            Self::Denied
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::KeptElsewhere
            | Self::KeptForeign => "lock",
            Self::UnknownHost
            | Self::NoProgress
            | Self::BadRequest
            | Self::AmbiguousCredentials
            | Self::TooLarge
            | Self::Internal => "alert",
            Self::KeptSent => "check",
            Self::Timeout
            | Self::KeptGone
            | Self::KeptChanged
            | Self::TooMany
            | Self::Throttled
            | Self::Unavailable
            | Self::UpstreamUnreachable
            | Self::UpstreamTimeout => "clock",
        }
    }

    /// What the button to [`Refusal::proceed`] says.
    const fn proceed(self) -> &'static str {
        match self {
            Self::LogIn => "proceed-log-in",
            Self::StepUp | Self::Refresh => "proceed-confirm",
            Self::Enrol => "proceed-enrol",
            Self::KeptElsewhere => "proceed-log-out",
            Self::NoProgress
            | Self::Denied
            | Self::KeptSent
            | Self::KeptGone
            | Self::KeptChanged
            | Self::KeptForeign
            | Self::NotFound
            | Self::UnknownHost
            | Self::MethodNotAllowed
            | Self::BadRequest
            | Self::AmbiguousCredentials
            | Self::Timeout
            | Self::TooLarge
            | Self::TooMany
            | Self::Throttled
            | Self::Unavailable
            | Self::UpstreamUnreachable
            | Self::UpstreamTimeout
            | Self::Internal => "proceed-again",
        }
    }
}

pub(super) fn render(shell: Shell<'_>, page: &Refusal) -> String {
    let say = shell.say;
    let key = page.explanation.key();
    let mut frame = Frame::new(shell, say.text(&format!("{key}-title")).into_owned());
    frame.account = page.account.as_ref();
    view::document(&NoticeTemplate {
        frame,
        icon: page.explanation.icon(),
        what: say.text(&format!("{key}-what")).into_owned(),
        todo: match page.keeping.todo() {
            Some(key) => say.text(key).into_owned(),
            None => say.text(&format!("{key}-todo")).into_owned(),
        },
        purpose: page.reason.as_deref(),
        proceed: page
            .proceed
            .as_deref()
            .map(|href| (say.text(page.explanation.proceed()).into_owned(), href)),
        back: page
            .back
            .as_deref()
            .map(|href| (say.text("go-back").into_owned(), href)),
        wait_seconds: page.retry_after_seconds,
        details: details(shell, Some(page.status), Some(&page.request_id)),
    })
}
