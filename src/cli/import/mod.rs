//! `import`: what other programs were told, in our words.
//!
//! What is written never allows more than what was read; what could not be translated is told.

#[cfg(feature = "identity")]
mod kratos;
#[cfg(not(feature = "identity"))]
#[path = "no_kratos.rs"]
mod kratos;
mod oathkeeper;
mod yaml;

use std::path::Path;

use super::arguments::ImportCommand;
use super::{Ending, output};
use crate::config::Environment;
use crate::document::{Node, Place, Problems, Source, parse};

/// Something that was read and has no place in what is written.
struct LeftOut {
    file: String,
    line: u32,
    rule: Option<String>,
    handler: String,
    why: String,
}

impl LeftOut {
    fn at(place: &Place, rule: Option<&str>, handler: &str, why: impl Into<String>) -> Self {
        Self {
            file: place.file().to_string(),
            line: place.line(),
            rule: rule.map(str::to_owned),
            handler: handler.to_owned(),
            why: why.into(),
        }
    }

    fn line(&self) -> String {
        let rule = match &self.rule {
            Some(rule) => format!("rule `{rule}`: "),
            None => String::new(),
        };
        let Self {
            file,
            line,
            handler,
            why,
            ..
        } = self;
        format!("{file}:{line}: {rule}{handler}: {why}\n")
    }
}

/// What an import comes to.
struct Imported {
    text: String,
    left_out: Vec<LeftOut>,
}

pub(super) fn run(command: &ImportCommand, environment: &Environment) -> Ending {
    let imported = match command {
        ImportCommand::Oathkeeper { files } => oathkeeper::import(files),
        ImportCommand::Kratos { file } => kratos::import(file, environment),
    };
    match imported {
        Ok(imported) => {
            output::tell(&imported.text);
            let lines: String = imported.left_out.iter().map(LeftOut::line).collect();
            output::complain(&lines);
            match imported.left_out.is_empty() {
                true => Ending::Well,
                false => Ending::Failed,
            }
        }
        Err(problems) => {
            output::problems(&problems);
            Ending::Invalid
        }
    }
}

/// Reads a YAML or JSON document, or one JSON document a line.
fn read(path: &Path, problems: &mut Problems) -> Option<Node> {
    let is_lines = path
        .extension()
        .is_some_and(|ending| ending == "jsonl" || ending == "ndjson");
    if !is_lines {
        return crate::document::read_file(path, problems);
    }
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&Source::new(&name, &listed(&text)), problems),
        Err(error) => {
            let message = format!("the file can't be read: {error}");
            problems.add(crate::document::Problem::with_file(
                &name,
                "unreadable",
                message,
            ));
            None
        }
    }
}

/// Documents on lines of their own as one list; the lines keep their numbers.
fn listed(text: &str) -> String {
    let lines = text.lines().map(|line| match line.trim().is_empty() {
        true => "\n".to_owned(),
        false => format!("- {line}\n"),
    });
    lines.collect()
}
