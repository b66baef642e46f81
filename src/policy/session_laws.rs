//! What holds for every session under every requirement.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::fixture::at;
use super::generated::{
    LEVELS, NOW, after, any_completion, any_methods, any_requirement, any_subject, level,
};
use super::{
    Ask, Completion, Enrolment, MethodSet, Outcome, RequiredAal, RequiredSteps, Requirement,
    SecondFactor, Standing, Subject, judge,
};
use crate::aal::{Aal, AuthenticationMethod};

fn outcome(requirement: &Requirement, subject: &Subject) -> Outcome {
    judge(requirement, Standing::Known(subject), at(NOW))
}

fn allows(requirement: &Requirement, subject: &Subject) -> bool {
    outcome(requirement, subject) == Outcome::Allow
}

/// The rule language read aloud, without a thought for what to ask for.
fn plainly_allows(requirement: &Requirement, subject: &Subject) -> bool {
    let steps = requirement.steps.as_deref().cloned().unwrap_or_default();
    let counted: Vec<Completion> = subject
        .completions
        .iter()
        .filter(|step| !steps.none_of.contains(step.method))
        .cloned()
        .collect();
    let recent = |time: Timestamp, limit: Duration| {
        let age = NOW - time.as_second();
        age >= -60 && age <= i64::try_from(limit.as_secs()).unwrap()
    };
    let has = |method| counted.iter().any(|step| step.method == method);
    let counts_all = steps.none_of == MethodSet::EMPTY;
    let aal = if counts_all {
        subject.aal
    } else {
        level(&counted).min(subject.aal)
    };
    let two = match requirement.required_aal {
        RequiredAal::None => return true,
        RequiredAal::Aal1 => false,
        RequiredAal::HighestAvailable => subject.second_factor != SecondFactor::NotEnrolled,
        RequiredAal::Aal2 => true,
    };
    let mut ages = counted
        .iter()
        .filter(|step| !two || step.aal == Aal::Aal2)
        .map(|step| step.completed_at)
        .chain((!two && counts_all).then_some(subject.authenticated_at));
    let used: MethodSet = counted.iter().map(|step| step.method).collect();
    subject.expires_at > at(NOW)
        && subject.aal >= Aal::Aal1
        && aal >= if two { Aal::Aal2 } else { Aal::Aal1 }
        && steps.all_of.iter().all(has)
        && (steps.any_of.is_empty() || steps.any_of.iter().any(has))
        && (!steps.distinct_channels || used.channels() >= 2)
        && requirement
            .max_age
            .is_none_or(|limit| ages.any(|time| recent(time, limit)))
        && steps.max_age_of.iter().all(|(method, limit)| {
            let mut of = counted.iter().filter(|step| step.method == *method);
            of.any(|step| recent(step.completed_at, *limit))
        })
}

/// Every requirement that asks for one thing more.
fn stricter(requirement: &Requirement, methods: MethodSet) -> Vec<Requirement> {
    let with = |change: &dyn Fn(&mut RequiredSteps)| {
        let mut changed = requirement.clone();
        change(changed.steps.get_or_insert_default());
        changed
    };
    let younger = Requirement {
        max_age: Some(Duration::from_secs(1)),
        ..requirement.clone()
    };
    let mut stricter = vec![
        younger,
        with(&|steps| steps.distinct_channels = true),
        with(&|steps| steps.all_of = steps.all_of | methods),
        with(&|steps| steps.none_of = steps.none_of | methods),
        with(&|steps| {
            let aged = methods
                .iter()
                .map(|method| (method, Duration::from_secs(300)));
            steps.max_age_of.extend(aged);
        }),
    ];
    let asks_for_one = |steps: &RequiredSteps| !steps.any_of.is_empty();
    if !requirement.steps.as_deref().is_some_and(asks_for_one) {
        stricter.push(with(&|steps| steps.any_of = methods));
    }
    stricter
}

/// Does what is asked, as somebody who can.
fn obey(subject: &Subject, ask: Ask) -> Subject {
    let usual = if ask.aal2 {
        subject.second_factor.among(MethodSet::SECOND_FACTORS)
    } else {
        MethodSet::FIRST_FACTORS
    };
    let methods = if ask.methods.is_empty() {
        usual
    } else {
        ask.methods
    };
    let method = methods.iter().next();
    let step = Completion {
        method: method.unwrap_or(AuthenticationMethod::Totp),
        aal: if ask.aal2 { Aal::Aal2 } else { Aal::Aal1 },
        completed_at: at(NOW),
    };
    after(subject, step)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn who_gets_in_is_what_the_rule_says(
        requirement in any_requirement(), subject in any_subject(),
    ) {
        prop_assert_eq!(allows(&requirement, &subject), plainly_allows(&requirement, &subject));
    }

    #[test]
    fn raising_a_session_never_loses_access(
        requirement in any_requirement(), subject in any_subject(), step in any_completion(),
    ) {
        let allowed = allows(&requirement, &subject);
        for higher in [Aal::Aal1, Aal::Aal2].into_iter().filter(|aal| *aal > subject.aal) {
            let raised = Subject { aal: higher, ..subject.clone() };
            prop_assert!(!allowed || allows(&requirement, &raised));
        }
        prop_assert!(!allowed || allows(&requirement, &after(&subject, step)));
    }

    #[test]
    fn raising_the_requirement_never_grants_access(
        requirement in any_requirement(), subject in any_subject(), methods in any_methods(2),
    ) {
        for level in LEVELS.into_iter().filter(|level| *level > requirement.required_aal) {
            let raised = Requirement { required_aal: level, ..requirement.clone() };
            prop_assert!(allows(&requirement, &subject) || !allows(&raised, &subject));
        }
        for stricter in stricter(&requirement, methods) {
            prop_assert!(
                allows(&requirement, &subject) || !allows(&stricter, &subject),
                "{:?} lets in", stricter
            );
        }
    }

    #[test]
    fn a_fresher_session_never_loses_access(
        requirement in any_requirement(), subject in any_subject(), by in 0_i64..3000,
    ) {
        let mut fresher = subject.clone();
        let later = |time: Timestamp| at((time.as_second() + by).min(NOW)).max(time);
        fresher.authenticated_at = later(subject.authenticated_at);
        for completion in &mut fresher.completions {
            completion.completed_at = later(completion.completed_at);
        }
        prop_assert!(!allows(&requirement, &subject) || allows(&requirement, &fresher));
    }

    #[test]
    fn an_expired_session_equals_none(
        requirement in any_requirement(), mut subject in any_subject(), ago in 0_i64..1000,
    ) {
        subject.expires_at = at(NOW - ago);
        let expired = outcome(&requirement, &subject);
        prop_assert_eq!(expired, judge(&requirement, Standing::Anonymous, at(NOW)));
    }

    #[test]
    fn doing_what_is_asked_leads_in_or_to_an_end_and_never_in_a_circle(
        requirement in any_requirement(), mut subject in any_subject(),
    ) {
        let mut rounds = 0;
        loop {
            let ask = match outcome(&requirement, &subject) {
                Outcome::Allow | Outcome::LogIn | Outcome::Enrol { .. } | Outcome::Deny => break,
                Outcome::StepUp(ask) | Outcome::Refresh { ask, .. } => ask,
            };
            // A provider that asked for two factors may do so again.
            let countable = MethodSet::SECOND_FACTORS - requirement.none_of();
            if ask.aal2 && subject.second_factor.among(countable).is_empty() {
                let steps = &mut subject.completions.iter();
                prop_assert!(steps.any(|step| step.method.is_by_provider()));
                break;
            }
            subject = obey(&subject, ask);
            rounds += 1;
            prop_assert!(rounds < 8, "{:?} is asked again and again", ask);
        }
    }

    #[test]
    fn nobody_is_asked_for_what_does_not_count_or_is_not_there(
        requirement in any_requirement(), subject in any_subject(),
    ) {
        let none_of = requirement.none_of();
        let methods = match outcome(&requirement, &subject) {
            Outcome::Allow | Outcome::LogIn | Outcome::Deny => return Ok(()),
            Outcome::Enrol { methods } => {
                prop_assert_eq!(requirement.enrolment, Enrolment::Allowed);
                methods
            }
            Outcome::StepUp(ask) | Outcome::Refresh { ask, .. } => {
                if ask.aal2 {
                    prop_assert_eq!(subject.second_factor.among(ask.methods), ask.methods);
                    prop_assert!((ask.methods - MethodSet::SECOND_FACTORS).is_empty());
                }
                ask.methods
            }
        };
        prop_assert!((methods & none_of).is_empty());
    }
}
