//! Configurations of Ory Kratos in a build that has no identity service to be configured.

use std::path::Path;

use super::Imported;
use crate::config::Environment;
use crate::document::{Problem, Problems};

pub(super) fn import(file: &Path, _environment: &Environment) -> Result<Imported, Problems> {
    let message = "this build of Stepgate has no identity service to be configured";
    let problem = Problem::with_file(&file.display().to_string(), "left_out", message);
    let mut problems = Problems::new();
    problems.add(problem.help("use a build with the feature `identity`"));
    Err(problems)
}
