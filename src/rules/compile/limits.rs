//! How often a rule may be used: written to meant.

use super::super::raw::RawRule;
use crate::document::{Problem, Reading};
use crate::policy::{LimitOf, Limits, RequiredAal, Requirement};

pub(super) fn limits_of(
    raw: &RawRule,
    requirement: &Requirement,
    reading: &mut Reading,
) -> Option<Box<Limits>> {
    let limits = raw.limits.as_ref()?;
    let by_session = match limits.value.of {
        LimitOf::Session => true,
        LimitOf::Address => false,
    };
    if by_session && requirement.required_aal == RequiredAal::None {
        let message = "the rule asks for no session, so there is none to count by";
        let help = "write `per: ip`, or ask for a session with `required_aal`";
        let problem = Problem::at(&limits.place, "contradiction", message);
        reading.problem(problem.help(help));
    }
    Some(Box::new(limits.value))
}
