//! Headers that a rule sets and removes.

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::FieldPattern;

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
    pub fn values(&self) -> Vec<(HeaderName, HeaderValue)> {
        self.set
            .iter()
            .map(|(name, source)| match source {
                FieldSource::Text(value) => (name.clone(), value.clone()),
            })
            .collect()
    }

    /// Takes out what goes: also the headers whose value can't be had, so that nobody else's value
    /// stands under their name.
    pub fn remove_from(&self, headers: &mut HeaderMap) {
        let doomed: Vec<HeaderName> = headers
            .keys()
            .filter(|name| {
                self.doomed
                    .iter()
                    .any(|pattern| pattern.covers(name.as_str()))
            })
            .cloned()
            .collect();
        for name in doomed {
            headers.remove(name);
        }
    }
}
