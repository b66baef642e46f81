//! What a rule asks of the session.

use std::sync::Arc;
use std::time::Duration;

use super::{Condition, MethodSet};
use crate::aal::AuthenticationMethod;

/// `required_aal` of a rule, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RequiredAal {
    /// Public: no session is asked for.
    None,
    /// One factor.
    Aal1,
    /// Two factors from those who have two, one from the others.
    HighestAvailable,
    /// Two factors.
    Aal2,
}

impl RequiredAal {
    /// The name as in rule files and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Aal1 => "aal1",
            Self::HighestAvailable => "highest_available",
            Self::Aal2 => "aal2",
        }
    }
}

impl std::fmt::Display for RequiredAal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What becomes of people who would need a second factor and have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Enrolment {
    /// They are sent to set one up.
    #[default]
    Allowed,
    /// They are refused: whoever stole a one-factor session must not be able to lift it.
    Denied,
}

/// What a rule asks of the session. Small: there can be a hundred thousand, and few ask for more
/// than a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The level.
    pub required_aal: RequiredAal,
    /// How recently the session must have been authenticated. On a rule that asks for aal2 only
    /// completions of second factors count.
    pub max_age: Option<Duration>,
    /// What becomes of those without a second factor.
    pub enrolment: Enrolment,
    /// What is asked of the single steps, if anything.
    pub steps: Option<Box<RequiredSteps>>,
    /// What must be true besides, once all the rest is there.
    pub condition: Option<Arc<Condition>>,
}

/// Which steps a session must have, and which don't count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequiredSteps {
    /// One of these, unless empty.
    pub any_of: MethodSet,
    /// All of these.
    pub all_of: MethodSet,
    /// Steps by these count for nothing, not for the level either.
    pub none_of: MethodSet,
    /// Steps over at least two channels.
    pub distinct_channels: bool,
    /// How recently a step by this method must have been completed.
    pub max_age_of: Vec<(AuthenticationMethod, Duration)>,
}

impl Requirement {
    /// A level and nothing else.
    #[must_use]
    pub const fn level(required_aal: RequiredAal) -> Self {
        Self {
            required_aal,
            max_age: None,
            enrolment: Enrolment::Allowed,
            steps: None,
            condition: None,
        }
    }

    /// The methods whose steps count for nothing.
    #[must_use]
    pub fn none_of(&self) -> MethodSet {
        self.steps
            .as_ref()
            .map_or(MethodSet::EMPTY, |steps| steps.none_of)
    }
}
