//! Headers that a rule sets and removes.

use std::sync::Arc;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue};

use jiff::Timestamp;

use super::{ComputedField, FieldPattern, Seen, Subject};
use crate::expression::{Facts, Program};

/// `request_headers` or `response_headers` of a rule.
#[derive(Clone, Debug, Default)]
pub struct HeaderChanges {
    /// What goes: what the operator wants removed, and every spelling of what is set.
    doomed: Box<[FieldPattern]>,
    set: Box<[(HeaderName, FieldSource)]>,
}

/// Where the value of a header comes from.
#[derive(Clone, Debug)]
pub enum FieldSource {
    /// It is written in the rule.
    Text(HeaderValue),
    /// It is worked out for each request.
    Computed(Arc<ComputedField>),
}

impl HeaderChanges {
    /// Removes `remove`, then sets `set`. Each `Set-Cookie` is a cookie of its own, so that one
    /// does not take the place of the others.
    #[must_use]
    pub fn new(remove: Vec<FieldPattern>, set: Vec<(HeaderName, FieldSource)>) -> Self {
        let mut doomed = remove;
        let replaced = set.iter().map(|(name, _)| name);
        doomed.extend(
            replaced
                .filter(|name| **name != SET_COOKIE)
                .map(FieldPattern::of),
        );
        Self {
            doomed: doomed.into(),
            set: set.into(),
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.doomed.is_empty() && self.set.is_empty()
    }

    /// The values to set, in the order written. A value that can't be had is left out.
    #[must_use]
    pub fn values(
        &self,
        subject: Option<&Subject>,
        seen: Seen<'_>,
        now: Timestamp,
    ) -> Vec<(HeaderName, HeaderValue)> {
        let facts = &Facts {
            session: subject.and_then(|subject| subject.document.as_deref()),
            request: Some(&seen),
            now,
        };
        self.set
            .iter()
            .filter_map(|(name, source)| {
                let value = match source {
                    FieldSource::Text(value) => value.clone(),
                    FieldSource::Computed(field) => field.value(name, facts)?,
                };
                Some((name.clone(), value))
            })
            .collect()
    }

    /// The expressions among the values.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        self.set.iter().filter_map(|(_, source)| match source {
            FieldSource::Text(_) => None,
            FieldSource::Computed(field) => Some(field.program()),
        })
    }

    /// The names of the headers that are set.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.set.iter().map(|(name, _)| name)
    }

    /// Whether a header of this name goes: also one whose value can't be had, so that nobody
    /// else's value stands under its name. What every message needs stays.
    #[must_use]
    pub fn removes(&self, name: &HeaderName) -> bool {
        let mut patterns = self.doomed.iter();
        patterns.any(|pattern| pattern.covers(name.as_str())) && !stays(name)
    }

    /// Takes out what goes.
    pub fn remove_from(&self, headers: &mut HeaderMap) {
        let goes = |name: &&HeaderName| self.removes(name);
        let doomed: Vec<HeaderName> = headers.keys().filter(goes).cloned().collect();
        for name in doomed {
            headers.remove(name);
        }
    }
}

/// What delimits a message or says where it came from, which no family reaches.
fn stays(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(
        name,
        "host"
            | "connection"
            | "upgrade"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "content-length"
            | "forwarded"
            | "x-request-id"
    ) || name.starts_with("x-forwarded-")
        || name.starts_with("sec-websocket-")
}
