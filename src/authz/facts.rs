//! What a decision leaves for the access log and the metrics.

use std::sync::Arc;
use std::time::Duration;

use crate::policy::{Outcome, RuleId};
use crate::telemetry::Decided;
use crate::whoami::{CacheUse, Record};

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
