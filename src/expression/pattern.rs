//! Regular expressions: written in the expression, built once, linear in the text they look at.

use regex_automata::meta::Regex;
use regex_automata::util::syntax;

/// Largest pattern once built, in bytes.
const LARGEST_BYTES: usize = 1024 * 1024;
/// What one pattern may keep while it looks at texts, in bytes and per thread.
const CACHE_BYTES: usize = 256 * 1024;
/// Deepest nesting within a pattern.
const DEEPEST: u32 = 50;

/// A regular expression.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    weight: usize,
}

impl Pattern {
    /// Builds it; `None` for what is no regular expression, or too large a one.
    pub(super) fn new(text: &str) -> Option<Self> {
        let limits = Regex::config()
            .nfa_size_limit(Some(LARGEST_BYTES))
            .onepass_size_limit(Some(LARGEST_BYTES))
            .dfa_size_limit(Some(LARGEST_BYTES))
            .hybrid_cache_capacity(CACHE_BYTES);
        let regex = Regex::builder()
            .configure(limits)
            .syntax(syntax::Config::new().nest_limit(DEEPEST))
            .build(text)
            .ok()?;
        let weight = regex.memory_usage() / 1024;
        Some(Self { regex, weight })
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// How much work it is to look for it in so many bytes.
    pub(super) const fn cost(&self, length: usize) -> usize {
        length.saturating_mul(1 + self.weight) / 64
    }
}
