//! Values that stand by themselves: a session document, and what is written in an expression.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

/// A value that borrows nothing. Small on purpose: many sessions are kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Datum {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Double(f64),
    Text(Box<str>),
    Time(Timestamp),
    Span(SignedDuration),
    /// The name of a type.
    Type(&'static str),
    List(Box<[Self]>),
    Map(Members),
}

/// The members of an object, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Members(Box<[(Box<str>, Datum)]>);

impl Members {
    pub(super) fn new(mut members: Vec<(Box<str>, Datum)>) -> Self {
        members.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self(members.into_boxed_slice())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Datum> {
        let found = self.0.binary_search_by(|(key, _)| (**key).cmp(name));
        found
            .ok()
            .and_then(|at| self.0.get(at))
            .map(|(_, datum)| datum)
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Datum)> {
        self.0.iter().map(|(name, datum)| (&**name, datum))
    }
}

impl Datum {
    /// A JSON value as it is: whole numbers become integers.
    pub(super) fn of(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Bool(*flag),
            Json::Number(number) => number
                .as_i64()
                .map(Self::Int)
                .or_else(|| number.as_u64().map(Self::UInt))
                .or_else(|| number.as_f64().map(Self::Double))
                .unwrap_or(Self::Null),
            Json::String(text) => Self::Text(text.as_str().into()),
            Json::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Json::Object(members) => Self::Map(Members::new(
                members
                    .iter()
                    .map(|(name, value)| (name.as_str().into(), Self::of(value)))
                    .collect(),
            )),
        }
    }
}
