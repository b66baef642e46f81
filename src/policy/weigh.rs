//! Whether a session has what a rule asks for, and what to ask for where it does not.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::demand::Demand;
use super::{
    Ask, Completion, Enrolment, MethodSet, Outcome, RequiredAal, Requirement, SecondFactor,
    Standing, Subject,
};
use crate::aal::{Aal, AuthenticationMethod, level_of};

/// A completion time this far ahead of our clock still counts as "just now"; beyond it, it counts
/// for nothing, so that a wrong clock elsewhere does not make a session fresh for ever.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// What is missing of `demand`; `None` if nothing is.
pub(super) fn weigh(
    demand: Demand,
    requirement: &Requirement,
    standing: Standing<'_>,
    now: Timestamp,
) -> Option<Outcome> {
    if matches!(demand, Demand::Level(RequiredAal::None)) {
        return None;
    }
    let scales = match standing {
        Standing::Anonymous => return Some(Outcome::LogIn),
        Standing::Undisclosed => return Some(step_up_undisclosed(requirement)),
        Standing::Known(subject) if subject.expires_at <= now => return Some(Outcome::LogIn),
        Standing::Known(subject) if subject.aal < Aal::Aal1 => return Some(Outcome::LogIn),
        Standing::Known(subject) => Scales {
            requirement,
            none_of: requirement.none_of(),
            subject,
            now,
        },
    };
    match demand {
        Demand::Level(required) => scales.level(required),
        Demand::AllOf(methods) => scales.all_of(methods),
        Demand::AnyOf(methods) => scales.any_of(methods),
        Demand::DistinctChannels => scales.distinct_channels(),
        Demand::MaxAgeOf(method, max_age) => scales.max_age_of(method, max_age),
        Demand::MaxAge(max_age) => scales.max_age(max_age),
    }
}

/// The level that the steps of `subject` add up to without those that don't count; never more
/// than the identity service states.
pub(super) fn level_without(subject: &Subject, none_of: MethodSet) -> Aal {
    if none_of.is_empty() {
        return subject.aal;
    }
    let steps = counted(subject, none_of).map(|step| (step.method, step.aal));
    level_of(steps).min(subject.aal)
}

pub(super) fn counted(subject: &Subject, none_of: MethodSet) -> impl Iterator<Item = &Completion> {
    let steps = subject.completions.iter();
    steps.filter(move |step| !none_of.contains(step.method))
}

fn step_up_undisclosed(requirement: &Requirement) -> Outcome {
    Outcome::StepUp(Ask {
        methods: requirement.wished_second_factors(),
        ..Ask::SECOND_FACTOR
    })
}

/// One session against one rule.
struct Scales<'a> {
    requirement: &'a Requirement,
    none_of: MethodSet,
    subject: &'a Subject,
    now: Timestamp,
}

impl Scales<'_> {
    fn level(&self, required: RequiredAal) -> Option<Outcome> {
        let needed = match required {
            RequiredAal::None => return None,
            RequiredAal::Aal1 => Aal::Aal1,
            RequiredAal::HighestAvailable => match self.subject.second_factor {
                SecondFactor::NotEnrolled => Aal::Aal1,
                SecondFactor::Enrolled | SecondFactor::Exactly(_) | SecondFactor::Unknown => {
                    Aal::Aal2
                }
            },
            RequiredAal::Aal2 => Aal::Aal2,
        };
        (level_without(self.subject, self.none_of) < needed).then(|| self.raise(needed))
    }

    /// Asks for the factor that is missing for `needed`.
    fn raise(&self, needed: Aal) -> Outcome {
        let stated = self.subject.aal;
        let second = self.obtainable_second_factors();
        let steps = || counted(self.subject, self.none_of);
        let has_second = steps().any(|step| step.aal >= Aal::Aal2);
        let has_first = steps().any(|step| step.aal == Aal::Aal1);
        let ask_second = match needed {
            // No step counts at all: whichever factor the identity service asks for will do.
            Aal::Aal0 | Aal::Aal1 => stated >= Aal::Aal2 && second.is_some(),
            // Second factors alone are one level, however many.
            Aal::Aal2 => has_first || !has_second,
        };
        match (ask_second, second) {
            (true, Some(methods)) => Outcome::StepUp(Ask {
                aal2: true,
                refresh: stated >= Aal::Aal2,
                methods,
            }),
            (true, None) => self.enrol(MethodSet::SECOND_FACTORS - self.none_of),
            (false, _) => match self.countable_first_factors() {
                Some(methods) => Outcome::StepUp(Ask {
                    aal2: false,
                    refresh: true,
                    methods,
                }),
                None => Outcome::Deny,
            },
        }
    }

    /// The first factors that count; empty: all do. `None` where none does.
    fn countable_first_factors(&self) -> Option<MethodSet> {
        let countable = MethodSet::FIRST_FACTORS - self.none_of;
        match (countable == MethodSet::FIRST_FACTORS, countable.is_empty()) {
            (true, _) => Some(MethodSet::EMPTY),
            (false, true) => None,
            (false, false) => Some(countable),
        }
    }

    /// The second factors that are worth asking for, those first that the rule wishes; empty: any.
    /// `None` where there is none.
    fn obtainable_second_factors(&self) -> Option<MethodSet> {
        let known = self.subject.second_factor;
        let countable = known.among(MethodSet::SECOND_FACTORS - self.none_of);
        if countable.is_empty() {
            return None;
        }
        let wished = known.among(self.wished_second_factors());
        let asked = if wished.is_empty() { countable } else { wished };
        let any = self.requirement.steps.is_none() || asked == MethodSet::SECOND_FACTORS;
        Some(if any { MethodSet::EMPTY } else { asked })
    }

    fn all_of(&self, wanted: MethodSet) -> Option<Outcome> {
        let missing = wanted - self.completed();
        if missing.is_empty() {
            return None;
        }
        if !(missing - MethodSet::SECOND_FACTORS - MethodSet::FIRST_FACTORS).is_empty() {
            return Some(Outcome::Deny);
        }
        let second = missing & MethodSet::SECOND_FACTORS;
        let absent = second - self.subject.second_factor.among(second);
        Some(match (absent.is_empty(), second.is_empty()) {
            (false, _) => self.enrol(absent),
            (true, false) => refresh(None, true, second),
            (true, true) => refresh(None, false, missing),
        })
    }

    fn any_of(&self, wanted: MethodSet) -> Option<Outcome> {
        if !(wanted & self.completed()).is_empty() {
            return None;
        }
        Some(self.ask_for_any(None, wanted))
    }

    fn distinct_channels(&self) -> Option<Outcome> {
        let completed = self.completed();
        if completed.channels() >= 2 {
            return None;
        }
        let others = MethodSet::SECOND_FACTORS - self.none_of - completed.with_their_channels();
        Some(self.ask_for_any(None, others))
    }

    fn max_age_of(&self, method: AuthenticationMethod, max_age: Duration) -> Option<Outcome> {
        let steps = || counted(self.subject, self.none_of).filter(|step| step.method == method);
        if steps().any(|step| is_recent(step.completed_at, self.now, max_age)) {
            return None;
        }
        let wanted = MethodSet::of(&[method]);
        // A key or a mailed code can be either factor, as the identity service is set up.
        Some(match steps().last().map(|step| step.aal) {
            Some(Aal::Aal1) if !(wanted & MethodSet::SECOND_FACTORS).is_empty() => {
                refresh(Some(max_age), false, wanted)
            }
            Some(_) | None => self.ask_for_any(Some(max_age), wanted),
        })
    }

    fn max_age(&self, max_age: Duration) -> Option<Outcome> {
        let aal2 = age_is_of_second_factor(self.requirement.required_aal, self.subject);
        let mut times = times_that_count(self.requirement, self.subject);
        if times.any(|at| is_recent(at, self.now, max_age)) {
            return None;
        }
        let second = || self.obtainable_second_factors();
        if aal2 {
            return Some(match second() {
                Some(methods) => refresh(Some(max_age), true, methods),
                // There was a second factor when the session got its level.
                None if !self.provider_did_both() => {
                    self.enrol(MethodSet::SECOND_FACTORS - self.none_of)
                }
                None => refresh(Some(max_age), true, MethodSet::EMPTY),
            });
        }
        Some(match self.countable_first_factors() {
            Some(methods) => refresh(Some(max_age), false, methods),
            None => second().map_or(Outcome::Deny, |methods| {
                refresh(Some(max_age), true, methods)
            }),
        })
    }

    fn provider_did_both(&self) -> bool {
        let mut steps = counted(self.subject, self.none_of);
        steps.any(|step| step.method.is_by_provider() && step.aal >= Aal::Aal2)
    }

    /// One of `wanted`: a second factor that may be set up, else a first factor, else a second
    /// factor that has to be set up.
    fn ask_for_any(&self, max_age: Option<Duration>, wanted: MethodSet) -> Outcome {
        let second = wanted & MethodSet::SECOND_FACTORS;
        let at_hand = self.subject.second_factor.among(second);
        if !at_hand.is_empty() {
            return refresh(max_age, true, at_hand);
        }
        let first = wanted & MethodSet::FIRST_FACTORS;
        if !first.is_empty() {
            return refresh(max_age, false, first);
        }
        if second.is_empty() {
            return Outcome::Deny;
        }
        self.enrol(second)
    }

    fn wished_second_factors(&self) -> MethodSet {
        let wished = self.requirement.wished_second_factors();
        let steps = self.requirement.steps.as_ref();
        if steps.is_some_and(|steps| steps.distinct_channels) {
            return wished - self.completed().with_their_channels();
        }
        wished
    }

    /// Asks to set up one of `methods`; which, is told only where the rule cares.
    fn enrol(&self, methods: MethodSet) -> Outcome {
        let any = methods == MethodSet::SECOND_FACTORS;
        match self.requirement.enrolment {
            Enrolment::Allowed if !methods.is_empty() => Outcome::Enrol {
                methods: if any { MethodSet::EMPTY } else { methods },
            },
            Enrolment::Allowed | Enrolment::Denied => Outcome::Deny,
        }
    }

    fn completed(&self) -> MethodSet {
        counted(self.subject, self.none_of)
            .map(|step| step.method)
            .collect()
    }
}

impl Requirement {
    /// The second factors that help with what the rule says of methods; empty where it says
    /// nothing of them, so that any will do.
    fn wished_second_factors(&self) -> MethodSet {
        let Some(steps) = &self.steps else {
            return MethodSet::EMPTY;
        };
        let aged: MethodSet = steps.max_age_of.iter().map(|(method, _)| *method).collect();
        let named = [steps.all_of | aged, steps.any_of, MethodSet::SECOND_FACTORS];
        let wished = named.map(|methods| (methods & MethodSet::SECOND_FACTORS) - steps.none_of);
        let first = wished.into_iter().find(|methods| !methods.is_empty());
        first.unwrap_or_default()
    }
}

/// Whether an age limit counts completions of second factors only. Under `highest_available` it
/// does for those who have one: otherwise a fresh password would do where a fresh code was meant.
pub(super) fn age_is_of_second_factor(required: RequiredAal, subject: &Subject) -> bool {
    match required {
        RequiredAal::None | RequiredAal::Aal1 => false,
        RequiredAal::HighestAvailable => subject.second_factor != SecondFactor::NotEnrolled,
        RequiredAal::Aal2 => true,
    }
}

/// When the steps were completed that count for `max_age`.
pub(super) fn times_that_count(
    requirement: &Requirement,
    subject: &Subject,
) -> impl Iterator<Item = Timestamp> {
    let aal2 = age_is_of_second_factor(requirement.required_aal, subject);
    let none_of = requirement.none_of();
    // The last step, whatever it was: where some don't count, it may be one of those.
    let any_step = (!aal2 && none_of.is_empty()).then_some(subject.authenticated_at);
    counted(subject, none_of)
        .filter(move |step| !aal2 || step.aal >= Aal::Aal2)
        .map(|step| step.completed_at)
        .chain(any_step)
}

const fn refresh(max_age: Option<Duration>, aal2: bool, methods: MethodSet) -> Outcome {
    Outcome::Refresh {
        max_age,
        ask: Ask {
            aal2,
            refresh: true,
            methods,
        },
    }
}

pub(super) fn is_recent(at: Timestamp, now: Timestamp, max_age: Duration) -> bool {
    let age = now.duration_since(at);
    if age.is_negative() {
        return age.abs() <= CLOCK_SKEW;
    }
    age.unsigned_abs() <= max_age
}
