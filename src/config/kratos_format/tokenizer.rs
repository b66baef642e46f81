//! `session.whoami.tokenizer`: what sessions become as signed tokens.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::linked::{Program, fetch};
use super::refuse_node;
use super::values::GoDuration;
use crate::document::{Fields, FromNode, Node, Reading};
use crate::identity::settings::{SubjectSource, TokenTemplate};
use crate::signing::SigningKey;

/// How long a token counts unless the template says otherwise.
const TTL: Duration = Duration::from_secs(60);

pub(super) fn read(section: &mut Fields<'_, '_>) -> Vec<TokenTemplate> {
    let node = section.raw("templates", json!({"type": "object"}));
    let entries = node.and_then(|node| node.as_map()).unwrap_or_default();
    let mut templates = Vec::new();
    for entry in entries {
        let Some(mut fields) = Fields::open(&entry.value, section.reading()) else {
            continue;
        };
        let template = template(entry.key.text.to_string(), &mut fields);
        fields.close();
        templates.extend(template);
    }
    templates
}

fn template(name: String, fields: &mut Fields<'_, '_>) -> Option<TokenTemplate> {
    let ttl = fields.or("ttl", GoDuration(TTL)).0;
    let key: Option<Key> = fields.required("jwks_url");
    let mapper: Option<Program> = fields.get("claims_mapper_url");
    let subject_source = fields.or("subject_source", SubjectSource::Id);
    Some(TokenTemplate {
        name,
        ttl,
        key: key?.0,
        claims_mapper: mapper.map(|mapper| mapper.0),
        subject_source,
    })
}

/// The key in a file that the configuration names. Nothing of the file is told.
struct Key(SigningKey);

impl FromNode for Key {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let url = String::from_node(node, reading)?;
        let text = fetch(&url, &reading.folder);
        let key =
            text.and_then(|text| SigningKey::from_jwks(&text).map_err(|error| error.to_string()));
        match key {
            Ok(key) => Some(Self(key)),
            Err(why) => {
                refuse_node(reading, node, format!("the signing key: {why}"));
                None
            }
        }
    }

    fn schema() -> Json {
        json!({"type": "string", "format": "uri-reference"})
    }
}
