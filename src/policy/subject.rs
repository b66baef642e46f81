//! Who is asking, as far as a rule cares.

use std::sync::Arc;

use jiff::Timestamp;

use super::MethodSet;
use crate::aal::{Aal, AuthenticationMethod};
use crate::expression::{Reads, Session};

/// One completed authentication step of a session (an entry of Kratos'
/// `authentication_methods`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What was used.
    pub method: AuthenticationMethod,
    /// The level recorded when the step was completed. Never derived from the method's name.
    pub aal: Aal,
    /// When it was completed.
    pub completed_at: Timestamp,
}

/// Whether the identity has a second factor to be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecondFactor {
    /// At least one is set up; which, is not told.
    Enrolled,
    /// Exactly these are set up, and there is at least one.
    Exactly(MethodSet),
    /// None is set up: asking for one would be a dead end.
    NotEnrolled,
    /// The identity service does not tell.
    Unknown,
}

impl SecondFactor {
    /// Exactly these second factors are set up, be it none.
    #[must_use]
    pub fn exactly(methods: MethodSet) -> Self {
        let methods = methods & MethodSet::SECOND_FACTORS;
        if methods.is_empty() {
            Self::NotEnrolled
        } else {
            Self::Exactly(methods)
        }
    }

    /// Those of `wanted` that are set up, as far as is known: asking for them may lead somewhere.
    #[must_use]
    pub fn among(self, wanted: MethodSet) -> MethodSet {
        match self {
            Self::Enrolled | Self::Unknown => wanted,
            Self::Exactly(present) => wanted & present,
            Self::NotEnrolled => MethodSet::EMPTY,
        }
    }
}

/// Session facts a decision is made from. Never a decision itself, so it may be cached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The session's id (stable through step-up; never its token).
    pub session_id: Box<str>,
    /// The identity's id.
    pub identity_id: Box<str>,
    /// The level the identity service states.
    pub aal: Aal,
    /// The last completed step.
    pub authenticated_at: Timestamp,
    /// From here on the session is worth nothing.
    pub expires_at: Timestamp,
    /// Every completed step, in order.
    pub completions: Vec<Completion>,
    /// What is known of a second factor.
    pub second_factor: SecondFactor,
    /// The parts of the session that expressions read; `None` where none does.
    pub document: Option<Arc<Session>>,
}

impl Subject {
    /// The same, with all of its session's document for expressions.
    #[must_use]
    pub fn described_by(mut self, document: &serde_json::Value) -> Self {
        let whole = Arc::new(Reads::everything());
        self.document = Some(Arc::new(Session::of_whoami(document, &whole)));
        self
    }
}

/// What the identity service said of a credential.
#[derive(Clone, Copy, Debug)]
pub enum Standing<'a> {
    /// No credential, or one that is worth nothing.
    Anonymous,
    /// Signed in with one factor, has a second one, and the service does not disclose the session
    /// until it was used (whoami 403 `session_aal2_required`).
    Undisclosed,
    /// A session.
    Known(&'a Subject),
}
