//! What is kept of a session.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use crate::clock::Monotonic;
use crate::policy::Subject;

/// Facts of one session, kept as long as they are fresh: what rules need, and the identity
/// headers of its requests. Holds no decision.
///
/// Compact on purpose: a million of them live in one process.
#[derive(Debug)]
pub struct Record {
    subject: Subject,
    names: Arc<[HeaderName]>,
    /// The values of `names` in order, each behind its length as two bytes; see `ABSENT`.
    values: Bytes,
    asked: Asked,
}

/// When the answer behind a record was asked for, and how long it may be used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) started: u64,
    pub(super) fresh_until: Monotonic,
}

/// Length that stands for a header the session has no value for.
const ABSENT: u16 = u16::MAX;

impl Record {
    /// Keeps `subject`, and `values[i]` for `names[i]`.
    pub(super) fn new(
        subject: Subject,
        names: Arc<[HeaderName]>,
        values: &[Option<String>],
        asked: Asked,
    ) -> Self {
        let mut packed = Vec::new();
        for value in values {
            let fitting = value
                .as_deref()
                .and_then(|value| Some((u16::try_from(value.len()).ok()?, value)))
                .filter(|(length, _)| *length != ABSENT);
            match fitting {
                Some((length, value)) => {
                    packed.extend_from_slice(&length.to_be_bytes());
                    packed.extend_from_slice(value.as_bytes());
                }
                None => packed.extend_from_slice(&ABSENT.to_be_bytes()),
            }
        }
        Self {
            subject,
            names,
            values: Bytes::from(packed.into_boxed_slice()),
            asked,
        }
    }

    /// Who it is.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
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
        let mut rest = self.values.clone();
        self.names.iter().filter_map(move |name| {
            let length = rest.split_to_checked(2)?;
            let length = u16::from_be_bytes(<[u8; 2]>::try_from(length.as_ref()).ok()?);
            if length == ABSENT {
                return None;
            }
            let value = rest.split_to_checked(usize::from(length))?;
            HeaderValue::from_maybe_shared(value)
                .ok()
                .map(|value| (name, value))
        })
    }
}

/// `Bytes::split_to` that answers instead of panicking.
trait SplitToChecked {
    fn split_to_checked(&mut self, at: usize) -> Option<Bytes>;
}

impl SplitToChecked for Bytes {
    fn split_to_checked(&mut self, at: usize) -> Option<Bytes> {
        (at <= self.len()).then(|| self.split_to(at))
    }
}
