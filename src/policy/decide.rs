//! The decision: rule, standing and time in, verdict out. Pure.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};

use super::{
    Enrolment, Match, Permit, Request, RequiredAal, Requirement, RuleIndex, RuleSet, SecondFactor,
    Standing, Subject,
};
use crate::aal::Aal;

/// A completion time this far ahead of our clock still counts as "just now"; beyond it, it counts
/// for nothing, so that a wrong clock elsewhere does not make a session fresh for ever.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

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

/// What a rule says about a standing. An outage is not among them: it is an error before the
/// decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every requirement holds.
    Allow,
    /// No valid session.
    LogIn,
    /// The session is below the required level and a second factor can be asked for.
    StepUp,
    /// The session is old enough to be asked again.
    Refresh {
        /// The rule's limit.
        max_age: Duration,
        /// The second factor is to be asked for, not the first.
        aal2: bool,
    },
    /// A second factor is required and none is set up.
    Enrol,
    /// Nothing the person could do now would help.
    Deny,
}

/// Judges `request` by every rule that [`RuleSet::find`] named for it; the first refusal is the
/// answer. An `Allow` takes the request into the permit, so what was judged is what gets
/// forwarded.
///
/// `found` must come from `rules`.
#[must_use]
pub fn decide(
    rules: &Arc<RuleSet>,
    found: &Match,
    request: Request,
    _headers: &HeaderMap,
    standing: Standing<'_>,
    now: Timestamp,
) -> Decision {
    for rule in found.rules() {
        match judge(rules.rule(rule).requirement(), standing, now) {
            Outcome::Allow => {}
            outcome @ (Outcome::LogIn
            | Outcome::StepUp
            | Outcome::Refresh { .. }
            | Outcome::Enrol
            | Outcome::Deny) => {
                return Decision::Refuse {
                    outcome,
                    rule,
                    request,
                };
            }
        }
    }
    Decision::Allow(Permit::new(request, Arc::clone(rules), found.rule()))
}

/// Judges `standing` by `requirement` at `now`.
#[must_use]
pub fn judge(requirement: &Requirement, standing: Standing<'_>, now: Timestamp) -> Outcome {
    if requirement.required_aal == RequiredAal::None {
        return Outcome::Allow;
    }
    let subject = match standing {
        Standing::Anonymous => return Outcome::LogIn,
        Standing::Undisclosed => return Outcome::StepUp,
        Standing::Known(subject) if subject.expires_at <= now => return Outcome::LogIn,
        Standing::Known(subject) if subject.aal < Aal::Aal1 => return Outcome::LogIn,
        Standing::Known(subject) => subject,
    };
    if lacks_second_factor(requirement.required_aal, subject) {
        return ask_for_second_factor(requirement.enrolment, subject.second_factor);
    }
    let aal2 = age_is_of_second_factor(requirement.required_aal, subject);
    match requirement.max_age {
        Some(max_age) if !is_fresh(subject, aal2, now, max_age) => {
            Outcome::Refresh { max_age, aal2 }
        }
        Some(_) | None => Outcome::Allow,
    }
}

fn lacks_second_factor(required: RequiredAal, subject: &Subject) -> bool {
    match required {
        RequiredAal::None | RequiredAal::Aal1 => false,
        RequiredAal::HighestAvailable => {
            subject.aal < Aal::Aal2 && subject.second_factor != SecondFactor::NotEnrolled
        }
        RequiredAal::Aal2 => subject.aal < Aal::Aal2,
    }
}

const fn ask_for_second_factor(enrolment: Enrolment, known: SecondFactor) -> Outcome {
    match (known, enrolment) {
        (SecondFactor::Enrolled | SecondFactor::Unknown, _) => Outcome::StepUp,
        (SecondFactor::NotEnrolled, Enrolment::Allowed) => Outcome::Enrol,
        (SecondFactor::NotEnrolled, Enrolment::Denied) => Outcome::Deny,
    }
}

/// Whether an age limit counts completions of second factors only. Under `highest_available` it
/// does for those who have one: otherwise a fresh password would do where a fresh code was meant.
fn age_is_of_second_factor(required: RequiredAal, subject: &Subject) -> bool {
    match required {
        RequiredAal::None | RequiredAal::Aal1 => false,
        RequiredAal::HighestAvailable => subject.second_factor != SecondFactor::NotEnrolled,
        RequiredAal::Aal2 => true,
    }
}

fn is_fresh(subject: &Subject, aal2: bool, now: Timestamp, max_age: Duration) -> bool {
    let any_step = (!aal2).then_some(subject.authenticated_at);
    subject
        .completions
        .iter()
        .filter(|completion| !aal2 || completion.aal >= Aal::Aal2)
        .map(|completion| completion.completed_at)
        .chain(any_step)
        .any(|at| is_recent(at, now, max_age))
}

fn is_recent(at: Timestamp, now: Timestamp, max_age: Duration) -> bool {
    let age = now.duration_since(at);
    if age.is_negative() {
        return age.abs() <= CLOCK_SKEW;
    }
    age.unsigned_abs() <= max_age
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
