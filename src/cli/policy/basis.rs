//! Which rules a command is about, and what is around them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::authz;
use crate::cli::check::is_configuration;
use crate::config::{self, Config, DEFAULT_FILE, Environment};
use crate::document::Problems;
use crate::rehearsal::Stage;
use crate::rules::{self, Context};

/// Where rules come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Basis {
    /// A configuration, with the rules it names.
    Configuration(PathBuf),
    /// Rules by themselves: files and folders.
    Rules(Vec<PathBuf>),
}

impl Basis {
    /// What a command line names: paths as `check` takes them, or a configuration.
    pub(super) fn named(paths: &[PathBuf], config: Option<&Path>) -> Self {
        match (paths, config) {
            (_, Some(config)) => Self::Configuration(config.to_owned()),
            ([], None) => Self::Configuration(PathBuf::from(DEFAULT_FILE)),
            ([path], None) if is_configuration(path) => Self::Configuration(path.clone()),
            (paths, None) => Self::Rules(paths.to_vec()),
        }
    }

    /// Loads the rules, and what answers depend on.
    pub(super) fn load(&self, environment: &Environment) -> Result<Stage, Problems> {
        match self {
            Self::Configuration(path) => {
                let config = configuration(path, environment)?;
                let context = config.rule_context(environment);
                let rules = rules::load(&config.rules.paths, &context)?;
                Ok(stage(rules, Some(&config)))
            }
            Self::Rules(paths) => {
                let rules = rules::load(paths, &alone(environment))?;
                Ok(stage(rules, None))
            }
        }
    }
}

/// Reads a configuration.
pub(super) fn configuration(path: &Path, environment: &Environment) -> Result<Config, Problems> {
    let loaded = config::load(path, environment, &[]);
    loaded.config.ok_or(loaded.problems)
}

/// What rules are checked against where no configuration is around them.
pub(super) fn alone(environment: &Environment) -> Context {
    let environment = environment.clone();
    Context {
        variables: Arc::new(move |name| environment.variable(name)),
        ..Context::default()
    }
}

/// Rules with what answers depend on.
pub(super) fn stage(rules: crate::policy::RuleSet, config: Option<&Config>) -> Stage {
    Stage {
        rules: Arc::new(rules),
        answers: match config {
            Some(config) => config.answers.clone(),
            None => authz::Config::default(),
        },
        hides_lower_sessions: config.is_some_and(Config::hides_lower_sessions),
    }
}
