//! What a decision leaves for the access log and the metrics.

use std::sync::Arc;
use std::time::Duration;

use crate::policy::{Outcome, RuleId};
use crate::whoami::{CacheUse, Record};

/// What became of a request, by the names of the access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decided {
    /// Forwarded.
    Allow,
    /// Asked to sign in.
    LogIn,
    /// Asked for a second factor.
    StepUp,
    /// Asked to prove it again.
    Refresh,
    /// Asked to set up a second factor.
    Enrol,
    /// Refused.
    Deny,
    /// No rule covers it.
    NoRule,
    /// A rule covers it, but not its method.
    MethodNotAllowed,
    /// It can be read in more than one way.
    BadRequest,
    /// Nobody could say who asks.
    Unavailable,
}

impl Decided {
    /// The name in logs, metrics and `explain`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::LogIn => "log_in",
            Self::StepUp => "step_up",
            Self::Refresh => "refresh",
            Self::Enrol => "enrol",
            Self::Deny => "deny",
            Self::NoRule => "no_rule",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::BadRequest => "bad_request",
            Self::Unavailable => "unavailable",
        }
    }
}

impl From<Outcome> for Decided {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Allow => Self::Allow,
            Outcome::LogIn => Self::LogIn,
            Outcome::StepUp(_) => Self::StepUp,
            Outcome::Refresh { .. } => Self::Refresh,
            Outcome::Enrol { .. } => Self::Enrol,
            Outcome::Deny => Self::Deny,
        }
    }
}

/// What is known of a checked request.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The generation of rules it was judged by; 0 when it came to none.
    pub generation: u64,
    /// The rule that judged it.
    pub rule: Option<RuleId>,
    /// What became of it.
    pub decision: Decided,
    /// It was forwarded all the same: the rule only reports.
    pub reported: bool,
    /// The session it came with, if that was looked up.
    pub session: Option<Arc<Record>>,
    /// How the session was looked up; `None` when it was not.
    pub cache: Option<CacheUse>,
    /// How long the request waited for the identity service; zero on a hit.
    pub whoami: Duration,
}

impl Facts {
    /// Facts of a request that came to no rule.
    #[must_use]
    pub const fn without_rule(decision: Decided) -> Self {
        Self {
            generation: 0,
            rule: None,
            decision,
            reported: false,
            session: None,
            cache: None,
            whoami: Duration::ZERO,
        }
    }
}
