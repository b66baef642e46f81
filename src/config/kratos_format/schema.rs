//! `identity`: schemas, read from files or from the configuration itself.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{Form, refuse_node};
use crate::document::{Fields, FromNode, Node, Reading};
use crate::identity::schema::{IdentitySchema, Schemas};

/// The schema of an embedded service that names none.
const BUILT_IN: &str = include_str!("person.schema.json");
const MAX_SCHEMA_BYTES: u64 = 1024 * 1024;

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
        Form::Embedded => section.get("schemas"),
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

/// The text behind `file://` or `base64://`; nothing is asked of the network at the start.
fn fetch(url: &str, folder: &Path) -> Result<String, String> {
    if let Some(encoded) = url.strip_prefix("base64://") {
        let engines = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
        let bytes = engines
            .iter()
            .find_map(|engine| engine.decode(encoded).ok());
        let bytes = bytes.ok_or("this is not base64")?;
        return String::from_utf8(bytes).map_err(|_| "this is not text".to_owned());
    }
    if url.starts_with("http://") || url.starts_with("https://") {
        return Err("give it as file:// or base64://".to_owned());
    }
    let path = folder.join(file_path(url));
    let shown = path.display();
    let length = std::fs::metadata(&path)
        .map_err(|why| format!("{shown}: {why}"))?
        .len();
    if length > MAX_SCHEMA_BYTES {
        return Err(format!("{shown}: larger than 1 MiB"));
    }
    std::fs::read_to_string(&path).map_err(|why| format!("{shown}: {why}"))
}

fn file_path(url: &str) -> PathBuf {
    let Some(rest) = url.strip_prefix("file://") else {
        return PathBuf::from(url);
    };
    let decoded = percent_encoding::percent_decode_str(rest).decode_utf8();
    PathBuf::from(decoded.map_or_else(|_| rest.to_owned(), std::borrow::Cow::into_owned))
}
