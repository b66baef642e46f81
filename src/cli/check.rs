//! `check`: every problem of configuration and rules.

use std::path::{Path, PathBuf};

use super::arguments::CheckArguments;
use super::{Ending, output};
use crate::config::{self, Environment, context_of_rules_alone};
use crate::document::{self, Node, Problems, Value, to_json};
use crate::rules::{self, Context, NetworkSets};

/// What was looked at and found.
#[derive(Debug, Default)]
struct Found {
    problems: Problems,
    configurations: usize,
    rules: usize,
}

pub(super) fn run(arguments: &CheckArguments, environment: &Environment) -> Ending {
    let found = match arguments.paths.is_empty() {
        true => check(std::slice::from_ref(&arguments.config), true, environment),
        false => check(&arguments.paths, false, environment),
    };
    if arguments.format.is_json() {
        output::tell(&format!("{:#}\n", to_json(&found.problems)));
    } else if found.problems.is_empty() {
        output::tell(&format!("{}\n", all_is_well(&found)));
    } else {
        output::problems(&found.problems);
    }
    match found.problems.is_empty() {
        true => Ending::Well,
        false => Ending::Invalid,
    }
}

fn all_is_well(found: &Found) -> String {
    let rules = match found.rules {
        1 => "1 rule".to_owned(),
        count => format!("{count} rules"),
    };
    match found.configurations {
        0 => format!("no problems in {rules}"),
        _ => format!("no problems in the configuration and {rules}"),
    }
}

/// Checks configurations with the rules they name, and rules on their own.
fn check(paths: &[PathBuf], configuration: bool, environment: &Environment) -> Found {
    let mut found = Found::default();
    let mut rule_paths = Vec::new();
    for path in paths {
        if configuration || is_configuration(path) {
            check_configuration(path, environment, &mut found);
        } else {
            rule_paths.push(path.clone());
        }
    }
    if !rule_paths.is_empty() {
        let context = context_of_rules_alone(NetworkSets::default(), environment);
        check_rules(&rule_paths, &context, &mut found);
    }
    found
}

fn check_configuration(path: &Path, environment: &Environment, found: &mut Found) {
    found.configurations += 1;
    let loaded = config::load(path, environment, &[]);
    found.problems.append(loaded.problems);
    let (paths, context) = match loaded.config {
        Some(config) => (config.rules.paths.clone(), config.rule_context(environment)),
        // The rules have problems of their own to tell, whatever is wrong with the rest.
        None => {
            let context = context_of_rules_alone(loaded.networks, environment);
            (loaded.rule_paths, context)
        }
    };
    check_rules(&paths, &context, found);
}

fn check_rules(paths: &[PathBuf], context: &Context, found: &mut Found) {
    match rules::load(paths, context) {
        Ok(set) => found.rules += set.rules().len(),
        Err(problems) => found.problems.append(problems),
    }
}

/// Whether a path is a configuration rather than rules: by its keys, or else by its name.
pub(super) fn is_configuration(path: &Path) -> bool {
    if path.is_dir() {
        return false;
    }
    let named = path
        .file_name()
        .is_some_and(|name| name == config::DEFAULT_FILE);
    let root = document::read_file(path, &mut Problems::new());
    root.as_ref().and_then(looks_like).unwrap_or(named)
}

fn looks_like(root: &Node) -> Option<bool> {
    let has = |key| root.find(key).is_some();
    if ["version", "proxy", "identity", "admin", "telemetry"]
        .into_iter()
        .any(has)
    {
        return Some(true);
    }
    let rules_are_written_out = root
        .find("rules")
        .and_then(Node::as_list)
        .is_some_and(|rules| rules.iter().any(|rule| matches!(rule.value, Value::Map(_))));
    if rules_are_written_out
        || ["upstreams", "requirements", "defaults"]
            .into_iter()
            .any(has)
    {
        return Some(false);
    }
    None
}
