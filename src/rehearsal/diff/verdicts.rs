//! What a set of rules says, and which of two decisions lets more through.

use jiff::Timestamp;

use super::changes::{Direction, Judged};
use crate::policy::{Found, Match, Outcome, RuleIndex, RuleSet, Standing, judge};

/// Where a request comes to in a set of rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reached {
    /// These rules judge it, by their places in the set.
    Rules(Vec<usize>),
    /// None does: the decision's name.
    Missed(&'static str),
}

/// What one set of rules says to one person's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Verdict {
    pub(super) decision: &'static str,
    /// Forwarded although that is not the decision: the rule only reports.
    pub(super) reported: bool,
    pub(super) rule: Option<RuleIndex>,
}

impl Verdict {
    pub(super) const fn is_forwarded(self) -> bool {
        self.reported || self.strictness() == 0
    }

    /// How far it is from being let through.
    const fn strictness(self) -> u8 {
        match self.decision.as_bytes() {
            b"allow" => 0,
            b"log_in" => 1,
            b"refresh" => 2,
            b"step_up" => 3,
            b"enrol" => 4,
            b"deny" => 5,
            b"method_not_allowed" => 6,
            b"no_rule" => 7,
            _ => 8,
        }
    }

    /// Which way it goes from this verdict to `after`, the two alone considered.
    pub(super) fn towards(self, after: Self) -> Option<Direction> {
        match (self.is_forwarded(), after.is_forwarded()) {
            (true, true) => return None,
            (false, true) => return Some(Direction::Looser),
            (true, false) => return Some(Direction::Tighter),
            (false, false) => {}
        }
        match self.strictness().cmp(&after.strictness()) {
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(Direction::Looser),
            std::cmp::Ordering::Less => Some(Direction::Tighter),
        }
    }

    pub(super) fn told(self, set: &RuleSet) -> Judged {
        Judged {
            decision: self.decision,
            reported: self.reported,
            rule: self.rule.map(|rule| set.rule(rule).id().to_string()),
        }
    }
}

/// Whether this is a way that setting up a factor opens or closes: the one change among refusals
/// that lets more through by itself, as the person then has a factor for good.
pub(super) fn is_about_enrolment(before: Verdict, after: Verdict) -> bool {
    matches!(
        (before.decision, after.decision),
        ("deny", "enrol") | ("enrol", "deny")
    )
}

/// Where `request` comes to.
pub(super) fn reached(found: &Found) -> Reached {
    match found {
        Found::Rule(found) => Reached::Rules(found.rules().map(RuleIndex::number).collect()),
        Found::MethodNotAllowed(_) => Reached::Missed("method_not_allowed"),
        Found::NoRule | Found::UnknownHost => Reached::Missed("no_rule"),
        Found::Ambiguous(_) => Reached::Missed("bad_request"),
    }
}

/// What `set` says to a request that comes to `found` there, if the conditions of its rules hold or
/// don't: what a condition says depends on more than can be tried.
pub(super) fn judged(
    set: &RuleSet,
    found: &Found,
    standing: Standing<'_>,
    conditions_hold: bool,
    now: Timestamp,
) -> Verdict {
    match found {
        Found::Rule(found) => judged_by(set, found, standing, conditions_hold, now),
        Found::MethodNotAllowed(_) => missed("method_not_allowed"),
        Found::NoRule | Found::UnknownHost => missed("no_rule"),
        Found::Ambiguous(_) => missed("bad_request"),
    }
}

const fn missed(decision: &'static str) -> Verdict {
    Verdict {
        decision,
        reported: false,
        rule: None,
    }
}

fn judged_by(
    set: &RuleSet,
    found: &Match,
    standing: Standing<'_>,
    conditions_hold: bool,
    now: Timestamp,
) -> Verdict {
    let mut verdict = Verdict {
        decision: Outcome::Allow.as_str(),
        reported: false,
        rule: Some(found.rule()),
    };
    for index in found.rules() {
        let rule = set.rule(index);
        let outcome = match judge(rule.requirement(), standing, now) {
            Outcome::Allow if rule.requirement().condition.is_some() && !conditions_hold => {
                Outcome::Deny
            }
            outcome @ (Outcome::Allow
            | Outcome::LogIn
            | Outcome::StepUp(_)
            | Outcome::Refresh { .. }
            | Outcome::Enrol { .. }
            | Outcome::Deny) => outcome,
        };
        if outcome == Outcome::Allow {
            continue;
        }
        let reported = rule.switches().report_only;
        if !reported || !verdict.reported {
            verdict = Verdict {
                decision: outcome.as_str(),
                reported,
                rule: Some(index),
            };
        }
        if !reported {
            return verdict;
        }
    }
    verdict
}
