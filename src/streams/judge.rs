//! Whether a stream may go on: the same rules, the same decision as for a request.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use super::{Cause, Lease};
use crate::clock::Clock;
use crate::policy::{Decision, Found, RuleId, RuleSet, Standing, decide};
use crate::rules::RuleStore;
use crate::whoami::Resolver;

/// Whom streams are judged by.
#[derive(Clone)]
pub struct Judge {
    pub(super) resolver: Resolver,
    pub(super) rules: Arc<RuleStore>,
    pub(super) clock: Clock,
}

impl Judge {
    /// Judges by the rules in force, and asks `resolver` how sessions stand.
    #[must_use]
    pub const fn new(resolver: Resolver, rules: Arc<RuleStore>, clock: Clock) -> Self {
        Self {
            resolver,
            rules,
            clock,
        }
    }

    /// Finds the stream's rule again and decides as if its request came now. The rule that allows
    /// it, or why it ends.
    ///
    /// All that the rule asks for counts, ages too: otherwise a stream that was opened just before
    /// a limit would be a way around it.
    pub(super) fn judge(
        &self,
        lease: &Lease,
        rules: &Arc<RuleSet>,
        standing: Standing<'_>,
    ) -> Result<RuleId, Cause> {
        let now = self.clock.wall();
        if let Standing::Known(subject) = standing
            && subject.expires_at <= now
        {
            return Err(Cause::Expired);
        }
        // Rules came that look at what was not kept: the client may ask again under them.
        if lease.headers.is_none() && rules.looks_at_headers() {
            return Err(Cause::BelowRule);
        }
        let none = HeaderMap::new();
        let headers = lease.headers.as_deref().unwrap_or(&none);
        let found = match rules.find(&lease.request, headers) {
            Found::Rule(found) => found,
            Found::MethodNotAllowed(_)
            | Found::NoRule
            | Found::UnknownHost
            | Found::Ambiguous(_) => return Err(Cause::NoRule),
        };
        match decide(rules, &found, lease.request.clone(), headers, standing, now) {
            Decision::Allow(permit) => Ok(permit.rule().id().clone()),
            Decision::Refuse { .. } => Err(Cause::BelowRule),
        }
    }

    /// For how long what was known of a session may carry this stream, beside the time between two
    /// looks, while nobody can say how the session stands.
    pub(super) fn patience(&self, lease: &Lease, rules: &RuleSet) -> Duration {
        let longest = self.resolver.serve_stale_when_down();
        let rule = rules.rules().iter().find(|rule| rule.id() == &lease.rule);
        let own = rule.and_then(crate::policy::Rule::serve_stale_when_down);
        own.map_or(longest, |own| own.min(longest))
    }
}
