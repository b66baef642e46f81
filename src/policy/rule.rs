//! A rule: which requests it is about and what it asks of them.

use std::sync::Arc;

use super::{Handling, Limits, Matcher, RequiredAal, Requirement, Switches, Target};

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
    pub target: Target,
    /// What is changed on the way there and back.
    pub handling: Handling,
    /// A sentence for people who are asked for more.
    pub reason: Option<Arc<str>>,
    /// How often it may be used.
    pub limits: Option<Box<Limits>>,
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
    pub const fn target(&self) -> &Target {
        &self.0.target
    }

    /// The application that gets its requests; `None` where it answers them itself.
    #[must_use]
    pub const fn upstream(&self) -> Option<UpstreamIndex> {
        match &self.0.target {
            Target::Upstream(upstream) => Some(*upstream),
            Target::Answer(_) => None,
        }
    }

    /// What is changed on the way to the upstream and back.
    #[must_use]
    pub const fn handling(&self) -> &Handling {
        &self.0.handling
    }

    /// Whether it leaves requests and answers as they are, so that a program which only asks for
    /// the decision does all that it says.
    #[must_use]
    pub fn only_judges(&self) -> bool {
        self.upstream().is_some()
            && self.handling().changes().is_none()
            && !self.switches().keep_body
    }

    /// A sentence for people who are asked for more, if the operator wrote one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Whether the request's headers may have a say in whether it is about a request, or allows it.
    #[must_use]
    pub fn looks_at_headers(&self) -> bool {
        let conditions = self.matcher().conditions.as_ref();
        conditions.is_some_and(|conditions| !conditions.headers.is_empty())
            || self.requirement().condition.is_some()
    }

    /// How long past its time what is known of a session may serve while the identity service is
    /// out of reach, where the rule says so.
    #[must_use]
    pub const fn serve_stale_when_down(&self) -> Option<std::time::Duration> {
        self.0.switches.serve_stale_when_down
    }

    /// How often it may be used, where that is limited.
    #[must_use]
    pub fn limits(&self) -> Option<&Limits> {
        self.0.limits.as_deref()
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

    /// Whether its decision depends on who asks, so that it can't be made while nobody could say.
    #[must_use]
    pub fn depends_on_session(&self) -> bool {
        let condition = self.requirement().condition.as_ref();
        !self.is_public() || condition.is_some_and(|condition| condition.reads_session())
    }

    /// Whether it keeps nobody out: it asks for no session, or only reports.
    #[must_use]
    pub fn lets_anyone_in(&self) -> bool {
        self.is_public() || self.switches().report_only
    }

    /// Whether a request that its narrowing leaves out may reach no wider rule that lets anyone
    /// in. A rule that only reports protects nothing, so that it shields nothing either.
    #[must_use]
    pub const fn shields(&self) -> bool {
        let switches = self.switches();
        !switches.fall_through && !switches.report_only
    }

    /// Whether the gateway has to find out who is asking: a session is required, or is to be told
    /// to the application where there is one.
    #[must_use]
    pub fn wants_subject(&self) -> bool {
        !self.is_public() || self.switches().identify
    }
}
