//! The seam to whoever keeps the sessions: an external Kratos over HTTP, or the embedded service.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use http::HeaderValue;
use serde_json::Value;

use super::{Credential, WhoamiError};
use crate::policy::Subject;

/// A session as the identity service describes it.
#[derive(Clone, Debug)]
pub struct Session {
    /// What rules need of it.
    pub subject: Subject,
    /// The whole document, as whoami gives it; identity headers are made from it.
    pub document: Value,
}

/// What the identity service says of a credential.
#[derive(Clone, Debug)]
pub enum Said {
    /// It belongs to this active session.
    Session(Box<Session>),
    /// It is worth nothing (whoami 401).
    NoSession,
    /// It is worth nothing since a moment ago, when its session got another token: whoever sent
    /// it may have the new one by now.
    Superseded,
    /// It is good for one factor, and the session is not told until the second was used (whoami
    /// 403 `session_aal2_required`).
    Undisclosed,
}

/// An answer with what came along.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The answer itself.
    pub said: Said,
    /// `Set-Cookie` values that renew the session cookie, for the browser.
    pub set_cookies: Vec<HeaderValue>,
    /// `Ory-Session-Cache-For`: how long the answer may be kept, if the service limits it.
    pub cache_for: Option<Duration>,
}

/// A question under way.
pub type Asking<'a> = Pin<Box<dyn Future<Output = Result<Answer, WhoamiError>> + Send + 'a>>;

/// The end of a session under way; whether it could be told to end.
pub type Ending<'a> = Pin<Box<dyn Future<Output = Result<bool, WhoamiError>> + Send + 'a>>;

/// Whoever keeps the sessions.
pub trait IdentityService: Send + Sync + 'static {
    /// Asks what `credential` is worth now. The caller bounds the time.
    fn ask<'a>(&'a self, credential: &'a Credential) -> Asking<'a>;

    /// Ends a session where it is kept. `false`: it can't be told to.
    fn end_session<'a>(&'a self, _session: &'a str) -> Ending<'a> {
        Box::pin(std::future::ready(Ok(false)))
    }

    /// Whether it can be asked by a session's id ([`super::CredentialKind::SessionId`]) in place of
    /// this credential, whose token may have been replaced since.
    fn answers_by_session_id(&self, _credential: &Credential) -> bool {
        false
    }
}
