//! `condition`: of a rule, of the set that it names, of the defaults of its file.

use std::sync::Arc;

use super::super::raw::RawRequirement;
use crate::document::{Problem, Reading};
use crate::expression::{Kind, Program, Scope, compile_at};
use crate::policy::Condition;

/// What is wrong with conditions wherever they are written.
pub(super) fn check_alone(requirement: &RawRequirement, reading: &mut Reading) {
    for written in &requirement.conditions {
        compile_at(written, Kind::Condition, Scope::Request, reading);
    }
}

/// On a rule that never learns who asks, only the request can be looked at.
pub(super) fn check_unidentified(whole: &RawRequirement, reading: &mut Reading) {
    for written in &whole.conditions {
        let program = Program::compile(&written.value, Kind::Condition);
        if !program.is_ok_and(|program| program.reads_session()) {
            continue;
        }
        let message = "the condition reads the session, but the rule asks for none";
        let help = "write `identify: true`, so that a session counts where there is one, or ask \
                    for one with `required_aal`";
        reading.problem(Problem::at(&written.place, "contradiction", message).help(help));
    }
}

/// All of them together. One that can't be read was told already, so that none of these rules
/// comes into force.
pub(super) fn meaning(whole: &RawRequirement) -> Option<Arc<Condition>> {
    let written = whole.conditions.iter();
    let programs: Vec<Program> = written
        .filter_map(|written| Program::compile(&written.value, Kind::Condition).ok())
        .collect();
    (!programs.is_empty()).then(|| Arc::new(Condition::new(programs)))
}
