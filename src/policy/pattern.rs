//! Hosts and paths as rules write them.

use super::canonical::canonicalise;
use super::fold::fold;
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
        let (host, pattern): (_, fn(Host) -> Self) = match text.strip_prefix("*.") {
            Some(parent) => (parent, Self::Below),
            None => (text, Self::Exact),
        };
        match Host::parse(host) {
            // Addresses have no hosts below them.
            Ok(host) if host.is_address() && host.as_str() != text => Err(PatternError::Host),
            Ok(host) => Ok(pattern(host)),
            Err(_) => Err(PatternError::Host),
        }
    }
}

impl HostPattern {
    /// Whether requests to `host` are among those it is about.
    #[must_use]
    pub fn matches(&self, host: &Host) -> bool {
        match self {
            Self::Exact(exact) => exact == host,
            Self::Below(parent) => host.is_below(parent),
            Self::Any => true,
        }
    }
}

impl PathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Anything that could never match a canonical path, or not as written.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let Some(path) = text.strip_prefix('/') else {
            return Err(PatternError::NoSlash);
        };
        let mut segments = Vec::new();
        for piece in path.split('/') {
            if segments.last() == Some(&Segment::Rest) {
                return Err(PatternError::RestNotLast);
            }
            segments.push(Segment::parse(piece)?);
        }
        check_canonical(path, &segments)?;
        Ok(Self {
            segments: segments.into(),
        })
    }

    /// Its pieces.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether it is about requests whose path has `%2F`, which rules refuse unless told
    /// otherwise.
    #[must_use]
    pub fn has_encoded_slash(&self) -> bool {
        self.segments.iter().any(|segment| match segment {
            Segment::Literal(text) => text.contains("%2F"),
            Segment::One | Segment::Rest => false,
        })
    }

    /// Whether every path it matches is `prefix` or below it.
    #[must_use]
    pub fn is_below(&self, prefix: &CanonicalPath) -> bool {
        let prefix = prefix.as_str().trim_end_matches('/');
        let mut segments = self.segments.iter();
        prefix.split('/').skip(1).all(
            |wanted| matches!(segments.next(), Some(Segment::Literal(text)) if **text == *wanted),
        )
    }

    /// Whether a lax application would read another pattern.
    pub(super) fn folds(&self) -> bool {
        let is_plain = |segment: &Segment| match segment {
            Segment::Literal(text) => {
                let plain = |byte: u8| {
                    byte.is_ascii_lowercase()
                        || byte.is_ascii_digit()
                        || matches!(byte, b'-' | b'_' | b'.')
                };
                !text.is_empty() && text.bytes().all(plain)
            }
            Segment::One | Segment::Rest => true,
        };
        // Most patterns are told by a glance.
        !self.segments.iter().all(is_plain) && self.folded() != *self
    }

    /// The pattern as a lax application would read it.
    pub(super) fn folded(&self) -> Self {
        let mut segments: Vec<Segment> = Vec::with_capacity(self.segments.len());
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => segments.extend(
                    fold(text)
                        .split('/')
                        .filter(|piece| !piece.is_empty())
                        .map(|piece| Segment::Literal(piece.into())),
                ),
                Segment::One | Segment::Rest => segments.push(segment.clone()),
            }
        }
        if segments.is_empty() {
            segments.push(Segment::Literal("".into()));
        }
        Self {
            segments: segments.into(),
        }
    }
}

impl Segment {
    fn parse(piece: &str) -> Result<Self, PatternError> {
        let name = piece
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        match (piece, name) {
            ("*", _) => Ok(Self::One),
            ("**", _) => Ok(Self::Rest),
            (_, Some(name)) if is_name(name) => Ok(Self::One),
            _ if piece.contains(['*', '{', '}']) => Err(PatternError::PartialSegment),
            _ => Ok(Self::Literal(piece.into())),
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Literals must be spelled as canonical paths are, or they would never match.
fn check_canonical(text: &str, segments: &[Segment]) -> Result<(), PatternError> {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        match segment {
            Segment::Literal(text) => path.push_str(text),
            // Any name does: what matters is that the segment is not empty.
            Segment::One | Segment::Rest => path.push('x'),
        }
    }
    let canonical = canonicalise(&path).map_err(PatternError::Ambiguous)?;
    if canonical.merged {
        return Err(PatternError::Ambiguous(AmbiguousRequest::EmptySegment));
    }
    if canonical.text == path {
        return Ok(());
    }
    let pieces = text.split('/').zip(canonical.text.split('/').skip(1));
    Err(PatternError::NotCanonical(respell(segments, pieces)))
}

/// The pattern in canonical spelling; `pieces` are its segments as written and as spelled.
fn respell<'a>(segments: &[Segment], pieces: impl Iterator<Item = (&'a str, &'a str)>) -> Box<str> {
    let mut text = String::new();
    for (segment, (written, spelled)) in segments.iter().zip(pieces) {
        text.push('/');
        text.push_str(match segment {
            Segment::Literal(_) => spelled,
            Segment::One | Segment::Rest => written,
        });
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_segment_by_segment() {
        let pattern = PathPattern::parse("/a/{id}/*/**").unwrap();
        let expected = [
            Segment::Literal("a".into()),
            Segment::One,
            Segment::One,
            Segment::Rest,
        ];
        assert_eq!(pattern.segments(), expected);
        let root = PathPattern::parse("/").unwrap();
        assert_eq!(root.segments(), [Segment::Literal("".into())]);
    }

    #[test]
    fn patterns_that_could_never_match_are_refused() {
        let not_canonical = |text: &str| PatternError::NotCanonical(text.into());
        for (text, expected) in [
            ("", PatternError::NoSlash),
            ("a/b", PatternError::NoSlash),
            ("/a/**/b", PatternError::RestNotLast),
            ("/a/**/", PatternError::RestNotLast),
            ("/a*", PatternError::PartialSegment),
            ("/***", PatternError::PartialSegment),
            ("/{a b}", PatternError::PartialSegment),
            ("/{}", PatternError::PartialSegment),
            (
                "/a//b",
                PatternError::Ambiguous(AmbiguousRequest::EmptySegment),
            ),
            (
                "/a/../b",
                PatternError::Ambiguous(AmbiguousRequest::DotSegment),
            ),
            ("/a?b", PatternError::Ambiguous(AmbiguousRequest::Character)),
            ("/ä", PatternError::Ambiguous(AmbiguousRequest::NotUtf8)),
            ("/%61/{x}/**", not_canonical("/a/{x}/**")),
            ("/a%c3%a4", not_canonical("/a%C3%A4")),
        ] {
            assert_eq!(PathPattern::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn hosts_are_names_addresses_or_everything_below_a_name() {
        assert!(matches!(
            HostPattern::parse("App.Test"),
            Ok(HostPattern::Exact(_))
        ));
        assert!(matches!(
            HostPattern::parse("127.0.0.1"),
            Ok(HostPattern::Exact(_))
        ));
        assert!(matches!(
            HostPattern::parse("*.app.test"),
            Ok(HostPattern::Below(_))
        ));
        for text in [
            "*",
            "*.",
            "a.*.b",
            "app.test:80",
            "*.127.0.0.1",
            "http://app.test",
        ] {
            assert_eq!(HostPattern::parse(text), Err(PatternError::Host), "{text}");
        }
    }

    #[test]
    fn a_pattern_lies_below_a_mount_only_with_all_it_matches() {
        let mount = CanonicalPath::parse("/auth").unwrap();
        for (text, expected) in [
            ("/auth", true),
            ("/auth/**", true),
            ("/auth/login", true),
            ("/authx", false),
            ("/**", false),
            ("/*/login", false),
        ] {
            assert_eq!(
                PathPattern::parse(text).unwrap().is_below(&mount),
                expected,
                "{text}"
            );
        }
    }
}
