//! A rule: which requests it is about and what it asks of them.

use std::sync::Arc;
use std::time::Duration;

/// The operator's name for a rule; unique in a rule set. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(Arc<str>);

impl RuleId {
    /// Takes the name as the operator wrote it.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for RuleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// `required_aal` of a rule.
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

/// What a rule asks of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The level.
    pub required_aal: RequiredAal,
    /// How recently the session must have been authenticated. On a rule that asks for aal2 only
    /// completions of second factors count.
    pub max_age: Option<Duration>,
}

/// Place of an upstream in [`super::RuleSet::upstreams`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UpstreamIndex(pub(crate) usize);

/// Place of a rule in its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleIndex(pub(crate) usize);

/// Where a rule is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// File, as given or found.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}
