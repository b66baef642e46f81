//! What a rule says about a standing.

use std::time::Duration;

use super::MethodSet;

/// What a rule says about a standing. An outage is not among them: it is an error before the
/// decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every requirement holds.
    Allow,
    /// No valid session.
    LogIn,
    /// The steps that count stay below the required level, and more can be asked for.
    StepUp(Ask),
    /// The level is there, but a step is missing or too long ago.
    Refresh {
        /// The limit, where it is an age that is missed.
        max_age: Option<Duration>,
        /// What to ask for.
        ask: Ask,
    },
    /// A second factor is required and none is set up.
    Enrol {
        /// The methods that would do; empty: any.
        methods: MethodSet,
    },
    /// Nothing the person could do now would help.
    Deny,
}

/// What a person is to be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The second factor, not the first.
    pub aal2: bool,
    /// Although the identity service is content with the session as it is.
    pub refresh: bool,
    /// The methods that would do; empty: any.
    pub methods: MethodSet,
}

impl Ask {
    /// Any second factor, of a session that has none yet.
    pub const SECOND_FACTOR: Self = Self {
        aal2: true,
        refresh: false,
        methods: MethodSet::EMPTY,
    };
}

impl Outcome {
    /// The methods that would do; empty: any, or none would.
    #[must_use]
    pub const fn methods(self) -> MethodSet {
        match self {
            Self::StepUp(ask) | Self::Refresh { ask, .. } => ask.methods,
            Self::Enrol { methods } => methods,
            Self::Allow | Self::LogIn | Self::Deny => MethodSet::EMPTY,
        }
    }

    /// The name in logs, metrics and `explain`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::LogIn => "log_in",
            Self::StepUp(_) => "step_up",
            Self::Refresh { .. } => "refresh",
            Self::Enrol { .. } => "enrol",
            Self::Deny => "deny",
        }
    }
}
