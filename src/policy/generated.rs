//! Requirements and sessions of all kinds, for tests of what always holds.

use std::time::Duration;

use proptest::prelude::*;

use super::fixture::at;
use super::{
    Completion, Enrolment, MethodSet, RequiredAal, RequiredSteps, Requirement, SecondFactor,
    Subject,
};
use crate::aal::{Aal, AuthenticationMethod, level_of};

pub(super) const NOW: i64 = 100_000;

pub(super) const LEVELS: [RequiredAal; 4] = [
    RequiredAal::None,
    RequiredAal::Aal1,
    RequiredAal::HighestAvailable,
    RequiredAal::Aal2,
];

pub(super) fn any_methods(most: usize) -> impl Strategy<Value = MethodSet> {
    let method = prop::sample::select(AuthenticationMethod::ALL.to_vec());
    prop::collection::vec(method, 0..=most).prop_map(|methods| methods.into_iter().collect())
}

fn any_age() -> impl Strategy<Value = Duration> {
    (1_u64..2000).prop_map(Duration::from_secs)
}

fn any_steps() -> impl Strategy<Value = RequiredSteps> {
    let aged = (
        prop::sample::select(AuthenticationMethod::ALL.to_vec()),
        any_age(),
    );
    let aged = prop::collection::vec(aged, 0..2);
    let sets = (any_methods(3), any_methods(1), any_methods(3));
    (sets, any::<bool>(), aged).prop_map(|((any_of, all_of, none_of), distinct_channels, aged)| {
        // As loading would have it: what counts for nothing is not asked for.
        RequiredSteps {
            any_of: any_of - none_of,
            all_of: all_of - none_of,
            none_of,
            distinct_channels,
            max_age_of: aged
                .into_iter()
                .filter(|(method, _)| !none_of.contains(*method))
                .collect(),
        }
    })
}

pub(super) fn any_requirement() -> impl Strategy<Value = Requirement> {
    let max_age = prop::option::of(any_age());
    let enrolment = prop::sample::select(vec![Enrolment::Allowed, Enrolment::Denied]);
    let steps = prop::option::of(any_steps().prop_map(Box::new));
    (prop::sample::select(&LEVELS), max_age, enrolment, steps).prop_map(
        |(required_aal, max_age, enrolment, steps)| Requirement {
            required_aal,
            max_age,
            enrolment,
            steps: steps.filter(|_| required_aal != RequiredAal::None),
            condition: None,
        },
    )
}

pub(super) fn any_completion() -> impl Strategy<Value = Completion> {
    let mut methods = AuthenticationMethod::ALL.to_vec();
    methods.push(AuthenticationMethod::Unknown);
    let level = prop::option::weighted(0.2, prop::sample::select(vec![Aal::Aal1, Aal::Aal2]));
    let time = NOW - 2500..NOW + 60;
    (prop::sample::select(methods), level, time).prop_map(|(method, level, time)| Completion {
        method,
        aal: level.unwrap_or_else(|| usual_level(method)),
        completed_at: at(time),
    })
}

pub(super) fn usual_level(method: AuthenticationMethod) -> Aal {
    if MethodSet::SECOND_FACTORS.contains(method) {
        Aal::Aal2
    } else {
        Aal::Aal1
    }
}

fn any_second_factor() -> impl Strategy<Value = SecondFactor> {
    prop_oneof![
        Just(SecondFactor::Enrolled),
        Just(SecondFactor::NotEnrolled),
        Just(SecondFactor::Unknown),
        any_methods(3).prop_map(SecondFactor::exactly),
    ]
}

pub(super) fn any_subject() -> impl Strategy<Value = Subject> {
    let steps = prop::collection::vec(any_completion(), 0..5);
    let stated = prop::option::weighted(
        0.2,
        prop::sample::select(vec![Aal::Aal0, Aal::Aal1, Aal::Aal2]),
    );
    let ends = prop_oneof![4 => Just(NOW + 100), 1 => NOW - 100..NOW + 100];
    (steps, stated, NOW - 2500..NOW, any_second_factor(), ends).prop_map(
        |(completions, stated, opened, second_factor, ends)| Subject {
            session_id: "session".into(),
            identity_id: "identity".into(),
            aal: stated.unwrap_or_else(|| level(&completions)),
            authenticated_at: last(&completions).unwrap_or_else(|| at(opened)),
            expires_at: at(ends),
            completions,
            second_factor,
            document: None,
        },
    )
}

fn last(completions: &[Completion]) -> Option<jiff::Timestamp> {
    completions.iter().map(|step| step.completed_at).max()
}

pub(super) fn level(completions: &[Completion]) -> Aal {
    level_of(completions.iter().map(|step| (step.method, step.aal)))
}

/// The same session after one more step.
pub(super) fn after(subject: &Subject, step: Completion) -> Subject {
    let mut subject = subject.clone();
    subject.authenticated_at = subject.authenticated_at.max(step.completed_at);
    subject.completions.push(step);
    subject.aal = subject.aal.max(level(&subject.completions));
    subject
}
