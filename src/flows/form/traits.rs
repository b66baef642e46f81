//! Fields for traits, by the identity schema.

use serde_json::Value;

use crate::contract::{Attributes, InputKind, Message, Node, NodeGroup, texts};
use crate::identity::schema::{IdentitySchema, TraitField, TraitKind};

/// A field for each trait, in the schema's order, without values.
#[must_use]
pub fn trait_nodes(schema: &IdentitySchema, group: NodeGroup) -> Vec<Node> {
    schema
        .fields()
        .iter()
        .map(|field| trait_node(field, group))
        .collect()
}

fn trait_node(field: &TraitField, group: NodeGroup) -> Node {
    let (kind, autocomplete) = kind_of(field);
    let mut node = Node::input(group, field.name.clone(), kind);
    if let Attributes::Input(input) = &mut node.attributes {
        input.autocomplete = autocomplete.map(str::to_owned);
        input.pattern.clone_from(&field.pattern);
        input.required = field.required;
        input.disabled = field.read_only;
        input.options = (!field.options.is_empty()).then(|| {
            let options = field.options.iter();
            options
                .map(|option| serde_json::json!({ "value": option }))
                .collect()
        });
    }
    match &field.title {
        Some(title) => node.label(texts::from_schema(title, &field.name)),
        None => node,
    }
}

fn kind_of(field: &TraitField) -> (InputKind, Option<&'static str>) {
    match field.kind {
        TraitKind::Number | TraitKind::Integer => (InputKind::Number, None),
        TraitKind::Boolean => (InputKind::Checkbox, None),
        TraitKind::Array | TraitKind::Object | TraitKind::Null => (InputKind::Text, None),
        TraitKind::String => match field.format.as_deref() {
            Some("email") => (InputKind::Email, Some("email")),
            Some("tel") => (InputKind::Tel, Some("tel")),
            Some("uri") => (InputKind::Url, Some("url")),
            Some("date-time") => (InputKind::DatetimeLocal, None),
            Some("date") => (InputKind::Date, None),
            Some(_) | None => (InputKind::Text, None),
        },
    }
}

/// Puts the values of these traits into their fields; fields without one stay as they are.
pub fn fill_traits(nodes: &mut [Node], schema: &IdentitySchema, traits: &Value) {
    for field in schema.fields() {
        let Some(value) = field.value(traits) else {
            continue;
        };
        for node in nodes.iter_mut().filter(|node| node.name() == field.name) {
            node.set_value(Some(value.clone()));
        }
    }
}

/// Names of the trait fields, identifiers first, and how many identifiers there are.
#[must_use]
pub fn trait_order(schema: &IdentitySchema) -> (Vec<String>, usize) {
    let (first, rest): (Vec<&TraitField>, Vec<&TraitField>) = schema
        .fields()
        .iter()
        .partition(|field| field.extension.is_identifier());
    let names = first.iter().chain(&rest).map(|field| field.name.clone());
    (names.collect(), first.len())
}

/// What the identifier is called at login: the title of the one trait that credentials use, a
/// general word when there are several or it has no title.
#[must_use]
pub fn identifier_label(schema: Option<&IdentitySchema>) -> Message {
    let mut fields = schema
        .map(IdentitySchema::fields)
        .unwrap_or_default()
        .iter()
        .filter(|field| field.extension.has_credentials());
    match (fields.next(), fields.next()) {
        (Some(field), None) => match &field.title {
            Some(title) => texts::from_schema(title, &field.name),
            None => texts::identifier_label(),
        },
        (Some(_) | None, _) => texts::identifier_label(),
    }
}
