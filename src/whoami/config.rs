//! Settings of the session check, as `sessions`, `identity.external` and `upstream_identity` of
//! `stepgate.yaml` give them.

use std::time::Duration;

use http::HeaderName;

use crate::expression::{Program, Reads};

/// Settings of the [`super::Resolver`].
#[derive(Clone, Debug)]
pub struct Config {
    /// The session cache.
    pub cache: Cache,
    /// Limits on questions to the identity service.
    pub limits: Limits,
    /// How long a question may take in all, waiting included.
    pub timeout: Duration,
    /// `sessions.serve_stale_when_down`: how long past its time a positive answer may serve while
    /// the identity service is out of reach.
    pub serve_stale_when_down: Duration,
    /// `upstream_identity.headers`: what the application gets to know, prepared once a session
    /// as far as possible.
    pub identity_headers: Vec<(HeaderName, HeaderSource)>,
    /// `upstream_identity.jwt.claims`: further claims of identity tokens, prepared once a session.
    pub claims: Vec<(Box<str>, Program)>,
    /// What is to be kept of a session besides what rules and headers read of it.
    pub reads: Reads,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            cache: Cache::default(),
            limits: Limits::default(),
            timeout: Duration::from_secs(2),
            serve_stale_when_down: Duration::ZERO,
            identity_headers: Vec::new(),
            claims: Vec::new(),
            reads: Reads::nothing(),
        }
    }
}

/// `sessions.cache`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Sessions kept, per process.
    pub max_entries: u64,
    /// Longest life of a session's facts; cut by the session's expiry and by
    /// `Ory-Session-Cache-For`.
    pub ttl: Duration,
    /// Longest life of an answer that is no session. Such an answer serves only requests that
    /// arrived before it was asked for.
    pub negative_ttl: Duration,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            max_entries: 1_000_000,
            ttl: Duration::from_secs(30),
            negative_ttl: Duration::from_secs(1),
        }
    }
}

/// Limits on questions to the identity service, per process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `sessions.refusal_recheck.per_second_per_credential`.
    pub rechecks_per_second_per_credential: u32,
    /// `sessions.misses.per_second_per_address`.
    pub misses_per_second_per_address: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rechecks_per_second_per_credential: 5,
            misses_per_second_per_address: 50,
        }
    }
}

/// Where the value of an identity header comes from: a path into the session document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderSource {
    /// `session.methods`: the names of the completed methods, comma separated, each once.
    Methods,
    /// A path such as `session.identity.traits.email`, without the leading `session`.
    Path(Box<[Box<str>]>),
    /// An expression. One that reads the request or the time is worked out for each request.
    Program(Program),
}

impl HeaderSource {
    /// Reads `session.methods` or `session.<name>[.<name>…]`; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let path = text.strip_prefix("session.")?;
        if path == "methods" {
            return Some(Self::Methods);
        }
        let named = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        };
        let parts: Box<[Box<str>]> = path.split('.').map(Box::from).collect();
        parts
            .iter()
            .all(|part| named(part))
            .then_some(Self::Path(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_sources_are_paths_into_the_session() {
        assert_eq!(
            HeaderSource::parse("session.methods"),
            Some(HeaderSource::Methods)
        );
        assert!(HeaderSource::parse("session.identity.traits.email").is_some());
        for wrong in [
            "session",
            "session.",
            "session..id",
            "request.path",
            "session.a[0]",
        ] {
            assert_eq!(HeaderSource::parse(wrong), None, "{wrong}");
        }
    }
}
