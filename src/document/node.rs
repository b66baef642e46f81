//! The tree that a YAML document is parsed into.

use super::Place;

/// A value and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// Text, a number, a truth value: which one, the reader decides.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order written; no key twice.
    Map(Vec<Entry>),
}

/// A scalar as written.
#[derive(Clone, PartialEq, Eq)]
pub struct Scalar {
    /// Its text, escapes resolved.
    pub text: Box<str>,
    /// Whether it was written without quotes: only then it can be a number or a truth value.
    pub plain: bool,
    /// Whether the text came from outside the document (`${..}`): it may be a secret, so no
    /// message shows it.
    pub hidden: bool,
}

/// One entry of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: Key,
    /// Its value.
    pub value: Node,
}

/// A key of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its text.
    pub text: Box<str>,
    /// Where it is written.
    pub place: Place,
}

impl Scalar {
    /// The text as messages may show it: shortened, and never one that came from outside.
    #[must_use]
    pub fn shown(&self) -> String {
        const MAX_SHOWN_CHARS: usize = 60;
        if self.hidden {
            return "the value that was filled in".to_owned();
        }
        let mut shown: String = self.text.chars().take(MAX_SHOWN_CHARS).collect();
        if shown.len() < self.text.len() {
            shown.push('…');
        }
        format!("`{shown}`")
    }
}

impl std::fmt::Debug for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Node {
    /// Whether it is `null` or empty.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The scalar, if it is one.
    #[must_use]
    pub const fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The entries, if it is a mapping.
    #[must_use]
    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::Null | Value::Scalar(_) | Value::List(_) => None,
        }
    }

    /// The items, if it is a sequence.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(items) => Some(items),
            Value::Null | Value::Scalar(_) | Value::Map(_) => None,
        }
    }

    /// The value under `key`, if it is a mapping that has it.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&Self> {
        let entry = self
            .as_map()?
            .iter()
            .find(|entry| &*entry.key.text == key)?;
        Some(&entry.value)
    }

    /// This tree with another laid over it: sections are merged key by key, anything else is
    /// replaced.
    #[must_use]
    pub fn overlaid_with(self, over: Self) -> Self {
        let place = self.place;
        match (self.value, over.value) {
            (Value::Map(mut entries), Value::Map(over)) => {
                for entry in over {
                    let found = entries
                        .iter()
                        .position(|own| own.key.text == entry.key.text);
                    match found.map(|index| entries.remove(index)) {
                        Some(own) => entries.push(Entry {
                            key: entry.key,
                            value: own.value.overlaid_with(entry.value),
                        }),
                        None => entries.push(entry),
                    }
                }
                let value = Value::Map(entries);
                Self { place, value }
            }
            (value, Value::Null) => Self { place, value },
            (_, value) => Self {
                place: over.place,
                value,
            },
        }
    }

    /// What it is, in words for a message.
    #[must_use]
    pub fn described(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Scalar(scalar) => scalar.shown(),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a section with keys".to_owned(),
        }
    }

    /// The tree as JSON, its plain scalars resolved by YAML's core schema (`true`, `12`, `1.5`).
    /// For parts whose format others define.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Scalar(scalar) => scalar_to_json(scalar),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => serde_json::Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.text.to_string(), entry.value.to_json()))
                    .collect(),
            ),
        }
    }
}

fn scalar_to_json(scalar: &Scalar) -> serde_json::Value {
    let text = &*scalar.text;
    if !scalar.plain {
        return text.into();
    }
    match text {
        "true" | "True" | "TRUE" => return true.into(),
        "false" | "False" | "FALSE" => return false.into(),
        _ => {}
    }
    if let Ok(number) = text.parse::<i64>() {
        return number.into();
    }
    if let Ok(number) = text.parse::<u64>() {
        return number.into();
    }
    // `parse` also takes `inf` and `nan`, which YAML writes otherwise and JSON can't hold.
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    match text.parse::<f64>() {
        Ok(number) if numeric && number.is_finite() => number.into(),
        Ok(_) | Err(_) => text.into(),
    }
}
