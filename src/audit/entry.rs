//! One event, as the audit log tells it.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The log was opened: the process started, or a new file was begun.
    Opened,
    /// The process ended in order.
    Closed,
    /// The end of the last line was missing: the process had died while it wrote.
    Recovered,
    /// Events came faster than they could be written; `count` of them are missing here.
    Lost,
    /// A request was refused for good: access denied, no rule, no fitting method.
    Refusal,
    /// Somebody without a session was asked to sign in.
    LoginRequired,
    /// Somebody was asked for a second factor, a fresh one, or to set one up.
    StepUpRequired,
    /// Somebody signed in.
    Login,
    /// A wrong password, code or key.
    LoginFailed,
    /// A signed-in person completed a second factor.
    StepUp,
    /// A signed-in person proved a factor again.
    Refresh,
    /// An account was made.
    Registration,
    /// A person came back by a recovery code or link.
    Recovery,
    /// A way to sign in was added, changed or removed.
    FactorChange,
    /// A session ended before its time.
    SessionEnded,
    /// An operator changed something through the admin API.
    Admin,
}

/// What is known of an event; what is `None` is left out of the line. Never a credential, a code
/// or a token.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// What happened.
    pub event: Event,
    /// Where: `proxy`, `identity`, `forward_auth`, `ext_authz`, `admin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub door: Option<&'static str>,
    /// The id of the request that caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Box<str>>,
    /// Who sent that request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<IpAddr>,
    /// Its method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Box<str>>,
    /// Its canonical host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Box<str>>,
    /// Its canonical path, without query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Box<str>>,
    /// The status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The rule that judged it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Box<str>>,
    /// The decision by its name, such as `step_up`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<&'static str>,
    /// Why, in one sentence or one id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    /// The identity's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Box<str>>,
    /// The session's id, never its token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Box<str>>,
    /// The session's level afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aal: Option<&'static str>,
    /// The way of signing in that it is about, by Kratos' name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<Box<str>>,
    /// How many, where it is about several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

impl Entry {
    /// An event of which nothing else is known.
    #[must_use]
    pub const fn new(event: Event) -> Self {
        Self {
            event,
            door: None,
            request_id: None,
            client_ip: None,
            method: None,
            host: None,
            path: None,
            status: None,
            rule: None,
            decision: None,
            reason: None,
            subject: None,
            session: None,
            aal: None,
            factor: None,
            count: None,
        }
    }
}

/// An entry with its place in the log.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) seq: u64,
    pub(super) time: Timestamp,
    #[serde(flatten)]
    pub(super) entry: &'a Entry,
    pub(super) prev: &'a str,
}
