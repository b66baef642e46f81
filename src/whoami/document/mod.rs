//! Strict reading of the session JSON: what is not plainly a valid session is an outage.

use std::fmt;

use jiff::Timestamp;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Session;
use crate::aal::{Aal, AuthenticationMethod};
use crate::policy::{Completion, SecondFactor, Subject};

/// Deepest nesting that is read.
const DEPTH: u8 = 32;
/// Longest id that is taken, in bytes.
const ID_LIMIT: usize = 256;
/// Most completed steps that are taken; Kratos appends one per login, so a session can gather
/// some.
const COMPLETIONS: usize = 1024;

/// What is wrong with a session document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not JSON, too deep, or a name twice in one object.
    #[error("a body that is not one well-formed JSON document")]
    Json,
    /// A member is missing or of the wrong kind.
    #[error("a session whose `{0}` is missing or wrong")]
    Member(&'static str),
}

impl Session {
    /// Reads a session as whoami answers it.
    ///
    /// `active` must be `true`; ids and times must be there; a level or method that is unknown
    /// counts as the lowest. What is known of a second factor is left open.
    ///
    /// # Errors
    /// Anything that is not plainly an active session.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        Self::from_document(read_strictly(body)?)
    }

    /// The same for a document that is read already.
    ///
    /// # Errors
    /// As [`Session::parse`].
    pub fn from_document(document: Value) -> Result<Self, Malformed> {
        if document.get("active") != Some(&Value::Bool(true)) {
            return Err(Malformed::Member("active"));
        }
        let identity = document
            .get("identity")
            .ok_or(Malformed::Member("identity"))?;
        let subject = Subject {
            session_id: id(&document, "id", "id")?,
            identity_id: id(identity, "id", "identity.id")?,
            aal: level(document.get("authenticator_assurance_level")),
            authenticated_at: time(&document, "authenticated_at")?,
            expires_at: time(&document, "expires_at")?,
            completions: completions(document.get("authentication_methods"))?,
            second_factor: SecondFactor::Unknown,
            document: None,
        };
        Ok(Self { subject, document })
    }
}

fn id(of: &Value, name: &str, path: &'static str) -> Result<Box<str>, Malformed> {
    of.get(name)
        .and_then(Value::as_str)
        .filter(|id| !id.is_empty() && id.len() <= ID_LIMIT)
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_graphic()))
        .map(Box::from)
        .ok_or(Malformed::Member(path))
}

/// A missing or unknown level ranks lowest.
fn level(value: Option<&Value>) -> Aal {
    value
        .and_then(Value::as_str)
        .and_then(Aal::parse)
        .unwrap_or_default()
}

fn time(of: &Value, name: &'static str) -> Result<Timestamp, Malformed> {
    of.get(name)
        .and_then(Value::as_str)
        .filter(|text| is_rfc3339(text))
        .and_then(|text| text.parse().ok())
        .ok_or(Malformed::Member(name))
}

/// The parser takes more shapes than RFC 3339 has; `2026-01-02T03:04:05` is the least.
fn is_rfc3339(text: &str) -> bool {
    let bytes = text.as_bytes();
    let at = |place: usize| bytes.get(place).copied();
    at(4) == Some(b'-')
        && at(7) == Some(b'-')
        && matches!(at(10), Some(b'T' | b't'))
        && at(13) == Some(b':')
        && at(16) == Some(b':')
        && !text.contains(['[', ',', ' '])
}

fn completions(value: Option<&Value>) -> Result<Vec<Completion>, Malformed> {
    const NAME: &str = "authentication_methods";
    let entries = match value {
        // Kratos writes null for a session that never had any.
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(entries)) if entries.len() <= COMPLETIONS => entries,
        Some(_) => return Err(Malformed::Member(NAME)),
    };
    let completion = |entry: &Value| {
        let method = entry.get("method").and_then(Value::as_str);
        let completed_at = time(entry, "completed_at").map_err(|_| Malformed::Member(NAME))?;
        Ok(Completion {
            method: AuthenticationMethod::parse(method.ok_or(Malformed::Member(NAME))?),
            aal: level(entry.get("aal")),
            completed_at,
        })
    };
    // Exactly as much as is needed: many sessions are kept.
    let mut completions = Vec::with_capacity(entries.len());
    for entry in entries {
        completions.push(completion(entry)?);
    }
    Ok(completions)
}

/// Reads one JSON document; a name that comes twice in an object, too deep a nesting or anything
/// behind the document is refused.
///
/// # Errors
/// [`Malformed::Json`].
pub fn read_strictly(body: &[u8]) -> Result<Value, Malformed> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = Strict(DEPTH)
        .deserialize(&mut reader)
        .map_err(|_| Malformed::Json)?;
    reader.end().map_err(|_| Malformed::Json)?;
    Ok(value)
}

/// Reads a value that may nest so many levels deeper.
struct Strict(u8);

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl Strict {
    fn deeper<E: Error>(&self) -> Result<Self, E> {
        self.0
            .checked_sub(1)
            .map(Self)
            .ok_or_else(|| E::custom("nested too deeply"))
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON with each name once")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self.deeper()?)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self.deeper()?)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name comes twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests;
