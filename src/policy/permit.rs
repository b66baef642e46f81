//! Proof that a request may be forwarded.

use std::borrow::Cow;
use std::sync::Arc;

use super::{AmbiguousRequest, Reported, Request, Rule, RuleIndex, RuleSet, Upstream};

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

    /// Where the rule sends it; `None` where the rule holds the answer.
    #[must_use]
    pub fn upstream(&self) -> Option<&Upstream> {
        let upstream = self.rule().upstream()?;
        Some(self.rules.upstream(upstream))
    }

    /// The path that is forwarded: the one that was judged, or what the rule's `rewrite` makes of
    /// it.
    ///
    /// # Errors
    /// The rewritten path could be read in more than one way.
    pub fn path(&self) -> Result<Cow<'_, str>, AmbiguousRequest> {
        let path = &self.request.path;
        let changes = self.rule().handling().changes();
        match changes.and_then(|changes| changes.rewrite.as_ref()) {
            Some(rewrite) if rewrite.changes_path() => rewrite
                .path(path, self.rule().switches().allow_encoded_slash)
                .map(Cow::Owned),
            Some(_) | None => Ok(Cow::Borrowed(path.as_str())),
        }
    }

    /// The query that is forwarded: the client's, without what the rule's `rewrite` takes out.
    #[must_use]
    pub fn query(&self) -> Option<Cow<'_, str>> {
        let query = self.request.query.as_deref()?;
        let changes = self.rule().handling().changes();
        match changes.and_then(|changes| changes.rewrite.as_ref()) {
            Some(rewrite) => rewrite.query(query),
            None => Some(Cow::Borrowed(query)),
        }
    }
}
