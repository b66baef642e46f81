//! What a rule says about outages of the identity service.

use super::super::Context;
use super::super::raw::RawRule;
use crate::document::{Problem, Reading};
use crate::policy::Switches;

/// The rule's switches, with its own `serve_stale_when_down`. It can lower what the configuration
/// allows, so that one rule is stricter than the rest; raising it here would pass unnoticed there.
pub(super) fn switches_of(raw: &RawRule, context: &Context, reading: &mut Reading) -> Switches {
    let mut switches = raw.switches;
    if let Some(grace) = &raw.serve_stale_when_down {
        let allowed = context.serve_stale_when_down;
        if grace.value > allowed {
            let message = format!(
                "a rule can only lower `sessions.serve_stale_when_down`, which is {}ms",
                allowed.as_millis()
            );
            let help = "raise it in stepgate.yaml first, or give a lower value here";
            let problem = Problem::at(&grace.place, "contradiction", message);
            reading.problem(problem.help(help));
        }
        switches.serve_stale_when_down = Some(grace.value.min(allowed));
    }
    switches
}
