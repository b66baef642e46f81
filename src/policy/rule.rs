//! A rule: which requests it is about and what it asks of them.

use std::sync::Arc;
use std::time::Duration;

use super::{HostPattern, Methods, PathPattern};

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

/// What a rule asks of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The level.
    pub required_aal: RequiredAal,
    /// How recently the session must have been authenticated. On a rule that asks for aal2 only
    /// completions of second factors count.
    pub max_age: Option<Duration>,
    /// What becomes of those without a second factor.
    pub enrolment: Enrolment,
}

/// Place of an upstream in [`super::RuleSet::upstreams`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UpstreamIndex(pub(crate) usize);

/// Place of a rule in its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleIndex(pub(crate) usize);

impl RuleIndex {
    /// The place as a number, from 0.
    #[must_use]
    pub const fn number(self) -> usize {
        self.0
    }
}

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

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The switches of a rule, each off unless the operator turns it on (`strict_paths`: on unless
/// turned off).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Requests that this rule's methods leave out may reach a wider public rule.
    pub fall_through: bool,
    /// A path that a lax application would read as another one must be allowed there too.
    pub strict_paths: bool,
    /// `//` is read as `/` instead of being refused.
    pub merge_slashes: bool,
    /// `%2F` is passed on instead of being refused.
    pub allow_encoded_slash: bool,
    /// `X-HTTP-Method-Override` and its kin reach the application.
    pub allow_method_override: bool,
    /// Script of the application may install a service worker although Stepgate's own pages live
    /// on the same host.
    pub allow_service_worker: bool,
    /// On a public rule: a valid session is looked up and told to the application, but never asked
    /// for.
    pub identify: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            fall_through: false,
            strict_paths: true,
            merge_slashes: false,
            allow_encoded_slash: false,
            allow_method_override: false,
            allow_service_worker: false,
            identify: false,
        }
    }
}

/// Which requests a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    /// Any of these hosts; never empty.
    pub hosts: Vec<HostPattern>,
    /// Any of these paths; never empty.
    pub paths: Vec<PathPattern>,
    /// Any of these methods.
    pub methods: Methods,
    /// Higher comes first; 0 unless the operator says otherwise.
    pub priority: i32,
}

/// Everything a rule says, as [`super::RuleSet::build`] takes it.
#[derive(Clone, Debug)]
pub struct RuleParts {
    /// The operator's name for it.
    pub id: RuleId,
    /// Where it is written.
    pub location: Location,
    /// Which requests it is about.
    pub matcher: Matcher,
    /// What it asks of the session.
    pub requirement: Requirement,
    /// Where its requests go.
    pub upstream: UpstreamIndex,
    /// A sentence for people who are asked for more.
    pub reason: Option<Arc<str>>,
    /// Its switches.
    pub switches: Switches,
}

/// A rule of a set.
#[derive(Clone, Debug)]
pub struct Rule(pub(super) RuleParts);

impl Rule {
    /// The operator's name for it.
    #[must_use]
    pub const fn id(&self) -> &RuleId {
        &self.0.id
    }

    /// Where it is written.
    #[must_use]
    pub const fn location(&self) -> &Location {
        &self.0.location
    }

    /// Which requests it is about.
    #[must_use]
    pub const fn matcher(&self) -> &Matcher {
        &self.0.matcher
    }

    /// What it asks for.
    #[must_use]
    pub const fn requirement(&self) -> &Requirement {
        &self.0.requirement
    }

    /// Where it sends requests.
    #[must_use]
    pub const fn upstream(&self) -> UpstreamIndex {
        self.0.upstream
    }

    /// A sentence for people who are asked for more, if the operator wrote one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Its switches.
    #[must_use]
    pub const fn switches(&self) -> &Switches {
        &self.0.switches
    }

    /// Whether it asks for no session.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.requirement().required_aal == RequiredAal::None
    }

    /// Whether the gateway has to find out who is asking: a session is required, or is to be told
    /// to the application where there is one.
    #[must_use]
    pub fn wants_subject(&self) -> bool {
        !self.is_public() || self.switches().identify
    }
}
