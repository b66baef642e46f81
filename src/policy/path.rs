//! The canonical path.

use super::AmbiguousRequest;
use super::canonical::canonicalise;

/// A path in the one form that is matched and forwarded: starts with `/`, unreserved characters
/// decoded, escapes in upper case, no dot segments, no empty segments (but a trailing slash).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CanonicalPath {
    text: Box<str>,
    traits: Traits,
}

/// What was seen while reading a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Traits {
    /// `//` was read as `/`.
    merged: bool,
    /// The text has `%2F`.
    encoded_slash: bool,
    /// A lax reader could see another path in it.
    lax: bool,
}

impl CanonicalPath {
    /// Reads a path as it came over the wire (without query).
    ///
    /// # Errors
    /// A path that different programs would read differently.
    pub fn parse(raw: &str) -> Result<Self, AmbiguousRequest> {
        let path = Self::parse_for_rules(raw)?;
        match path.refusal(false, false) {
            Some(reason) => Err(reason),
            None => Ok(path),
        }
    }

    /// Like [`CanonicalPath::parse`], but leaves two refusals to [`super::RuleSet::find`], because
    /// the rule that is found may lift them: `//` (read as `/`) and `%2F`.
    ///
    /// # Errors
    /// A path that different programs would read differently, whatever a rule says.
    pub fn parse_for_rules(raw: &str) -> Result<Self, AmbiguousRequest> {
        let canonical = canonicalise(raw)?;
        Ok(Self {
            traits: Traits {
                merged: canonical.merged,
                encoded_slash: canonical.encoded_slash,
                lax: canonical.lax,
            },
            text: canonical.text.into(),
        })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is `prefix` or a path below it.
    ///
    /// # Errors
    /// It is, but only when `//` or `%2F` are read in one of several ways: refuse the request.
    pub fn is_below(&self, prefix: &Self) -> Result<bool, AmbiguousRequest> {
        let prefix = prefix.as_str().trim_end_matches('/');
        let rest = self.text.strip_prefix(prefix);
        if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            return Ok(false);
        }
        match self.refusal(false, false) {
            Some(reason) => Err(reason),
            None => Ok(true),
        }
    }

    /// Whether it came with `//`, which was read as `/`.
    #[must_use]
    pub const fn was_merged(&self) -> bool {
        self.traits.merged
    }

    /// Whether a lax application could read another path in it.
    pub(super) const fn has_look_alikes(&self) -> bool {
        self.traits.lax
    }

    /// Why this path is refused by a rule with these switches.
    pub(super) const fn refusal(
        &self,
        merge_slashes: bool,
        allow_encoded_slash: bool,
    ) -> Option<AmbiguousRequest> {
        if self.traits.encoded_slash && !allow_encoded_slash {
            return Some(AmbiguousRequest::EncodedSlash);
        }
        if self.traits.merged && !merge_slashes {
            return Some(AmbiguousRequest::EmptySegment);
        }
        None
    }
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
