//! What a credential is worth, and how that was learnt.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::{Credential, Record};
use crate::policy::Standing;

/// What a credential turned out to be worth.
#[derive(Clone, Debug)]
pub enum Resolution {
    /// Nothing.
    Anonymous,
    /// Nothing since a moment ago, when its session got another token.
    Superseded,
    /// One factor; the session is not told until the second was used.
    Undisclosed,
    /// This session.
    Session(Arc<Record>),
}

impl Resolution {
    /// The same for the decision.
    #[must_use]
    pub fn standing(&self) -> Standing<'_> {
        match self {
            Self::Anonymous | Self::Superseded => Standing::Anonymous,
            Self::Undisclosed => Standing::Undisclosed,
            Self::Session(record) => Standing::Known(record.subject()),
        }
    }
}

/// Where an answer came from; the access log's `cache`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CacheUse {
    /// From the cache.
    Hit,
    /// This request asked.
    Miss,
    /// Another request had already asked, and this one shared the answer.
    Coalesced,
    /// Asked past the cache, before a refusal.
    Bypass,
    /// From the cache, past its time, because the identity service is out of reach
    /// (`serve_stale_when_down`).
    Stale,
}

impl CacheUse {
    /// The name in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Coalesced => "coalesced",
            Self::Bypass => "bypass",
            Self::Stale => "stale",
        }
    }
}

/// The moment a request arrived, in the order of questions: a question that started later says
/// how things stand at the time of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival(pub(super) u64);

/// How recent the answer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Whatever the cache holds while it is fresh.
    Cached,
    /// Asked for after the request arrived: needed before a refusal.
    PastCache,
}

/// A resolved credential.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What it is worth.
    pub resolution: Resolution,
    /// Where the answer came from.
    pub source: CacheUse,
    /// Whether the answer was asked for after the request arrived, so that a refusal may rest on
    /// it.
    pub conclusive: bool,
    /// `Set-Cookie` values that renew the session cookie, for the browser.
    pub set_cookies: Vec<HeaderValue>,
    /// How long the request waited for the answer.
    pub took: Duration,
}

/// What is to be forgotten.
#[derive(Clone, Copy, Debug)]
pub enum Forget<'a> {
    /// Whatever is known of this credential.
    Credential(&'a Credential),
    /// The same, and every session of the identity that it is known to belong to: for acts that
    /// can change or end several sessions at once.
    Holder(&'a Credential),
    /// The session with this id, whichever credentials it has: something about it changed.
    Session(&'a str),
    /// The same, and it has ended for good: what runs under it is cut without another question.
    Ended(&'a str),
    /// Every session of the identity with this id.
    Identity(&'a str),
}

/// How requests found what their credentials are worth, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The cache had it.
    pub hits: u64,
    /// They asked.
    pub misses: u64,
    /// They joined somebody else's question.
    pub coalesced: u64,
    /// They asked past the cache, before a refusal.
    pub bypasses: u64,
    /// The cache had it, past its time, while the identity service was out of reach.
    pub stale: u64,
}
