//! Values made of values: lists, named entries, located and nullable ones.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::scalars::wrong_type;
use super::{Fields, FromNode, Node, Place, Reading, Value};

/// A value and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub place: Place,
}

/// One value or a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T: FromNode> FromNode for Located<T> {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let value = T::from_node(node, reading)?;
        let place = node.place.clone();
        Some(Self { value, place })
    }

    fn schema() -> Json {
        T::schema()
    }

    fn shown(&self) -> Option<Json> {
        self.value.shown()
    }
}

impl<T: FromNode> FromNode for Vec<T> {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let Some(items) = node.as_list() else {
            wrong_type(node, "a list", None, reading);
            return None;
        };
        let values: Self = items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| item_of(item, index, reading))
            .collect();
        (values.len() == items.len()).then_some(values)
    }

    fn schema() -> Json {
        json!({ "type": "array", "items": T::schema() })
    }

    fn shown(&self) -> Option<Json> {
        self.iter().map(FromNode::shown).collect()
    }
}

fn item_of<T: FromNode>(item: &Node, index: usize, reading: &mut Reading) -> Option<T> {
    if item.is_null() && !T::takes_null() {
        wrong_type(item, "a value", None, reading);
        return None;
    }
    reading.enter(&index.to_string());
    let value = T::from_node(item, reading);
    reading.leave();
    value
}

impl<T: FromNode> FromNode for OneOrMany<T> {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        if matches!(node.value, Value::List(_)) {
            return Vec::from_node(node, reading).map(Self);
        }
        T::from_node(node, reading).map(|value| Self(vec![value]))
    }

    fn schema() -> Json {
        let one = T::schema();
        json!({ "anyOf": [one, { "type": "array", "items": one }] })
    }

    fn shown(&self) -> Option<Json> {
        self.0.shown()
    }
}

impl<T: FromNode> FromNode for BTreeMap<String, T> {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let before = reading.problems.len();
        let values = Fields::open(node, reading)?.named::<T>();
        let values = values
            .into_iter()
            .map(|(key, value)| (key.text.to_string(), value))
            .collect();
        (reading.problems.len() == before).then_some(values)
    }

    fn schema() -> Json {
        json!({ "type": "object", "additionalProperties": T::schema() })
    }
}

impl<T: FromNode> FromNode for Option<T> {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        if node.is_null() {
            return Some(None);
        }
        T::from_node(node, reading).map(Some)
    }

    fn schema() -> Json {
        json!({ "anyOf": [T::schema(), { "type": "null" }] })
    }

    fn shown(&self) -> Option<Json> {
        self.as_ref().map_or(Some(Json::Null), T::shown)
    }

    fn takes_null() -> bool {
        true
    }
}
