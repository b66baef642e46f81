//! Another path for the upstream than the one that was matched.
//!
//! What was judged is one path; what is forwarded is made from it here, and must be as free of
//! doubt: a rewrite whose result could be read in two ways is refused, never repaired.

use std::borrow::Cow;

use http::HeaderValue;

use super::path_regex::PathReplacement;
use super::query::Query;
use super::{AmbiguousRequest, CanonicalPath};

/// Longest path that a rewrite may make, in bytes: a replacement may repeat what it captured.
const MAX_PATH_BYTES: usize = 16 * 1024;

/// `rewrite` of a rule.
#[derive(Clone, Debug, Default)]
pub struct Rewrite {
    /// Taken off the front; canonical, without a slash at the end.
    pub strip_prefix: Option<Box<str>>,
    /// Replaces the path that is left, where it matches as a whole.
    pub replacement: Option<PathReplacement>,
    /// Put in front at last; canonical, without a slash at the end.
    pub add_prefix: Option<Box<str>>,
    /// Query parameters that the upstream doesn't see.
    pub remove_query: Box<[Box<str>]>,
    /// The `Host` that the upstream sees.
    pub host: HostRewrite,
}

/// `rewrite.host`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HostRewrite {
    /// The client's.
    #[default]
    Preserve,
    /// That of the endpoint the request is sent to.
    Upstream,
    /// This one.
    Name(HeaderValue),
}

impl Rewrite {
    /// Whether the path changes.
    #[must_use]
    pub const fn changes_path(&self) -> bool {
        self.strip_prefix.is_some() || self.replacement.is_some() || self.add_prefix.is_some()
    }

    /// The path for the upstream: `strip_prefix`, then `path_regex`, then `add_prefix`.
    ///
    /// # Errors
    /// What comes out could be read in more than one way. `%2F` passes where the rule lets it.
    pub fn path(
        &self,
        path: &CanonicalPath,
        allow_encoded_slash: bool,
    ) -> Result<String, AmbiguousRequest> {
        let mut rest = self.stripped(path.as_str())?.to_owned();
        if let Some(replacement) = &self.replacement {
            let whole = if rest.is_empty() { "/" } else { &*rest };
            if let Some(replaced) = replacement.apply(whole, MAX_PATH_BYTES)? {
                rest = replaced;
            }
        }
        let mut made = match &self.add_prefix {
            Some(prefix) => [prefix, &*rest].concat(),
            None => rest,
        };
        if made.is_empty() {
            made.push('/');
        }
        check(&made, allow_encoded_slash)?;
        Ok(made)
    }

    /// The query for the upstream; `None` where nothing is left of it.
    #[must_use]
    pub fn query<'a>(&self, query: &'a str) -> Option<Cow<'a, str>> {
        if self.remove_query.is_empty() {
            return Some(Cow::Borrowed(query));
        }
        let left = Query(query).without(&self.remove_query);
        (!left.is_empty() || query.is_empty()).then_some(left)
    }

    /// The path without the prefix; empty where there is nothing else.
    fn stripped<'a>(&self, path: &'a str) -> Result<&'a str, AmbiguousRequest> {
        let Some(prefix) = &self.strip_prefix else {
            return Ok(path);
        };
        // Loading made sure that the rule's paths all lie below the prefix.
        path.strip_prefix(&**prefix)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
            .ok_or(AmbiguousRequest::TargetForm)
    }
}

/// Nothing but a canonical path may be sent, spelled as it is.
fn check(made: &str, allow_encoded_slash: bool) -> Result<(), AmbiguousRequest> {
    if made.len() > MAX_PATH_BYTES {
        return Err(AmbiguousRequest::TargetForm);
    }
    let canonical = CanonicalPath::parse_for_rules(made)?;
    match canonical.refusal(false, allow_encoded_slash) {
        Some(reason) => Err(reason),
        None if canonical.as_str() == made => Ok(()),
        // An escape that can be written in another way has been put together from pieces.
        None => Err(AmbiguousRequest::Escape),
    }
}

#[cfg(test)]
#[path = "rewrite_tests.rs"]
mod tests;
