//! Proof that a request may be forwarded.

use std::sync::Arc;

use super::{Reported, Request, Rule, RuleIndex, RuleSet, Upstream};

/// Proof that [`super::decide`] allowed this very request under this very rule.
///
/// Made only in this module's parent; the upstream side of the gateway takes it by reference, so
/// code that forwards without a decision does not compile:
///
/// ```compile_fail
/// let permit = stepgate::policy::Permit { request: todo!(), rules: todo!(), rule: todo!() };
/// ```
///
/// It owns the canonical request, which is what gets forwarded, and pins the generation of rules
/// that the request was judged by.
#[derive(Debug)]
pub struct Permit {
    request: Request,
    rules: Arc<RuleSet>,
    rule: RuleIndex,
    reported: Option<Reported>,
}

impl Permit {
    pub(super) const fn new(
        request: Request,
        rules: Arc<RuleSet>,
        rule: RuleIndex,
        reported: Option<Reported>,
    ) -> Self {
        Self {
            request,
            rules,
            rule,
            reported,
        }
    }

    /// What would have been refused if each rule were in force: one of them only reports.
    #[must_use]
    pub const fn reported(&self) -> Option<Reported> {
        self.reported
    }

    /// The request that was judged, in the form that is to be forwarded.
    #[must_use]
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// The request, for a stream that goes on under a lease of its own. The way to an upstream is
    /// closed with that.
    #[must_use]
    pub fn into_request(self) -> Request {
        self.request
    }

    /// The rule that allowed it.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        self.rules.rule(self.rule)
    }

    /// The generation the rule belongs to.
    #[must_use]
    pub const fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// Where the rule sends it.
    #[must_use]
    pub fn upstream(&self) -> &Upstream {
        self.rules.upstream(self.rule().upstream())
    }
}
