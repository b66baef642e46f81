//! From a path to a [`Config`], or to all that is wrong.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::compose::compose;
use super::sections::File;
use super::{Config, Environment, Override, networks, overrides, upstream_jwt};
use crate::document::{
    self, FromNode as _, Node, Place, Problem, Problems, Reading, Setting, Source, Surroundings,
    Value,
};
use crate::rules::NetworkSets;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "stepgate.yaml";

/// What was read.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration; `None` when there are problems.
    pub config: Option<Config>,
    /// What is wrong.
    pub problems: Problems,
    /// Where the rules are, even if something else is wrong.
    pub rule_paths: Vec<PathBuf>,
    /// The sets of networks that rules may name, even if something else is wrong.
    pub networks: NetworkSets,
    /// Files that identity tokens' keys are read from.
    pub key_files: Vec<PathBuf>,
    /// Effective values and where each came from, as far as they could be read.
    pub settings: Vec<Setting>,
}

/// The variable that can hold the rules themselves, where no `rules` are written down.
pub const RULES_VARIABLE: &str = "STEPGATE_RULES";

/// Reads a configuration file. What the environment replaces counts over the file, what `flags`
/// replace counts over both. Relative paths begin in the file's folder.
///
/// Where the environment or flags say something, [`DEFAULT_FILE`] may be missing: what they say is
/// the whole configuration then.
#[must_use]
pub fn load(path: &Path, environment: &Environment, flags: &[Override]) -> Loaded {
    let mut problems = Problems::new();
    if !path.exists() {
        let told = !flags.is_empty() || !environment.overrides().is_empty();
        if told && path == Path::new(DEFAULT_FILE) {
            let nothing = Node {
                place: Place::start_of(&Source::new("the environment", "")),
                value: Value::Null,
            };
            return convert(nothing, path, (environment, flags), problems);
        }
        let name = path.display().to_string();
        let problem = Problem::with_file(&name, "unreadable", "there is no such file");
        let help = "`stepgate init` writes one; --config names another; without one, \
                    STEPGATE__.. variables are the configuration";
        problems.add(problem.help(help));
        return Loaded::failed(problems);
    }
    match document::read_file(path, &mut problems) {
        Some(root) => convert(root, path, (environment, flags), problems),
        None => Loaded::failed(problems),
    }
}

/// The folder that relative paths of a file begin in.
fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

pub(super) fn convert(
    mut root: Node,
    path: &Path,
    (environment, flags): (&Environment, &[Override]),
    mut problems: Problems,
) -> Loaded {
    let folder = folder_of(path);
    let around = Surroundings {
        variable: &|name| environment.variable(name),
        folder: &folder,
    };
    let key_files = upstream_jwt::key_files(&root, &folder);
    document::substitute(&mut root, &around, &mut problems);
    overrides::apply(&mut root, &environment.overrides(), &mut problems);
    overrides::apply(&mut root, flags, &mut problems);
    take_rules(&mut root, environment, &mut problems);
    let mut reading = Reading::in_folder(&folder);
    reading.problems = problems;
    let file = File::from_node(&root, &mut reading);
    let config = file.and_then(|file| compose(file, &mut reading));
    let settings = reading.settings().to_vec();
    let mut problems = reading.problems;
    problems.sort();
    Loaded {
        config: config.filter(|_| problems.is_empty()),
        problems,
        key_files,
        rule_paths: rule_paths(&settings),
        networks: networks::among(&settings),
        settings,
    }
}

/// Puts the variable that holds rules in the place of `rules`, which must not say another thing.
fn take_rules(root: &mut Node, environment: &Environment, problems: &mut Problems) {
    if environment.variable(RULES_VARIABLE).is_none() {
        return;
    }
    let place = format!("env:{RULES_VARIABLE}");
    let written = root.find("rules").filter(|rules| !rules.is_null());
    let Some(written) = written else {
        let given = Override {
            source: format!("environment variable {RULES_VARIABLE}"),
            path: vec!["rules".to_owned()],
            value: place,
            several: false,
        };
        return overrides::apply(root, &[given], problems);
    };
    let names = |node: &Node| node.as_scalar().is_some_and(|scalar| *scalar.text == place);
    let named = match written.as_list() {
        Some(items) => items.iter().any(names),
        None => names(written),
    };
    if !named {
        let message = format!("`rules` names other places, and {RULES_VARIABLE} is set");
        let help = format!("unset one of them, or add `{place}` to `rules`");
        problems.add(Problem::at(&written.place, "contradiction", message).help(help));
    }
}

/// The value of `rules`, which is known even where another section could not be read.
fn rule_paths(settings: &[Setting]) -> Vec<PathBuf> {
    let rules = settings.iter().find(|setting| setting.path == "rules");
    let paths = rules.and_then(|rules| rules.value.as_array());
    let paths = paths.into_iter().flatten().filter_map(Json::as_str);
    paths.map(PathBuf::from).collect()
}

impl Loaded {
    fn failed(problems: Problems) -> Self {
        Self {
            config: None,
            problems,
            key_files: Vec::new(),
            rule_paths: Vec::new(),
            networks: NetworkSets::default(),
            settings: Vec::new(),
        }
    }
}

/// JSON Schema of `stepgate.yaml`, for editors.
#[must_use]
pub fn schema() -> Json {
    let mut schema = document::schema_of::<File>();
    if let Some(object) = schema.as_object_mut() {
        let dialect = json!("https://json-schema.org/draft/2020-12/schema");
        object.insert("$schema".to_owned(), dialect);
        object.insert("title".to_owned(), json!("stepgate.yaml"));
    }
    schema
}
