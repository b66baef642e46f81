//! A configuration of Ory Kratos, as one of ours.

use std::fmt::Write as _;
use std::path::Path;

use super::yaml::{quoted, scalar};
use super::{Imported, LeftOut};
use crate::config::{Environment, read_kratos};
use crate::document::{Node, Problem, Problems, Value, read_file};

/// How often a part that can't be read is taken out before giving up.
const MAX_ROUNDS: usize = 100;

pub(super) fn import(file: &Path, environment: &Environment) -> Result<Imported, Problems> {
    let mut problems = Problems::new();
    let Some(mut tree) = read_file(file, &mut problems) else {
        return Err(problems);
    };
    let whole = tree.clone();
    let mut left_out = Vec::new();
    let mut is_whole = true;
    for _ in 0..MAX_ROUNDS {
        let (notices, problems) = read_kratos(&tree, file, environment);
        let Some(problem) = problems.iter().next() else {
            left_out.extend(notices.iter().map(|notice| at_key(notice, &whole)));
            left_out.sort_by_key(|found| found.line);
            let text = write(file, &whole, (!is_whole).then_some(&tree));
            return Ok(Imported { text, left_out });
        };
        if !prune(&mut tree, problem) {
            return Err(problems);
        }
        is_whole = false;
        let place = &whole.place;
        left_out.push(LeftOut {
            line: problem.line,
            ..LeftOut::at(place, None, problem.code, problem.message.clone())
        });
    }
    Err(problems)
}

/// A notice names its key in the first backticks.
fn at_key(notice: &str, tree: &Node) -> LeftOut {
    let key = notice.split('`').nth(1).unwrap_or_default();
    let mut node = tree;
    for name in key.split('.') {
        match node.find(name) {
            Some(inner) => node = inner,
            None => break,
        }
    }
    LeftOut::at(&node.place, None, key, notice)
}

/// Takes out the part that a problem is about; whether there was one.
fn prune(node: &mut Node, problem: &Problem) -> bool {
    let is_at =
        |node: &Node| (node.place.line(), node.place.column()) == (problem.line, problem.column);
    match &mut node.value {
        Value::Map(entries) => {
            let found = entries.iter().position(|entry| {
                let key = (entry.key.place.line(), entry.key.place.column());
                key == (problem.line, problem.column) || is_at(&entry.value)
            });
            if let Some(index) = found {
                entries.remove(index);
                return true;
            }
            entries
                .iter_mut()
                .any(|entry| prune(&mut entry.value, problem))
        }
        Value::List(items) => {
            if let Some(index) = items.iter().position(is_at) {
                items.remove(index);
                return true;
            }
            items.iter_mut().any(|item| prune(item, problem))
        }
        Value::Null | Value::Scalar(_) => false,
    }
}

fn text_at<'a>(tree: &'a Node, path: &[&str]) -> Option<&'a str> {
    let node = path.iter().try_fold(tree, |node, name| node.find(name))?;
    node.as_scalar().map(|scalar| &*scalar.text)
}

/// `rest`: what is left of the file where it can't be used as it is.
fn write(file: &Path, tree: &Node, rest: Option<&Node>) -> String {
    let port = text_at(tree, &["serve", "public", "port"]).unwrap_or("4433");
    let admin = text_at(tree, &["serve", "admin", "port"]).unwrap_or("4434");
    let public_url = match text_at(tree, &["serve", "public", "base_url"]) {
        Some(url) => url.to_owned(),
        None => format!("http://localhost:{port}/"),
    };
    let cookie = text_at(tree, &["session", "cookie", "name"]).unwrap_or("ory_kratos_session");
    let level = text_at(tree, &["session", "whoami", "required_aal"]).unwrap_or("aal1");
    let has_pages = text_at(tree, &["selfservice", "flows", "login", "ui_url"]).is_some();
    let mut text = format!(
        "# Made from the configuration of Ory Kratos in {}.\nversion: 1\n\n\
         proxy:\n  listen:\n    - address: 127.0.0.1:4455\n\nrules: rules/\n\n\
         # Stepgate's own identity service in the place of Kratos. To keep the Kratos that runs,\n\
         # write this instead:\n#\n# identity:\n#   external:\n#     public_url: http://127.0.0.1:{port}\n\
         #     browser_url: {}\n#     admin_url: http://127.0.0.1:{admin}\n\
         #     session_cookie: {}\n#     whoami_required_aal: {}\n\
         identity:\n  embedded:\n    mount: null\n    listen: 127.0.0.1:{port}\n    browser_url: {}\n\
         \x20   # A database of its own: that of Kratos has other tables.\n\
         \x20   database: sqlite:data/stepgate.db\n",
        file.display(),
        quoted(public_url.trim_end_matches('/')),
        scalar(cookie),
        scalar(level),
        quoted(&public_url),
    );
    if has_pages {
        text.push_str(
            "    # Its flows lead to pages of your own; leave this out for the built-in ones.\n",
        );
        text.push_str("    ui: external\n");
    }
    match rest {
        None => {
            let _ok = writeln!(
                text,
                "    kratos_config: {}",
                scalar(&file.display().to_string())
            );
        }
        Some(rest) => {
            text.push_str("    # What could be taken over; the rest was told on standard error.\n");
            text.push_str("    # Relative paths begin in the folder of this file.\n");
            text.push_str("    kratos:\n");
            write_node(&mut text, rest, 6);
        }
    }
    let _ok = writeln!(text, "\nadmin:\n  listen: 127.0.0.1:{admin}");
    text
}

/// A section or list, each entry on lines of its own behind so many blanks.
fn write_node(text: &mut String, node: &Node, indent: usize) {
    let blanks = " ".repeat(indent);
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                let _ok = write!(text, "{blanks}{}:", scalar(&entry.key.text));
                write_value(text, &entry.value, indent);
            }
        }
        Value::List(items) => {
            for item in items {
                let _ok = write!(text, "{blanks}-");
                write_value(text, item, indent);
            }
        }
        Value::Null | Value::Scalar(_) => {}
    }
}

fn write_value(text: &mut String, node: &Node, indent: usize) {
    let written = match &node.value {
        Value::Null => "null".to_owned(),
        Value::Scalar(scalar) if scalar.plain => scalar.text.to_string(),
        Value::Scalar(scalar) => quoted(&scalar.text),
        Value::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Value::List(items) if items.is_empty() => "[]".to_owned(),
        Value::Map(_) | Value::List(_) => {
            text.push('\n');
            return write_node(text, node, indent + 2);
        }
    };
    let _ok = writeln!(text, " {written}");
}
