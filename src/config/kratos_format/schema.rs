//! `identity`: schemas, read from files or from the configuration itself.

use serde_json::{Value, json};

use super::linked::fetch;
use super::{Form, refuse_node};
use crate::document::{Fields, FromNode, Node, Reading};
use crate::identity::schema::{IdentitySchema, Schemas};

/// The schema of an embedded service that names none.
const BUILT_IN: &str = include_str!("person.schema.json");

struct Entry {
    schema: IdentitySchema,
}

impl FromNode for Entry {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let id: Option<String> = fields.required("id");
        let url: Option<String> = fields.required("url");
        fields.raw("selfservice_selectable", json!({"type": "boolean"}));
        fields.close();
        let (id, url) = (id?, url?);
        let at = node.find("url").unwrap_or(node);
        let read = fetch(&url, &reading.folder)
            .and_then(|text| serde_json::from_str(&text).map_err(|why| why.to_string()))
            .and_then(|document: Value| {
                IdentitySchema::compile(id.clone(), document).map_err(|why| why.to_string())
            });
        match read {
            Ok(schema) => Some(Self { schema }),
            Err(why) => {
                refuse_node(reading, at, format!("the identity schema `{id}`: {why}"));
                None
            }
        }
    }
}

pub(super) fn read(section: &mut Fields<'_, '_>, form: Form) -> Option<Schemas> {
    let default_id: Option<String> = section.get("default_schema_id");
    let written: Option<Vec<Entry>> = match form {
        Form::Alone => section.required("schemas"),
        Form::Embedded { .. } => section.get("schemas"),
    };
    let Some(entries) = written else {
        if section.has("schemas") || form == Form::Alone {
            return None;
        }
        return built_in(default_id.as_deref().unwrap_or("default"));
    };
    let default_id = default_id.unwrap_or_else(|| "default".to_owned());
    let schemas = entries.into_iter().map(|entry| entry.schema).collect();
    let schemas = Schemas::new(default_id.clone(), schemas);
    if schemas.is_none() {
        let message = format!("there is no schema `{default_id}`, or two share an id");
        section.problem_at("schemas", "invalid_value", message, None);
    }
    schemas
}

fn built_in(id: &str) -> Option<Schemas> {
    let document = serde_json::from_str(BUILT_IN).ok()?;
    let schema = IdentitySchema::compile(id, document).ok()?;
    Schemas::new(id, vec![schema])
}
