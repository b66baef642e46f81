//! `test`: cases put to rules.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::arguments::{ReportFormat, TestArguments};
use super::basis::{Basis, configuration};
use crate::cli::{Ending, output};
use crate::clock::Clock;
use crate::config::{DEFAULT_FILE, Environment};
use crate::document::{FromNode as _, Node, Problem, Problems, Reading, read_file};
use crate::rehearsal::{CaseFile, Ran, Stage};
use crate::rehearsal::{report_as_json, report_as_junit, report_as_text};
use crate::rules::holds_cases;

/// Deepest folder that is looked into.
const MAX_DEPTH: usize = 16;

pub(in crate::cli) fn run(arguments: &TestArguments, environment: &Environment) -> Ending {
    match ran(arguments, environment) {
        Ok(ran) => {
            output::tell(&match arguments.format {
                ReportFormat::Text => report_as_text(&ran),
                ReportFormat::Json => format!("{:#}\n", report_as_json(&ran)),
                ReportFormat::Junit => report_as_junit(&ran),
            });
            match ran.failed() {
                0 => Ending::Well,
                _ => Ending::Failed,
            }
        }
        Err(problems) => {
            output::problems(&problems);
            Ending::Invalid
        }
    }
}

fn ran(arguments: &TestArguments, environment: &Environment) -> Result<Ran, Problems> {
    let mut tests = Tests {
        environment,
        config: arguments.config.as_deref(),
        rule_files: Vec::new(),
        problems: Problems::new(),
    };
    let folders = tests.folders(arguments.folder.as_deref())?;
    let mut cases = Vec::new();
    for folder in &folders {
        let mut files = Vec::new();
        find_yaml(folder, 0, &mut files, &mut tests.problems);
        for file in files {
            let Some(root) = read_file(&file, &mut tests.problems) else {
                continue;
            };
            match holds_cases(&root) {
                true => cases.extend(tests.read(&file, &root)),
                false => tests.rule_files.push(file),
            }
        }
    }
    if cases.is_empty() && tests.problems.is_empty() {
        let name = folders.first().map(|folder| folder.display().to_string());
        let message = "there are no cases: no YAML file with a list under `tests`";
        let problem = Problem::with_file(&name.unwrap_or_default(), "no_cases", message);
        tests.problems.add(problem);
    }
    let ran = tests.put(cases);
    match tests.problems.is_empty() {
        true => Ok(ran),
        false => Err(tests.problems),
    }
}

struct Tests<'a> {
    environment: &'a Environment,
    config: Option<&'a Path>,
    /// YAML files beside the cases, which may be rules.
    rule_files: Vec<PathBuf>,
    problems: Problems,
}

impl Tests<'_> {
    /// Where cases are looked for.
    fn folders(&self, named: Option<&Path>) -> Result<Vec<PathBuf>, Problems> {
        if let Some(folder) = named {
            return Ok(vec![folder.to_owned()]);
        }
        let config = self.config.unwrap_or_else(|| Path::new(DEFAULT_FILE));
        Ok(configuration(config, self.environment)?.rules.paths)
    }

    fn read(&mut self, file: &Path, root: &Node) -> Option<(PathBuf, CaseFile)> {
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        let mut reading = Reading::in_folder(folder).without_settings();
        let cases = CaseFile::from_node(root, &mut reading);
        self.problems.append(reading.problems);
        Some((file.to_owned(), cases?))
    }

    /// Puts each file's cases to its rules. Rules that several files share are loaded once.
    fn put(&mut self, files: Vec<(PathBuf, CaseFile)>) -> Ran {
        let clock = Clock::system();
        let mut ran = Ran::default();
        let mut stages: HashMap<Basis, Option<Stage>> = HashMap::new();
        for (file, cases) in files {
            let Some(basis) = self.basis(&file, &cases) else {
                continue;
            };
            let stage = stages.entry(basis).or_insert_with_key(|basis| {
                let loaded = basis.load(self.environment);
                loaded
                    .map_err(|problems| self.problems.append(problems))
                    .ok()
            });
            if let Some(stage) = stage {
                ran.put(cases.cases, stage, &clock);
            }
        }
        ran
    }

    /// The rules that a file's cases are put to.
    fn basis(&mut self, file: &Path, cases: &CaseFile) -> Option<Basis> {
        if !cases.rules.is_empty() {
            return Some(Basis::Rules(cases.rules.clone()));
        }
        if let Some(config) = &cases.config {
            return Some(Basis::Configuration(config.clone()));
        }
        if let Some(config) = self.config {
            return Some(Basis::Configuration(config.to_owned()));
        }
        let beside = self.beside(file);
        if let Some(config) = nearest_configuration(file)
            && self.covers(&config, &beside)
        {
            return Some(Basis::Configuration(config));
        }
        if beside.is_empty() {
            let name = file.display().to_string();
            let message = "no rules are found for these cases";
            let problem = Problem::with_file(&name, "no_rules", message);
            let help = "name them with `rules:` or `config:` in the file, or with --config";
            self.problems.add(problem.help(help));
            return None;
        }
        Some(Basis::Rules(beside))
    }

    /// The rule files of the nearest folder that has some: the file's own or one above it; else
    /// all that were found.
    fn beside(&self, file: &Path) -> Vec<PathBuf> {
        let mut folder = file.parent();
        while let Some(here) = folder {
            let mut files = Vec::new();
            list_yaml(here, &mut files, &mut Problems::new());
            files.retain(|path| is_rules(path));
            if !files.is_empty() {
                return files;
            }
            folder = here.parent().filter(|above| !above.as_os_str().is_empty());
        }
        let found = self.rule_files.iter().filter(|path| is_rules(path));
        found.cloned().collect()
    }

    /// Whether the rules of a configuration are those beside the cases, or there are no others.
    fn covers(&self, config: &Path, beside: &[PathBuf]) -> bool {
        if beside.is_empty() {
            return true;
        }
        let Ok(config) = configuration(config, self.environment) else {
            return false;
        };
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        let named: Vec<PathBuf> = config
            .rules
            .paths
            .iter()
            .filter_map(|path| real(path))
            .collect();
        beside.iter().filter_map(|path| real(path)).any(|path| {
            named
                .iter()
                .any(|named| path == *named || path.parent() == Some(named.as_path()))
        })
    }
}

/// The configuration in the folder of the cases or in one above it, or in the working directory.
fn nearest_configuration(file: &Path) -> Option<PathBuf> {
    let above = file
        .ancestors()
        .skip(1)
        .map(|folder| folder.join(DEFAULT_FILE));
    above
        .chain([PathBuf::from(DEFAULT_FILE)])
        .find(|path| path.is_file())
}

/// Whether a file holds rules, and is no configuration.
fn is_rules(path: &Path) -> bool {
    let Some(root) = read_file(path, &mut Problems::new()) else {
        return false;
    };
    let written_out = root.find("rules").and_then(Node::as_list);
    let is_section = |rule: &Node| rule.as_map().is_some();
    !holds_cases(&root) && written_out.is_some_and(|rules| rules.iter().any(is_section))
}

/// YAML files of a folder and of all below it, by name. A file is taken as it is.
fn find_yaml(path: &Path, depth: usize, files: &mut Vec<PathBuf>, problems: &mut Problems) {
    if !path.is_dir() {
        files.push(path.to_owned());
        return;
    }
    let folders = list_yaml(path, files, problems);
    if depth < MAX_DEPTH {
        for folder in folders {
            find_yaml(&folder, depth + 1, files, problems);
        }
    }
}

/// Adds the YAML files of a folder, and gives the folders in it; hidden ones are left out.
fn list_yaml(folder: &Path, files: &mut Vec<PathBuf>, problems: &mut Problems) -> Vec<PathBuf> {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).and_then(Iterator::collect);
    let mut entries: Vec<PathBuf> = match entries {
        Ok(entries) => entries.iter().map(std::fs::DirEntry::path).collect(),
        Err(error) => {
            let name = folder.display().to_string();
            let message = format!("can't be read: {error}");
            problems.add(Problem::with_file(&name, "unreadable", message));
            return Vec::new();
        }
    };
    entries.sort();
    let hidden = |path: &Path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'))
    };
    entries.retain(|path| !hidden(path));
    let (folders, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.is_dir());
    let is_yaml = |path: &PathBuf| {
        path.extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml")
    };
    files.extend(others.into_iter().filter(is_yaml));
    folders
}
