//! `${NAME}`, `${NAME:-default}` and `${file:path}` in values.

use std::path::{Path, PathBuf};

use super::{Node, Place, Problem, Problems, Scalar, Value};

/// Largest file that `${file:..}` reads, in bytes: keys and tokens are far smaller.
const MAX_SECRET_FILE_BYTES: u64 = 1024 * 1024;

/// What a document may ask its surroundings for.
pub struct Surroundings<'a> {
    /// The environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The folder that relative paths begin in.
    pub folder: &'a Path,
}

/// Fills in every `${..}` of a tree's values (not of its keys). `$${` stands for a plain `${`.
/// An unset name, an unreadable file and a bracket that isn't closed are problems.
pub fn substitute(node: &mut Node, around: &Surroundings<'_>, problems: &mut Problems) {
    match &mut node.value {
        Value::Null => {}
        Value::Scalar(scalar) => fill(scalar, &node.place, around, problems),
        Value::List(items) => {
            for item in items {
                substitute(item, around, problems);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                substitute(&mut entry.value, around, problems);
            }
        }
    }
}

fn fill(scalar: &mut Scalar, place: &Place, around: &Surroundings<'_>, problems: &mut Problems) {
    if !scalar.text.contains("${") {
        return;
    }
    let mut filled = String::with_capacity(scalar.text.len());
    let mut rest = &*scalar.text;
    let mut from_outside = false;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(kept) = before.strip_suffix('$') {
            filled.push_str(kept);
            filled.push_str("${");
            rest = after;
            continue;
        }
        filled.push_str(before);
        let Some((inside, behind)) = after.split_once('}') else {
            let problem = Problem::at(place, "substitution", "`${` is not closed by `}`");
            problems.add(problem.help("write `$${` for a plain `${`"));
            return;
        };
        match value_of(inside, around) {
            Ok(value) => filled.push_str(&value),
            Err((message, help)) => {
                problems.add(Problem::at(place, "substitution", message).help(help));
            }
        }
        from_outside = true;
        rest = behind;
    }
    filled.push_str(rest);
    scalar.text = filled.into_boxed_str();
    scalar.hidden = from_outside;
}

fn value_of(inside: &str, around: &Surroundings<'_>) -> Result<String, (String, String)> {
    if let Some(path) = inside.strip_prefix("file:") {
        let path = around.folder.join(path);
        return content_of(&path).map_err(|error| {
            let message = format!("the file {} can't be read: {error}", path.display());
            (message, "paths begin in the folder of this file".to_owned())
        });
    }
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let well_formed = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if name.is_empty() || !well_formed {
        let help = "write ${NAME}, ${NAME:-default} or ${file:path}; $${ stands for a plain ${";
        return Err((format!("`${{{inside}}}` is no name"), help.to_owned()));
    }
    // As shells do, `:-` covers an empty variable too.
    let set = (around.variable)(name).filter(|value| default.is_none() || !value.is_empty());
    set.or_else(|| default.map(str::to_owned)).ok_or_else(|| {
        let message = format!("the environment has no `{name}`");
        (
            message,
            format!("set it, or give a default: ${{{name}:-default}}"),
        )
    })
}

fn content_of(path: &PathBuf) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut content = String::new();
    let file = std::fs::File::open(path)?;
    let read = file
        .take(MAX_SECRET_FILE_BYTES + 1)
        .read_to_string(&mut content)?;
    if read as u64 > MAX_SECRET_FILE_BYTES {
        let message = "it is larger than 1 MiB";
        return Err(std::io::Error::other(message));
    }
    Ok(content.trim().to_owned())
}
