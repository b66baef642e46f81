//! Regular expressions that stand at one place of a tree of patterns.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::PathRegex;
use super::index::Reading;
use super::regex_pattern::{Case, RegexSet};
use super::trie::Entry;

/// Characters that canonical paths have encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@')
    .remove(b'/')
    .remove(b'[')
    .remove(b']')
    .remove(b'^')
    .remove(b'|');

/// Expressions that begin with the same segments.
#[derive(Debug)]
pub(super) struct Expressions {
    search: RegexSet,
    /// In order; each of the expression at the same place.
    entries: Box<[Entry]>,
    regexes: Box<[PathRegex]>,
}

impl Expressions {
    /// `None` where there are too many to be searched together.
    pub(super) fn of(mut lines: Vec<(PathRegex, Entry)>, case: Case) -> Option<Self> {
        lines.sort_by_key(|(_, entry)| entry.order());
        let search = RegexSet::of(lines.iter().map(|(regex, _)| regex), case)?;
        let (regexes, entries): (Vec<_>, Vec<_>) = lines.into_iter().unzip();
        Some(Self {
            search,
            entries: entries.into(),
            regexes: regexes.into(),
        })
    }

    /// Each expression and what is known at its end, in order.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&PathRegex, &Entry)> {
        self.regexes.iter().zip(&self.entries)
    }

    /// The entries whose expression matches the whole path, in order.
    pub(super) fn matching(&self, path: &str, reading: Reading) -> impl Iterator<Item = &Entry> {
        let mut found = Vec::new();
        match reading {
            Reading::Exact => self.search.find(path, &mut found),
            Reading::Folded => self.find_folded(path, &mut found),
        }
        found.sort_unstable();
        found.dedup();
        found
            .into_iter()
            .filter_map(|place| self.entries.get(place))
    }

    /// A folded path has lost its trailing slash and its escapes, which an expression may ask for.
    fn find_folded(&self, path: &str, found: &mut Vec<usize>) {
        let encoded = utf8_percent_encode(path, ENCODED).to_string();
        for path in [path, &encoded] {
            self.search.find(path, found);
            self.search.find(&format!("{path}/"), found);
        }
    }
}
