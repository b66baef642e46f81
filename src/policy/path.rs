//! The canonical path.

use super::AmbiguousRequest;

/// A path in the one form that is matched and forwarded: starts with `/`, unreserved characters
/// decoded, escapes in upper case, no dot segments, no empty segments (but a trailing slash).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CanonicalPath(Box<str>);

impl CanonicalPath {
    /// Reads a path as it came over the wire (without query).
    ///
    /// # Errors
    /// A path that different programs would read differently.
    pub fn parse(raw: &str) -> Result<Self, AmbiguousRequest> {
        Ok(Self(raw.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
