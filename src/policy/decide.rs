//! The decision: rule, standing and time in, verdict out. Pure.

use std::ops::ControlFlow;
use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;

use super::weigh::weigh;
use super::{Match, Outcome, Permit, Request, Requirement, RuleIndex, RuleSet, Seen, Standing};

/// What is to happen with a request.
#[derive(Debug)]
pub enum Decision {
    /// Forward it; the permit is the key.
    Allow(Permit),
    /// Anything but forwarding.
    Refuse {
        /// What is missing; never [`Outcome::Allow`].
        outcome: Outcome,
        /// The rule that asked for it.
        rule: RuleIndex,
        /// The request, handed back for the answer and the log.
        request: Request,
    },
}

/// A refusal that a rule in `mode: report_only` would have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// What is missing; never [`Outcome::Allow`].
    pub outcome: Outcome,
    /// The rule that asked for it.
    pub rule: RuleIndex,
}

/// What the rules of a request come to together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conclusion {
    /// Every rule allows, or one refuses that only reports.
    Allow(Option<Reported>),
    /// This rule refuses, and is the first.
    Refuse(Reported),
}

/// Judges `request` by every rule that [`RuleSet::find`] named for it; the first refusal is the
/// answer. An `Allow` takes the request into the permit, so what was judged is what gets
/// forwarded. A rule that only reports refuses nothing; what it would have refused is told by
/// [`Permit::reported`].
///
/// `found` must come from `rules`.
#[must_use]
pub fn decide(
    rules: &Arc<RuleSet>,
    found: &Match,
    request: Request,
    headers: &HeaderMap,
    standing: Standing<'_>,
    now: Timestamp,
) -> Decision {
    let seen = Seen {
        request: &request,
        headers,
    };
    let judged = conclude(rules, found, |rule| {
        let requirement = rules.rule(rule).requirement();
        match (judge(requirement, standing, now), &requirement.condition) {
            (Outcome::Allow, Some(condition)) => {
                let missing = condition.weigh(seen, standing, now);
                missing.unwrap_or(Outcome::Allow)
            }
            (outcome, _) => outcome,
        }
    });
    match judged {
        Conclusion::Allow(reported) => Decision::Allow(Permit::new(
            request,
            Arc::clone(rules),
            found.rule(),
            reported,
        )),
        Conclusion::Refuse(Reported { outcome, rule }) => Decision::Refuse {
            outcome,
            rule,
            request,
        },
    }
}

/// Goes through the rules of a request until one refuses.
pub(super) fn conclude(
    rules: &RuleSet,
    found: &Match,
    mut judge: impl FnMut(RuleIndex) -> Outcome,
) -> Conclusion {
    let mut reported = None;
    for rule in found.rules() {
        let outcome = judge(rule);
        if outcome == Outcome::Allow {
            continue;
        }
        let refusal = Reported { outcome, rule };
        if !rules.rule(rule).switches().report_only {
            return Conclusion::Refuse(refusal);
        }
        reported = reported.or(Some(refusal));
    }
    Conclusion::Allow(reported)
}

/// Judges `standing` by `requirement` at `now`, but for its condition: that sees the request too.
#[must_use]
pub fn judge(requirement: &Requirement, standing: Standing<'_>, now: Timestamp) -> Outcome {
    let weighed = requirement.demands(|demand| match weigh(demand, requirement, standing, now) {
        None => ControlFlow::Continue(()),
        Some(missing) => ControlFlow::Break(missing),
    });
    match weighed {
        ControlFlow::Continue(()) => Outcome::Allow,
        ControlFlow::Break(missing) => missing,
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
