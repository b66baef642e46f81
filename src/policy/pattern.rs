//! Hosts and paths as rules write them.

use super::{AmbiguousRequest, CanonicalPath, Host};

/// Hosts that a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// This host.
    Exact(Host),
    /// Every host below this one, at any depth (`*.example.com`), but not it itself.
    Below(Host),
    /// Every host.
    Any,
}

/// A path that a rule is about: `/a/{name}/*/**`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathPattern {
    segments: Box<[Segment]>,
}

/// One piece of a [`PathPattern`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// This text, in canonical form. The empty one stands last only: a trailing slash.
    Literal(Box<str>),
    /// Any one segment that is not empty: `{name}` or `*`.
    One,
    /// All that follows, nothing included: `**`. Stands last only.
    Rest,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Not a host name, with or without a leading `*.`.
    #[error("this is not a host name, an address or `*.` and a host name")]
    Host,
    /// Does not start with `/`.
    #[error("a path pattern starts with `/`")]
    NoSlash,
    /// `**` before the end.
    #[error("`**` stands for the rest of the path, so nothing may follow it")]
    RestNotLast,
    /// `*`, `{` or `}` inside a segment.
    #[error("`*` and `{{name}}` stand for a whole segment")]
    PartialSegment,
    /// Requests with such a path are refused, so nothing would ever match.
    #[error("no request has this path: {0}")]
    Ambiguous(AmbiguousRequest),
    /// Requests are matched in another spelling.
    #[error("requests are matched in canonical form, which is `{0}`")]
    NotCanonical(Box<str>),
}

impl HostPattern {
    /// Reads `example.com`, `*.example.com` or an address; upper case and a trailing dot are
    /// accepted.
    ///
    /// # Errors
    /// [`PatternError::Host`].
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let _ = text;
        Err(PatternError::Host)
    }
}

impl PathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Anything that could never match a canonical path, or not as written.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let _ = CanonicalPath::parse(text);
        Err(PatternError::NoSlash)
    }

    /// Its pieces.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
}
