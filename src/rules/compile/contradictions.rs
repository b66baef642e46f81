//! Requirements that contradict themselves or each other.

use super::super::Context;
use super::super::raw::{RawMethods, RawRequirement, RawRule};
use super::condition;
use crate::aal::AuthenticationMethod;
use crate::document::{Located, Place, Problem, Reading};
use crate::policy::{Enrolment, MethodSet, RequiredAal};

/// What is wrong with values wherever they are written: in a rule, a set or the defaults.
pub(super) fn check_alone(requirement: &RawRequirement, reading: &mut Reading) {
    let limits = requirement.max_age_of.iter().flat_map(|ages| &ages.value.0);
    let limits = limits.map(|(_, limit)| limit).chain(&requirement.max_age);
    for limit in limits.filter(|limit| limit.value.is_zero()) {
        let message = "no session is ever this fresh";
        reading.problem(Problem::at(&limit.place, "invalid_value", message));
    }
    condition::check_alone(requirement, reading);
}

/// What is wrong with a rule's requirements as a whole: `own` and the defaults of its file.
pub(super) fn check_together(
    raw: &RawRule,
    (own, whole): (&RawRequirement, &RawRequirement),
    required_aal: RequiredAal,
    context: &Context,
    reading: &mut Reading,
) {
    let id = &raw.id.place;
    if required_aal == RequiredAal::HighestAvailable && !context.second_factor_is_known {
        let message = "it can't be learnt here who has a second factor, so `highest_available` \
                       would mean aal2 for everyone";
        let help = "set `identity.external.admin_url`, or write aal1 or aal2";
        reading.problem(Problem::at(id, "contradiction", message).help(help));
    }
    if required_aal == RequiredAal::None {
        check_public(whole, reading);
        if !raw.switches.identify {
            condition::check_unidentified(whole, reading);
        }
        return;
    }
    let nothing = RawMethods::default();
    let methods = whole
        .methods
        .as_ref()
        .map_or(&nothing, |methods| &methods.value);
    check_none_of(methods, whole, reading);
    check_channels(methods, reading);
    check_level(methods, required_aal, reading);
    if let Some(enrolment) = &own.enrolment {
        check_enrolment(enrolment, methods, whole, required_aal, reading);
    }
}

/// Nobody is asked for a session, so nothing can be asked of it.
fn check_public(whole: &RawRequirement, reading: &mut Reading) {
    let places: [(&str, Option<&Place>); 4] = [
        (
            "`max_age` asks for a fresh session",
            place_of(&whole.max_age),
        ),
        (
            "`max_age_of` asks for a fresh session",
            place_of(&whole.max_age_of),
        ),
        (
            "`required_methods` is about sessions",
            place_of(&whole.methods),
        ),
        ("`enrol` is about sessions", place_of(&whole.enrolment)),
    ];
    for (what, place) in places {
        let Some(place) = place else { continue };
        let message = format!("{what}, but the rule asks for none");
        reading.problem(Problem::at(place, "contradiction", message));
    }
}

const fn place_of<T>(located: &Option<Located<T>>) -> Option<&Place> {
    match located {
        Some(located) => Some(&located.place),
        None => None,
    }
}

/// What counts for nothing can't be asked for.
fn check_none_of(methods: &RawMethods, whole: &RawRequirement, reading: &mut Reading) {
    let Some(none_of) = &methods.none_of else {
        return;
    };
    let mut tell = |key: &str, both: MethodSet, place: &Place| {
        if both.is_empty() {
            return;
        }
        let message = format!("`{key}` asks for {both}, which `none_of` says counts for nothing");
        let problem = Problem::at(place, "contradiction", message);
        reading.problem(problem.related(&none_of.place, "`none_of` is here"));
    };
    for (key, named) in [("any_of", &methods.any_of), ("all_of", &methods.all_of)] {
        if let Some(named) = named {
            tell(key, named.value & none_of.value, &named.place);
        }
    }
    let ages = whole.max_age_of.iter().flat_map(|ages| &ages.value.0);
    for (method, limit) in ages {
        let both = MethodSet::of(&[*method]) & none_of.value;
        tell("max_age_of", both, &limit.place);
    }
}

fn check_channels(methods: &RawMethods, reading: &mut Reading) {
    let Some(distinct) = methods
        .distinct_channels
        .as_ref()
        .filter(|found| found.value)
    else {
        return;
    };
    let left = MethodSet::of(&AuthenticationMethod::ALL) - value_of(&methods.none_of);
    if left.channels() < 2 {
        let message = "`none_of` leaves no two channels that could be distinct";
        reading.problem(Problem::at(&distinct.place, "contradiction", message));
    }
}

fn check_level(methods: &RawMethods, required_aal: RequiredAal, reading: &mut Reading) {
    let Some(none_of) = &methods.none_of else {
        return;
    };
    let no_second = (MethodSet::SECOND_FACTORS - none_of.value).is_empty();
    if no_second && required_aal > RequiredAal::Aal1 {
        let message = format!("`none_of` leaves no second factor for `{required_aal}`");
        reading.problem(Problem::at(&none_of.place, "contradiction", message));
    }
}

/// `enrol: deny` where nobody would be asked to enrol is a misunderstanding.
fn check_enrolment(
    enrolment: &Located<Enrolment>,
    methods: &RawMethods,
    whole: &RawRequirement,
    required_aal: RequiredAal,
    reading: &mut Reading,
) {
    let aged = whole.max_age_of.iter().flat_map(|ages| &ages.value.0);
    let aged: MethodSet = aged.map(|(method, _)| *method).collect();
    let named = value_of(&methods.any_of) | value_of(&methods.all_of) | aged;
    let distinct = methods.distinct_channels.as_ref();
    let asks = required_aal == RequiredAal::Aal2
        || distinct.is_some_and(|distinct| distinct.value)
        || !(named & MethodSet::SECOND_FACTORS).is_empty();
    if enrolment.value == Enrolment::Denied && !asks {
        let message = "`enrol: deny` needs `required_aal: aal2`: nobody is asked to enrol here";
        reading.problem(Problem::at(&enrolment.place, "contradiction", message));
    }
}

fn value_of(methods: &Option<Located<MethodSet>>) -> MethodSet {
    methods
        .as_ref()
        .map(|methods| methods.value)
        .unwrap_or_default()
}
