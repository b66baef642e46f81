//! Traits as forms send them: names with dots, every value a text.

use serde_json::{Map, Value};

use super::{IdentitySchema, TraitField, TraitKind};

/// Deeper than any schema goes; a name with more dots is one key, which no schema knows.
const MAX_DEPTH: usize = 16;

/// Builds traits from form fields (`traits.email`, `traits.name.first`), by the schema's types:
/// `true`, `false`, `on` become booleans, digits numbers, where the schema says so. An empty text
/// for a number or a checkbox, and for a text that is not required, counts as absent. A name
/// given twice keeps its last value, as checkboxes with a hidden `false` need. Names that the
/// schema does not know are kept, so that validation can refuse them.
#[must_use]
pub fn coerce_traits<'a>(
    schema: &IdentitySchema,
    form: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Value {
    let mut traits = Value::Object(Map::new());
    for (name, text) in form {
        let Some(path) = name.strip_prefix("traits.") else {
            continue;
        };
        let field = schema.fields().iter().find(|field| field.name == name);
        let Some(value) = field.map_or_else(
            || Some(Value::String(text.to_owned())),
            |field| value_of(field, text),
        ) else {
            continue;
        };
        let mut keys: Vec<&str> = path.split('.').take(MAX_DEPTH + 1).collect();
        if keys.len() > MAX_DEPTH {
            keys = vec![path];
        }
        place(&mut traits, &keys, value);
    }
    traits
}

fn value_of(field: &TraitField, text: &str) -> Option<Value> {
    let as_text = || Value::String(text.to_owned());
    match field.kind {
        TraitKind::String | TraitKind::Null => (field.required || !text.is_empty()).then(as_text),
        TraitKind::Integer | TraitKind::Number => {
            (!text.is_empty()).then(|| number(text).unwrap_or_else(as_text))
        }
        TraitKind::Boolean => match text {
            "" => None,
            "true" | "on" | "1" => Some(Value::Bool(true)),
            "false" | "off" | "0" => Some(Value::Bool(false)),
            _ => Some(as_text()),
        },
        TraitKind::Array | TraitKind::Object => {
            Some(serde_json::from_str(text).unwrap_or_else(|_| as_text()))
        }
    }
}

fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::from(whole));
    }
    let float = text.parse::<f64>().ok()?;
    serde_json::Number::from_f64(float).map(Value::Number)
}

fn place(at: &mut Value, keys: &[&str], value: Value) {
    let Some((first, rest)) = keys.split_first() else {
        *at = value;
        return;
    };
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    if let Some(object) = at.as_object_mut() {
        let inner = object.entry((*first).to_owned()).or_insert(Value::Null);
        place(inner, rest, value);
    }
}
