//! `diff`: what another set of rules would change.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::arguments::DiffArguments;
use super::basis::{alone, configuration};
use crate::cli::{Ending, output};
use crate::clock::Clock;
use crate::config::Environment;
use crate::document::{Problem, Problems};
use crate::rehearsal::diff::{Changes, Direction, NotALog, Sets};
use crate::rehearsal::diff::{changes_as_json, changes_as_text, compare, replay};
use crate::rules::{self, Context};

/// The requests can't be had.
#[derive(Debug, thiserror::Error)]
enum NoRequests {
    #[error("{} can't be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{}: {source}", path.display())]
    NotALog { path: PathBuf, source: NotALog },
}

pub(in crate::cli) fn run(arguments: &DiffArguments, environment: &Environment) -> Ending {
    let sets = match load(arguments, environment) {
        Ok(sets) => sets,
        Err(problems) => {
            output::problems(&problems);
            return Ending::Invalid;
        }
    };
    let changes = match changes(arguments, &sets) {
        Ok(changes) => changes,
        Err(error) => {
            output::failure(&error);
            return Ending::Invalid;
        }
    };
    output::tell(&match arguments.format.is_json() {
        true => format!("{:#}\n", changes_as_json(&changes)),
        false => changes_as_text(&changes),
    });
    match changes.count(Direction::Looser) {
        0 => Ending::Well,
        _ => Ending::Failed,
    }
}

fn changes(arguments: &DiffArguments, sets: &Sets) -> Result<Changes, NoRequests> {
    let now = Clock::system().wall();
    let Some(path) = &arguments.requests else {
        return Ok(compare(sets, now));
    };
    let path = path.clone();
    match std::fs::read_to_string(&path) {
        Ok(log) => replay(sets, &log, now).map_err(|source| NoRequests::NotALog { path, source }),
        Err(source) => Err(NoRequests::Unreadable { path, source }),
    }
}

/// Both sets, or the problems of both.
fn load(arguments: &DiffArguments, environment: &Environment) -> Result<Sets, Problems> {
    let context = match &arguments.config {
        Some(path) => around(path, environment)?,
        None => alone(environment),
    };
    match (set(&arguments.old, &context), set(&arguments.new, &context)) {
        (Ok(old), Ok(new)) => Ok(Sets { old, new }),
        (old, new) => {
            let mut problems = Problems::new();
            for problem in [old.err(), new.err()].into_iter().flatten() {
                problems.append(problem);
            }
            Err(problems)
        }
    }
}

/// What a configuration gives to rules, without what it forbids them: rules that are compared need
/// not be those that it serves.
fn around(path: &Path, environment: &Environment) -> Result<Context, Problems> {
    let context = configuration(path, environment)?.rule_context(environment);
    Ok(Context {
        reserved: Vec::new(),
        session_reach: None,
        ..context
    })
}

fn set(path: &Path, context: &Context) -> Result<Arc<crate::policy::RuleSet>, Problems> {
    if !path.exists() {
        let mut problems = Problems::new();
        let name = path.display().to_string();
        let message = "there is no such file or folder";
        problems.add(Problem::with_file(&name, "unreadable", message));
        return Err(problems);
    }
    rules::load(&[path.to_owned()], context).map(Arc::new)
}
