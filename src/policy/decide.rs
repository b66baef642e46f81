//! The decision: rule, standing and time in, verdict out. Pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{RequiredAal, Requirement, SecondFactor, Standing, Subject};
use crate::aal::Aal;

/// A completion time this far ahead of our clock still counts as "just now"; beyond it, it counts
/// for nothing, so that a wrong clock elsewhere does not make a session fresh for ever.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

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
    let missing = second_factor_missing(requirement.required_aal, subject);
    if let Some(outcome) = missing {
        return outcome;
    }
    match requirement.max_age {
        Some(max_age) if !is_fresh(requirement.required_aal, subject, now, max_age) => {
            Outcome::Refresh {
                max_age,
                aal2: asks_second_factor(requirement.required_aal, subject),
            }
        }
        Some(_) | None => Outcome::Allow,
    }
}

fn second_factor_missing(required: RequiredAal, subject: &Subject) -> Option<Outcome> {
    let enough = match required {
        RequiredAal::None | RequiredAal::Aal1 => true,
        RequiredAal::Aal2 => subject.aal >= Aal::Aal2,
        RequiredAal::HighestAvailable => {
            subject.aal >= Aal::Aal2 || subject.second_factor == SecondFactor::NotEnrolled
        }
    };
    if enough {
        return None;
    }
    Some(match subject.second_factor {
        SecondFactor::NotEnrolled => Outcome::Enrol,
        SecondFactor::Enrolled | SecondFactor::Unknown => Outcome::StepUp,
    })
}

/// Whether the rule's age limit is about the second factor.
fn asks_second_factor(required: RequiredAal, subject: &Subject) -> bool {
    match required {
        RequiredAal::None | RequiredAal::Aal1 => false,
        RequiredAal::Aal2 => true,
        RequiredAal::HighestAvailable => subject.aal >= Aal::Aal2,
    }
}

fn is_fresh(required: RequiredAal, subject: &Subject, now: Timestamp, max_age: Duration) -> bool {
    let second_only = asks_second_factor(required, subject);
    let completed = subject
        .completions
        .iter()
        .filter(|completion| !second_only || completion.aal >= Aal::Aal2)
        .map(|completion| completion.completed_at);
    let any_step = (!second_only).then_some(subject.authenticated_at);
    completed
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
