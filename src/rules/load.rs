//! Rule files to a rule set.

use std::collections::BTreeSet;
use std::hash::Hash as _;
use std::path::{Path, PathBuf};

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use super::check::into_set;
use super::compile::Compiled;
use super::{Context, variable_of};
use crate::document::{Node, Problem, Problems, Reading, Source, Surroundings};
use crate::document::{parse, read_file, substitute};
use crate::policy::RuleSet;

/// Loads every rule file of `paths`: files as they are, and the `*.yaml` files of directories
/// (`*.yml` too; hidden ones and files of cases are left out), by name. `env:NAME` is the text in a
/// variable of the environment.
///
/// # Errors
/// Every problem of every file, in the order of the files. The set is whole or not at all.
pub fn load(paths: &[PathBuf], context: &Context) -> Result<RuleSet, Problems> {
    let mut problems = Problems::new();
    let files = find_files(paths, &mut problems);
    let mut compiled = Compiled::default();
    for file in &files {
        let read = match variable_of(file) {
            Some(name) => read_variable(name, context, &mut problems),
            None => read_file(file, &mut problems),
        };
        if let Some(node) = read.filter(|node| !holds_cases(node)) {
            let folder = match variable_of(file) {
                Some(_) => Path::new(""),
                None => file.parent().unwrap_or_else(|| Path::new("")),
            };
            add(&mut compiled, node, folder, context, &mut problems);
        }
    }
    finish(compiled, context, problems)
}

/// The rules in a variable. Problems show none of its text: environments hold secrets.
fn read_variable(name: &str, context: &Context, problems: &mut Problems) -> Option<Node> {
    if let Some(text) = (context.variables)(name) {
        return parse(&Source::unshown(&format!("env:{name}"), &text), problems);
    }
    let message = format!("the variable {name} is not set");
    problems.add(Problem::with_file(
        &format!("env:{name}"),
        "unset_variable",
        message,
    ));
    None
}

/// Compiles one text as if it were the only rule file. `name` stands in its problems.
///
/// # Errors
/// Every problem of the text.
pub fn compile(name: &str, text: &str, context: &Context) -> Result<RuleSet, Problems> {
    let mut problems = Problems::new();
    let mut compiled = Compiled::default();
    if let Some(node) = parse(&Source::new(name, text), &mut problems) {
        add(&mut compiled, node, Path::new(""), context, &mut problems);
    }
    finish(compiled, context, problems)
}

fn add(
    compiled: &mut Compiled,
    mut node: Node,
    folder: &Path,
    context: &Context,
    problems: &mut Problems,
) {
    let around = Surroundings {
        variable: &*context.variables,
        folder,
    };
    substitute(&mut node, &around, problems);
    let mut reading = Reading::in_folder(folder).without_settings();
    compiled.add_file(&node, context, &mut reading);
    problems.append(reading.problems);
}

fn finish(
    compiled: Compiled,
    context: &Context,
    mut problems: Problems,
) -> Result<RuleSet, Problems> {
    match into_set(compiled, context, &mut problems) {
        Some(set) if problems.is_empty() => Ok(set),
        Some(_) | None => {
            problems.sort();
            Err(problems)
        }
    }
}

/// Whether a file holds cases for `stepgate test`, which may lie beside the rules: it has `tests`,
/// and nothing that only rules have.
#[must_use]
pub fn holds_cases(root: &Node) -> bool {
    let has_rules = root
        .find("rules")
        .and_then(Node::as_list)
        .is_some_and(|rules| rules.iter().any(|rule| rule.as_map().is_some()));
    let only_of_rules = ["upstreams", "defaults", "requirements", "networks"];
    root.find("tests").is_some()
        && !has_rules
        && !only_of_rules.iter().any(|key| root.find(key).is_some())
}

/// The files that `paths` stand for, each once.
pub(super) fn find_files(paths: &[PathBuf], problems: &mut Problems) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let found = if path.is_dir() {
            list_directory(path, problems)
        } else {
            vec![path.clone()]
        };
        files.extend(found.into_iter().filter(|file| seen.insert(file.clone())));
    }
    files
}

fn list_directory(directory: &Path, problems: &mut Problems) -> Vec<PathBuf> {
    let entries: Result<Vec<_>, _> = std::fs::read_dir(directory).and_then(Iterator::collect);
    let entries = match entries {
        Ok(entries) => entries,
        Err(error) => {
            let message = format!("the directory can't be read: {error}");
            let name = directory.display().to_string();
            problems.add(Problem::with_file(&name, "unreadable", message));
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = entries
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| is_rule_file(path))
        .collect();
    files.sort();
    files
}

fn is_rule_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let has_ending = path
        .extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml");
    has_ending && !name.starts_with('.') && !path.is_dir()
}

/// A number that changes when a rule file changes, comes or goes.
pub(super) fn fingerprint(paths: &[PathBuf]) -> u128 {
    let mut hasher = SipHasher13::new();
    for file in find_files(paths, &mut Problems::new()) {
        file.hash(&mut hasher);
        std::fs::read(&file).ok().hash(&mut hasher);
    }
    hasher.finish128().as_u128()
}
