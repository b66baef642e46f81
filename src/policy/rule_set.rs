//! One generation of rules.

use std::sync::Arc;

use super::{Request, Requirement, RuleId, RuleIndex, Upstream, UpstreamIndex};

/// A compiled rule.
#[derive(Clone, Debug)]
pub struct Rule {
    id: RuleId,
    requirement: Requirement,
    upstream: UpstreamIndex,
    reason: Option<Arc<str>>,
}

impl Rule {
    /// The operator's name for it.
    #[must_use]
    pub const fn id(&self) -> &RuleId {
        &self.id
    }

    /// What it asks for.
    #[must_use]
    pub const fn requirement(&self) -> &Requirement {
        &self.requirement
    }

    /// Where it sends requests.
    #[must_use]
    pub const fn upstream(&self) -> UpstreamIndex {
        self.upstream
    }

    /// A sentence for people who are asked for more, if the operator wrote one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

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
    /// This rule judges it.
    Rule(RuleIndex),
    /// Rules know the path but none its method; these are the methods they name.
    MethodNotAllowed(Vec<http::Method>),
    /// The host is known, but no rule covers the request.
    NoRule,
    /// No rule knows the host.
    UnknownHost,
}

impl RuleSet {
    /// The generation's number, from 1.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Finds the rule for a request, in time that does not depend on how many rules there are.
    #[must_use]
    pub fn find(&self, request: &Request) -> Found {
        let _ = request;
        Found::UnknownHost
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
