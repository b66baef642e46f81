use std::time::Duration;

use http::HeaderMap;

use super::*;
use crate::aal::Aal;
use crate::policy::fixture::{at, get, rule, set, subject};
use crate::policy::{Ask, Enrolment, Found, MethodSet, RequiredAal, SecondFactor};
use Outcome::{Allow, LogIn};
use SecondFactor::{Enrolled, NotEnrolled, Unknown};

const NOW: i64 = 100_000;
const MAX_AGE: Duration = Duration::from_secs(600);
/// Just inside and just outside of `MAX_AGE`.
const FRESH: i64 = NOW - 600;
const STALE: i64 = NOW - 601;

fn requirement(required_aal: RequiredAal, max_age: Option<Duration>) -> Requirement {
    Requirement {
        max_age,
        ..Requirement::level(required_aal)
    }
}

const fn refresh(aal2: bool) -> Outcome {
    Outcome::Refresh {
        max_age: Some(MAX_AGE),
        ask: Ask {
            aal2,
            refresh: true,
            methods: MethodSet::EMPTY,
        },
    }
}

/// A session: its level, when its factors were proved, and what is known of a second factor. Then
/// what `aal1`, `highest_available` and `aal2` say, each with `max_age: 10m`.
type Row = (Aal, i64, Option<i64>, SecondFactor, [Outcome; 3]);

#[allow(non_upper_case_globals, reason = "the table reads as the decisions do")]
const StepUp: Outcome = Outcome::StepUp(Ask::SECOND_FACTOR);
#[allow(non_upper_case_globals, reason = "the table reads as the decisions do")]
const Enrol: Outcome = Outcome::Enrol {
    methods: MethodSet::EMPTY,
};
const FIRST: Outcome = refresh(false);
const SECOND: Outcome = refresh(true);

/// Level x age x second factor, whole.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    (Aal::Aal0, FRESH, None, Enrolled, [LogIn, LogIn, LogIn]),
    (Aal::Aal0, FRESH, Some(FRESH), Enrolled, [LogIn, LogIn, LogIn]),
    (Aal::Aal1, FRESH, None, Enrolled, [Allow, StepUp, StepUp]),
    (Aal::Aal1, STALE, None, Enrolled, [FIRST, StepUp, StepUp]),
    (Aal::Aal1, FRESH, None, NotEnrolled, [Allow, Allow, Enrol]),
    (Aal::Aal1, STALE, None, NotEnrolled, [FIRST, FIRST, Enrol]),
    (Aal::Aal1, FRESH, None, Unknown, [Allow, StepUp, StepUp]),
    (Aal::Aal1, STALE, None, Unknown, [FIRST, StepUp, StepUp]),
    (Aal::Aal2, FRESH, Some(FRESH), Enrolled, [Allow, Allow, Allow]),
    (Aal::Aal2, STALE, Some(FRESH), Enrolled, [Allow, Allow, Allow]),
    // A fresh password is not a fresh second factor.
    (Aal::Aal2, FRESH, Some(STALE), Enrolled, [Allow, SECOND, SECOND]),
    (Aal::Aal2, STALE, Some(STALE), Enrolled, [FIRST, SECOND, SECOND]),
    // It was taken away since, so that only a new one helps.
    (Aal::Aal2, FRESH, Some(STALE), NotEnrolled, [Allow, Allow, Enrol]),
    (Aal::Aal2, STALE, Some(STALE), NotEnrolled, [FIRST, FIRST, Enrol]),
    (Aal::Aal2, FRESH, Some(STALE), Unknown, [Allow, SECOND, SECOND]),
];

#[test]
fn every_level_meets_every_session() {
    let levels = [
        RequiredAal::Aal1,
        RequiredAal::HighestAvailable,
        RequiredAal::Aal2,
    ];
    for (aal, first, second, known, expected) in TABLE {
        let subject = subject(*aal, *first, *second, *known);
        for (level, expected) in levels.iter().zip(expected) {
            let standing = Standing::Known(&subject);
            let outcome = judge(&requirement(*level, Some(MAX_AGE)), standing, at(NOW));
            assert_eq!(
                outcome, *expected,
                "{level} {aal} {first} {second:?} {known:?}"
            );
        }
    }
}

#[test]
fn a_public_rule_lets_everyone_in() {
    let public = requirement(RequiredAal::None, None);
    for standing in [Standing::Anonymous, Standing::Undisclosed] {
        assert_eq!(judge(&public, standing, at(NOW)), Outcome::Allow);
    }
}

#[test]
fn without_a_session_people_log_in_and_an_undisclosed_one_steps_up() {
    for level in [
        RequiredAal::Aal1,
        RequiredAal::HighestAvailable,
        RequiredAal::Aal2,
    ] {
        let requirement = requirement(level, None);
        let anonymous = judge(&requirement, Standing::Anonymous, at(NOW));
        assert_eq!(anonymous, Outcome::LogIn);
        let undisclosed = judge(&requirement, Standing::Undisclosed, at(NOW));
        assert_eq!(undisclosed, StepUp);
    }
}

#[test]
fn a_session_ends_at_its_very_second() {
    let mut subject = subject(Aal::Aal2, NOW, Some(NOW), SecondFactor::Enrolled);
    subject.expires_at = at(NOW);
    let requirement = requirement(RequiredAal::Aal1, None);
    let judge_at = |second| judge(&requirement, Standing::Known(&subject), at(second));
    assert_eq!(judge_at(NOW - 1), Outcome::Allow);
    assert_eq!(judge_at(NOW), Outcome::LogIn);
}

#[test]
fn those_who_may_not_enrol_are_refused() {
    let subject = subject(Aal::Aal1, NOW, None, SecondFactor::NotEnrolled);
    let strict = Requirement {
        enrolment: Enrolment::Denied,
        ..requirement(RequiredAal::Aal2, None)
    };
    let outcome = judge(&strict, Standing::Known(&subject), at(NOW));
    assert_eq!(outcome, Outcome::Deny);
}

#[test]
fn a_time_far_in_the_future_is_not_fresh() {
    let requirement = requirement(RequiredAal::Aal1, Some(MAX_AGE));
    for (ahead, expected) in [(60, Outcome::Allow), (61, refresh(false))] {
        let subject = subject(Aal::Aal1, NOW + ahead, None, SecondFactor::Unknown);
        let outcome = judge(&requirement, Standing::Known(&subject), at(NOW));
        assert_eq!(outcome, expected, "{ahead}");
    }
}

#[test]
fn a_path_with_look_alikes_is_judged_by_each_of_their_rules() {
    let rules = set(vec![
        rule("all", "/**", RequiredAal::None),
        rule("admin", "/admin/**", RequiredAal::Aal2),
    ]);
    let ask = |target: &str, standing: Standing<'_>| {
        let request = get("h", target);
        let Found::Rule(found) = rules.find(&request, &HeaderMap::new()) else {
            panic!("{target} has a rule");
        };
        match decide(
            &rules,
            &found,
            request,
            &HeaderMap::new(),
            standing,
            at(NOW),
        ) {
            Decision::Allow(permit) => {
                let path = permit.request().path.as_str().to_owned();
                (permit.rule().id().to_string(), path)
            }
            Decision::Refuse {
                outcome,
                rule,
                request,
            } => {
                assert_eq!(request.path.as_str(), target);
                (
                    rules.rule(rule).id().to_string(),
                    outcome.as_str().to_owned(),
                )
            }
        }
    };
    let pair = |rule: &str, what: &str| (rule.to_owned(), what.to_owned());
    assert_eq!(ask("/x", Standing::Anonymous), pair("all", "/x"));
    assert_eq!(
        ask("/ADMIN/x", Standing::Anonymous),
        pair("admin", "log_in")
    );
    let one = subject(Aal::Aal1, NOW, None, SecondFactor::Enrolled);
    assert_eq!(
        ask("/ADMIN/x", Standing::Known(&one)),
        pair("admin", "step_up")
    );
    let two = subject(Aal::Aal2, NOW, Some(NOW), SecondFactor::Enrolled);
    assert_eq!(
        ask("/ADMIN/x", Standing::Known(&two)),
        pair("all", "/ADMIN/x")
    );
}
