//! One generation of rules.

use http::Method;

use super::{
    AmbiguousRequest, Host, Location, Request, Rule, RuleId, RuleIndex, RuleParts, Upstream,
    UpstreamIndex,
};

/// Rules and upstreams that belong together. Immutable; a reload makes another one.
#[derive(Debug, Default)]
pub struct RuleSet {
    number: u64,
    rules: Vec<Rule>,
    upstreams: Vec<Upstream>,
}

/// What a rule set says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// These rules judge it.
    Rule(Match),
    /// Rules know the path but not its method; these are the methods that would find a rule.
    MethodNotAllowed(Vec<Method>),
    /// The host is known, but no rule covers the request.
    NoRule,
    /// No rule knows the host.
    UnknownHost,
    /// The path has `//` or `%2F` and the rule it reaches does not allow that: 400.
    Ambiguous(AmbiguousRequest),
}

/// The rules that judge a request: the one it reaches, and those that a lax application's reading
/// of its path would reach. Made by [`RuleSet::find`] only and taken whole by [`super::decide`], so
/// that the second kind can't be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    rule: RuleIndex,
    look_alikes: Vec<RuleIndex>,
}

impl Match {
    /// The rule that the request reaches: its upstream gets it, its name is logged.
    #[must_use]
    pub const fn rule(&self) -> RuleIndex {
        self.rule
    }

    /// Every rule that must allow, the one that the request reaches first.
    pub fn rules(&self) -> impl Iterator<Item = RuleIndex> + '_ {
        std::iter::once(self.rule).chain(self.look_alikes.iter().copied())
    }
}

/// Two rules that can't stand beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What is wrong between them.
    pub kind: ConflictKind,
    /// The rule that is at fault.
    pub rule: (RuleId, Location),
    /// The one it clashes with.
    pub other: (RuleId, Location),
}

/// What is wrong between two rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConflictKind {
    /// Neither comes before the other, and one request can match both.
    Ambiguous,
    /// The rule can never win: the other comes first and matches everything it matches.
    Dead,
    /// The public rule can never win: the other comes first and shields everything it matches.
    Shielded,
}

impl RuleSet {
    /// Puts rules in order, as generation 0 until it is numbered.
    ///
    /// # Errors
    /// Every pair of rules that can't stand beside each other.
    pub fn build(rules: Vec<RuleParts>, upstreams: Vec<Upstream>) -> Result<Self, Vec<Conflict>> {
        Ok(Self {
            number: 0,
            rules: rules.into_iter().map(Rule).collect(),
            upstreams,
        })
    }

    /// The same rules as generation `number`.
    #[must_use]
    pub const fn numbered(mut self, number: u64) -> Self {
        self.number = number;
        self
    }

    /// The generation's number, from 1.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Finds the rules for a request, in time that does not depend on how many rules there are.
    #[must_use]
    pub fn find(&self, request: &Request) -> Found {
        let _ = request;
        Found::UnknownHost
    }

    /// Whether a rule names this host, exactly or by a wildcard: people may be sent back there.
    /// Rules for any host name none.
    #[must_use]
    pub fn names_host(&self, host: &Host) -> bool {
        let _ = host;
        false
    }

    /// Whether the gateway has to find out who is asking before it can decide.
    #[must_use]
    pub fn wants_subject(&self, found: &Match) -> bool {
        found.rules().any(|rule| self.rule(rule).wants_subject())
    }

    /// A rule of this set.
    #[must_use]
    #[allow(clippy::indexing_slicing, reason = "an index is made by this set only")]
    pub fn rule(&self, index: RuleIndex) -> &Rule {
        &self.rules[index.0]
    }

    /// An upstream of this set.
    #[must_use]
    #[allow(clippy::indexing_slicing, reason = "an index is made by this set only")]
    pub fn upstream(&self, index: UpstreamIndex) -> &Upstream {
        &self.upstreams[index.0]
    }

    /// Every upstream, in the order of [`UpstreamIndex`].
    #[must_use]
    pub fn upstreams(&self) -> &[Upstream] {
        &self.upstreams
    }

    /// Every rule, in the order of [`RuleIndex`].
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}
