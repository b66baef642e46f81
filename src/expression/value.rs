//! Values while an expression is asked: most are borrowed from the facts.

use std::borrow::Cow;
use std::ops::Deref;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use super::RequestFacts;
use super::datum::{Datum, Members};

#[derive(Clone)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Double(f64),
    Text(Text<'a>),
    Time(Timestamp),
    Span(SignedDuration),
    Type(&'static str),
    List(List<'a>),
    Map(Map<'a>),
}

#[derive(Clone)]
pub(super) enum Text<'a> {
    Kept(&'a str),
    Made(Rc<str>),
}

#[derive(Clone)]
pub(super) enum List<'a> {
    Kept(&'a [Datum]),
    Made(Rc<[Value<'a>]>),
}

#[derive(Clone)]
pub(super) enum Map<'a> {
    Kept(&'a Members),
    Made(Rc<[(Value<'a>, Value<'a>)]>),
    Request(&'a dyn RequestFacts),
    Query(&'a dyn RequestFacts),
    Headers(&'a dyn RequestFacts),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Kept(text) => text,
            Self::Made(text) => text,
        }
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(match text {
            Cow::Borrowed(text) => Text::Kept(text),
            Cow::Owned(text) => Text::Made(text.into()),
        })
    }
}

impl<'a> From<&'a Datum> for Value<'a> {
    fn from(datum: &'a Datum) -> Self {
        match datum {
            Datum::Null => Self::Null,
            Datum::Bool(flag) => Self::Bool(*flag),
            Datum::Int(number) => Self::Int(*number),
            Datum::UInt(number) => Self::UInt(*number),
            Datum::Double(number) => Self::Double(*number),
            Datum::Text(text) => Self::Text(Text::Kept(text)),
            Datum::Time(time) => Self::Time(*time),
            Datum::Span(span) => Self::Span(*span),
            Datum::Type(name) => Self::Type(name),
            Datum::List(items) => Self::List(List::Kept(items)),
            Datum::Map(members) => Self::Map(Map::Kept(members)),
        }
    }
}

impl<'a> Value<'a> {
    pub(super) fn made(text: impl Into<Rc<str>>) -> Self {
        Self::Text(Text::Made(text.into()))
    }

    pub(super) const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(flag) = self {
            Some(*flag)
        } else {
            None
        }
    }

    /// The items of a list, or the keys of a map.
    pub(super) fn items(&self) -> Option<List<'a>> {
        if let Self::Map(map) = self {
            return Some(List::Made(map.keys().into()));
        }
        if let Self::List(items) = self {
            Some(items.clone())
        } else {
            None
        }
    }

    /// The name of its type.
    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::UInt(_) => "uint",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Time(_) => "google.protobuf.Timestamp",
            Self::Span(_) => "google.protobuf.Duration",
            Self::Type(_) => "type",
            Self::List(_) => "list",
            Self::Map(_) => "map",
        }
    }
}

impl<'a> List<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Kept(items) => items.len(),
            Self::Made(items) => items.len(),
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<Value<'a>> {
        match self {
            Self::Kept(items) => items.get(at).map(Value::from),
            Self::Made(items) => items.get(at).cloned(),
        }
    }
}

impl<'a> Map<'a> {
    /// The value at a text; maps that expressions make may have other keys besides.
    pub(super) fn member(&self, name: &str) -> Option<Value<'a>> {
        match self {
            Self::Kept(members) => members.get(name).map(Value::from),
            Self::Made(entries) => entries
                .iter()
                .find(|(key, _)| matches!(key, Value::Text(key) if **key == *name))
                .map(|(_, value)| value.clone()),
            Self::Request(request) => member_of_request(*request, name),
            Self::Query(request) => request.query(name).map(Value::from),
            Self::Headers(request) => request.header(name).map(Value::from),
        }
    }

    /// How much work it is to look at each key.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Kept(members) => members.len(),
            Self::Made(entries) => entries.len(),
            Self::Request(_) => MEMBERS_OF_REQUEST.len(),
            Self::Query(request) => request.query_names().len(),
            Self::Headers(request) => request.header_names().len(),
        }
    }

    /// Its keys.
    pub(super) fn keys(&self) -> Vec<Value<'a>> {
        match self {
            Self::Kept(members) => {
                let names = members.iter().map(|(name, _)| name);
                names.map(|name| Value::Text(Text::Kept(name))).collect()
            }
            Self::Made(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
            Self::Request(_) => {
                let names = MEMBERS_OF_REQUEST.into_iter();
                names.map(|name| Value::Text(Text::Kept(name))).collect()
            }
            Self::Query(request) => request.query_names().into_iter().map(Value::from).collect(),
            Self::Headers(request) => {
                let names = request.header_names().into_iter();
                names.map(|name| Value::Text(Text::Kept(name))).collect()
            }
        }
    }
}

const MEMBERS_OF_REQUEST: [&str; 7] =
    ["method", "scheme", "host", "path", "query", "headers", "ip"];

fn member_of_request<'a>(request: &'a dyn RequestFacts, name: &str) -> Option<Value<'a>> {
    let text = match name {
        "method" => request.method(),
        "scheme" => request.scheme(),
        "host" => request.host(),
        "path" => request.path(),
        "query" => return Some(Value::Map(Map::Query(request))),
        "headers" => return Some(Value::Map(Map::Headers(request))),
        "ip" => return Some(Value::made(request.ip().to_string())),
        _ => return None,
    };
    Some(Value::Text(Text::Kept(text)))
}
