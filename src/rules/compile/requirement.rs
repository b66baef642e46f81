//! What a rule asks of the session: written to meant.

use super::super::Context;
use super::super::raw::{Given, RawDefaults, RawRule};
use crate::document::{Problem, Reading};
use crate::policy::{Enrolment, RequiredAal, Requirement};

fn required_aal_of(
    raw: &RawRule,
    defaults: &RawDefaults,
    reading: &mut Reading,
) -> Option<RequiredAal> {
    let default = match raw.requirement.required_aal {
        Given::Value(required_aal) => return Some(required_aal),
        Given::Wrong => return None,
        Given::Absent => defaults.required_aal,
    };
    if default.is_none() {
        let id = &raw.id.value;
        let message = format!("rule `{id}` does not say which level it requires");
        let help = "add `required_aal`: none, aal1, aal2 or highest_available";
        reading.problem(Problem::at(&raw.id.place, "missing_key", message).help(help));
    }
    default
}

pub(super) fn requirement_of(
    raw: &RawRule,
    defaults: &RawDefaults,
    context: &Context,
    reading: &mut Reading,
) -> Option<Requirement> {
    let required_aal = required_aal_of(raw, defaults, reading)?;
    let place = &raw.id.place;
    if required_aal == RequiredAal::HighestAvailable && !context.second_factor_is_known {
        let message = "it can't be learnt here who has a second factor, so `highest_available` \
                       would mean aal2 for everyone";
        let help = "set `identity.external.admin_url`, or write aal1 or aal2";
        reading.problem(Problem::at(place, "contradiction", message).help(help));
    }
    if let Some(max_age) = &raw.requirement.max_age {
        if required_aal == RequiredAal::None {
            let message = "`max_age` asks for a fresh session, but the rule asks for none";
            reading.problem(Problem::at(&max_age.place, "contradiction", message));
        } else if max_age.value.is_zero() {
            let message = "no session is ever this fresh";
            reading.problem(Problem::at(&max_age.place, "invalid_value", message));
        }
    }
    let needs_factor = match required_aal {
        RequiredAal::None | RequiredAal::Aal1 | RequiredAal::HighestAvailable => false,
        RequiredAal::Aal2 => true,
    };
    if let Some(enrolment) = &raw.requirement.enrolment
        && enrolment.value == Enrolment::Denied
        && !needs_factor
    {
        let message = "`enrol: deny` needs `required_aal: aal2`: nobody is asked to enrol here";
        reading.problem(Problem::at(&enrolment.place, "contradiction", message));
    }
    let written = raw
        .requirement
        .max_age
        .as_ref()
        .map(|max_age| max_age.value);
    let default = defaults
        .max_age
        .filter(|_| required_aal != RequiredAal::None);
    Some(Requirement {
        required_aal,
        max_age: written.or(default),
        enrolment: raw
            .requirement
            .enrolment
            .as_ref()
            .map(|found| found.value)
            .unwrap_or_default(),
        steps: None,
    })
}
