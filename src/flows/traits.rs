//! Traits of a submit, and telling what is wrong with them.

use serde_json::{Map, Value};

use super::record::FlowRecord;
use crate::contract::{InputKind, Message, Node, NodeGroup};
use crate::identity::schema::{IdentitySchema, Violation, coerce_traits};
use crate::web::Fields;

/// The traits of a submit: as they are from JSON, by the schema's types from a form. Objects that
/// the schema nests are there even when nothing is in them, as Kratos has it.
pub(super) fn submitted(schema: &IdentitySchema, fields: &Fields) -> Value {
    let mut traits = match fields.form() {
        Some(pairs) => {
            // A form's other fields are nobody's business, as in Kratos.
            let known = pairs
                .iter()
                .filter(|(name, _)| schema.fields().iter().any(|field| field.name == *name));
            coerce_traits(
                schema,
                known.map(|(name, text)| (name.as_str(), text.as_str())),
            )
        }
        None => match fields.find("traits") {
            Some(Value::Object(traits)) => Value::Object(traits.clone()),
            Some(_) | None => Value::Object(Map::new()),
        },
    };
    for field in schema.fields() {
        let parents = field
            .segments
            .split_last()
            .map_or(&[][..], |(_, parents)| parents);
        let mut at = &mut traits;
        for key in parents {
            let Value::Object(object) = at else { break };
            at = object
                .entry(key.clone())
                .or_insert_with(|| Value::Object(Map::new()));
        }
    }
    traits
}

/// What is wrong, beside the field it is about. What concerns the traits as a whole gets a field
/// of its own.
pub(super) fn complain(record: &mut FlowRecord, group: NodeGroup, violations: Vec<Violation>) {
    for violation in violations {
        let message = message(&violation);
        let whole = violation.name == "traits";
        let missing = !record.nodes.iter().any(|node| node.name() == "traits");
        if whole && missing {
            record
                .nodes
                .push(Node::input(group, "traits", InputKind::Text));
        }
        record.say_at(&violation.name, message);
    }
}

/// A violation as a form says it.
pub(super) fn message(violation: &Violation) -> Message {
    let message = Message::error(violation.id, violation.text.clone());
    if violation.context.is_empty() {
        message
    } else {
        message.with(Value::Object((*violation.context).clone()))
    }
}
