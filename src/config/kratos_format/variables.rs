//! Kratos' own environment variables: the names of a key in capitals, joined by `_`
//! (`SERVE_PUBLIC_BASE_URL`); the items of a list are separated by commas.

use serde_json::Value as Json;

use super::{Form, read};
use crate::config::{Environment, Override};
use crate::document::{FromNode, Node, Reading, schema_of};

/// All keys, so that their schema can be had.
struct Whole;

impl FromNode for Whole {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        read(node, Form::Alone, reading).map(|_| Self)
    }
}

/// What variables of this environment replace in a file in Kratos' format.
pub(in crate::config) fn overrides(environment: &Environment) -> Vec<Override> {
    let mut found = Vec::new();
    find(
        &schema_of::<Whole>(),
        &mut Vec::new(),
        environment,
        &mut found,
    );
    found
}

fn find(
    schema: &Json,
    path: &mut Vec<String>,
    environment: &Environment,
    found: &mut Vec<Override>,
) {
    if let Some(keys) = schema.get("properties").and_then(Json::as_object) {
        for (key, inner) in keys {
            path.push(key.clone());
            find(inner, path, environment, found);
            path.pop();
        }
        return;
    }
    let name = path.join("_").to_ascii_uppercase().replace('-', "_");
    let Some(value) = environment.variable(&name) else {
        return;
    };
    found.push(Override {
        source: format!("environment variable {name}"),
        path: path.clone(),
        value,
        several: is_list(schema),
    });
}

/// Also one that may be `null`.
fn is_list(schema: &Json) -> bool {
    let choices = schema.get("anyOf").and_then(Json::as_array);
    let mut all = std::iter::once(schema).chain(choices.into_iter().flatten());
    all.any(|one| one.get("type").is_some_and(|kind| kind == "array"))
}
