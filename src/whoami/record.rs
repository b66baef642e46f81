//! What is kept of a session.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::headers::Prepared;
use crate::clock::Monotonic;
use crate::expression::{Facts, RequestFacts};
use crate::policy::Subject;

/// Facts of one session, kept as long as they are fresh: what rules need, and the identity
/// headers of its requests. Holds no decision.
///
/// Compact on purpose: a million of them live in one process.
#[derive(Debug)]
pub struct Record {
    subject: Subject,
    headers: Arc<Prepared>,
    /// The values of the headers' names in order, each behind its length as two bytes, or one of
    /// the marks below instead of a length.
    values: Box<[u8]>,
    /// Further claims of identity tokens, as JSON; empty: none.
    claims: Box<str>,
    asked: Asked,
}

/// When the answer behind a record was asked for, and how long it may be used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) started: u64,
    pub(super) fresh_until: Monotonic,
}

/// The session has no value for this header.
const ABSENT: u16 = u16::MAX;
/// The value is the session's id.
const SESSION_ID: u16 = u16::MAX - 1;
/// The value is the identity's id.
const IDENTITY_ID: u16 = u16::MAX - 2;

impl Record {
    /// Keeps `subject`, and `values[i]` for the `i`th of the headers that wait for no request.
    pub(super) fn new(
        subject: Subject,
        headers: Arc<Prepared>,
        values: &[Option<String>],
        asked: Asked,
    ) -> Self {
        let mut packed = Vec::new();
        for value in values {
            let (mark, bytes) = match value.as_deref() {
                None => (ABSENT, ""),
                Some(value) if value == &*subject.session_id => (SESSION_ID, ""),
                Some(value) if value == &*subject.identity_id => (IDENTITY_ID, ""),
                Some(value) => match u16::try_from(value.len()) {
                    Ok(length) if length < IDENTITY_ID => (length, value),
                    Ok(_) | Err(_) => (ABSENT, ""),
                },
            };
            packed.extend_from_slice(&mark.to_be_bytes());
            packed.extend_from_slice(bytes.as_bytes());
        }
        Self {
            subject,
            headers,
            // A copy of just the right size: shrinking may leave a block as large as it was.
            values: packed.as_slice().into(),
            claims: Box::default(),
            asked,
        }
    }

    /// The same with further claims, as JSON.
    #[must_use]
    pub(super) fn with_claims(mut self, claims: Box<str>) -> Self {
        self.claims = claims;
        self
    }

    /// Further claims of identity tokens.
    #[must_use]
    pub fn claims(&self) -> Map<String, Value> {
        serde_json::from_str(&self.claims).unwrap_or_default()
    }

    /// What tells this record from every other of this process, earlier ones of the same session
    /// among them.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.asked.started
    }

    /// Who it is.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Whether it was asked for later than `other`.
    #[must_use]
    pub const fn is_newer_than(&self, other: &Self) -> bool {
        self.asked.started > other.asked.started
    }

    pub(super) const fn started(&self) -> u64 {
        self.asked.started
    }

    pub(super) const fn fresh_until(&self) -> Monotonic {
        self.asked.fresh_until
    }

    /// The identity headers of this session's requests. A header that the session has no value
    /// for is left out; the gateway has removed whatever the client sent under its name.
    pub fn identity_headers(&self) -> impl Iterator<Item = (&HeaderName, HeaderValue)> {
        let mut rest = &*self.values;
        self.headers.names.iter().filter_map(move |name| {
            let (mark, behind) = rest.split_first_chunk::<2>()?;
            let (value, behind) = match u16::from_be_bytes(*mark) {
                ABSENT => (None, behind),
                SESSION_ID => (Some(self.subject.session_id.as_bytes()), behind),
                IDENTITY_ID => (Some(self.subject.identity_id.as_bytes()), behind),
                length => {
                    let (value, behind) = behind.split_at_checked(usize::from(length))?;
                    (Some(value), behind)
                }
            };
            rest = behind;
            Some((name, HeaderValue::from_bytes(value?).ok()?))
        })
    }

    /// Whether some identity headers are another for each request.
    #[must_use]
    pub fn has_headers_by_request(&self) -> bool {
        !self.headers.by_request.is_empty()
    }

    /// Those identity headers that are another for each request. The same holds for them.
    pub fn headers_by_request<'a>(
        &'a self,
        request: &'a dyn RequestFacts,
        now: Timestamp,
    ) -> impl Iterator<Item = (&'a HeaderName, HeaderValue)> {
        let facts = Facts {
            session: self.subject.document.as_deref(),
            request: Some(request),
            now,
        };
        let headers = self.headers.by_request.iter();
        headers.filter_map(move |header| Some((&header.name, header.value(&facts)?)))
    }
}
