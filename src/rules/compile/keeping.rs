//! Whether `keep_body` can mean anything.

use http::Method;

use super::super::raw::RawRule;
use crate::document::{Problem, Reading};
use crate::policy::{RequiredAal, Requirement};

pub(super) fn check(raw: &RawRule, requirement: &Requirement, reading: &mut Reading) {
    if !raw.switches.keep_body {
        return;
    }
    let place = &raw.id.place;
    if requirement.required_aal == RequiredAal::None {
        let message = "`keep_body` keeps what is sent while more is asked for, but the rule asks \
                       for nothing";
        let help = "give `required_aal`, or leave `keep_body` out";
        reading.problem(Problem::at(place, "contradiction", message).help(help));
    }
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS];
    let only_safe = raw
        .matching
        .methods
        .as_ref()
        .is_some_and(|methods| methods.iter().all(|method| safe.contains(&method.value)));
    if only_safe {
        let message = "`keep_body` keeps what POST, PUT, PATCH and DELETE send, and the rule \
                       names none of them";
        let help = "leave `keep_body` out: these requests are simply made again";
        reading.problem(Problem::at(place, "contradiction", message).help(help));
    }
}
