//! `identity-config get`.

use http::Method;
use serde_json::{Map, Value};

use super::arguments::IdentityConfigArguments;
use super::table::shown;
use super::{RemoteError, client, run, tell_json};
use crate::cli::{Ending, output};
use crate::config::Environment;

pub(super) fn get(
    arguments: &IdentityConfigArguments,
    environment: &Environment,
) -> Result<Ending, RemoteError> {
    let client = client(&arguments.remote, environment)?;
    let path = ["stepgate", "v1", "config"];
    let all = run(async { Ok(client.call(Method::GET, &path, &[], None).await?) })?;
    let settings = all.as_object().into_iter().flatten();
    let mut tree = Value::Object(Map::new());
    for (path, value) in settings.filter(|(path, _)| path.starts_with("identity.")) {
        put(&mut tree, path, value);
    }
    if arguments.remote.format.is_json() {
        tell_json(&tree);
    } else {
        let mut text = String::new();
        write(&tree, 0, &mut text);
        output::tell(&text);
    }
    Ok(Ending::Well)
}

/// Puts a value at its dotted path.
fn put(tree: &mut Value, path: &str, value: &Value) {
    let mut at = tree;
    for key in path.split('.') {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Some(object) = at.as_object_mut() else {
            return;
        };
        at = object.entry(key).or_insert(Value::Null);
    }
    *at = value.clone();
}

/// YAML, in which scalars and lists are written as JSON.
fn write(value: &Value, depth: usize, text: &mut String) {
    let Some(object) = value.as_object() else {
        return;
    };
    for (key, value) in object {
        text.push_str(&"  ".repeat(depth));
        text.push_str(&shown(key));
        text.push(':');
        match value.as_object() {
            Some(inner) if !inner.is_empty() => {
                text.push('\n');
                write(value, depth + 1, text);
            }
            Some(_) | None => {
                text.push(' ');
                text.push_str(&value.to_string());
                text.push('\n');
            }
        }
    }
}
