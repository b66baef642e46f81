//! Paths as regular expressions: matched in linear time, from the path's beginning to its end.

use regex_automata::meta::{self, Regex};
use regex_automata::nfa::thompson::{NFA, WhichCaptures};
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind, PatternSet};

use super::CanonicalPath;
use super::automaton::{can_begin_with, literal_prefix};
use super::canonical::canonicalise;
use super::fold::fold;

/// Longest expression, in bytes.
const MAX_TEXT_BYTES: usize = 1024;
/// Largest automaton of one expression, in bytes: what a hostile path can cost grows with it.
const MAX_AUTOMATON_BYTES: usize = 48 * 1024;
/// Deepest nesting.
const MAX_NESTING: u32 = 24;
/// Memory that one thread may use to remember states of one search, in bytes.
const CACHE_BYTES: usize = 1024 * 1024;

/// A regular expression for the whole canonical path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathRegex {
    text: Box<str>,
    /// The path's first segments, as far as the expression names them whole.
    prefix: Box<[Box<str>]>,
}

/// Why a text is no expression for paths.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathRegexError {
    /// Longer than allowed.
    #[error("the expression is longer than {MAX_TEXT_BYTES} bytes")]
    TooLong,
    /// Needs more memory than allowed, such as `(a{{1000}}){{1000}}`.
    #[error("the expression unfolds to more than {} KiB", MAX_AUTOMATON_BYTES / 1024)]
    TooLarge,
    /// Characters that canonical paths have percent-encoded.
    #[error("no path has other characters than ASCII: they come percent-encoded")]
    NotAscii,
    /// Look-around or back-references, which take more than linear time.
    #[error("{0}")]
    NotLinear(Box<str>),
    /// Not an expression.
    #[error("{0}")]
    Syntax(Box<str>),
    /// Paths begin with `/`.
    #[error("no path matches this, because paths begin with `/`")]
    NoSlash,
    /// It begins with segments that no request has.
    #[error("no request has a path that begins with `{0}`")]
    NotCanonical(Box<str>),
}

impl PathRegex {
    /// Reads an expression.
    ///
    /// # Errors
    /// Anything that could never match, or takes too much time or memory.
    pub fn parse(text: &str) -> Result<Self, PathRegexError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(PathRegexError::TooLong);
        }
        if !text.is_ascii() {
            return Err(PathRegexError::NotAscii);
        }
        // By itself first: nothing may reach out of the group that it is put into.
        if let Err(error) = syntax::parse_with(text, &syntax_of(Case::Counts)) {
            return Err(told(&error.to_string()));
        }
        // Folded it is larger: what look-alikes are found by must keep the limit too.
        automaton_of(text, Case::Folds)?;
        let nfa = automaton_of(text, Case::Counts)?;
        if !can_begin_with(&nfa, b'/') {
            return Err(PathRegexError::NoSlash);
        }
        Ok(Self {
            prefix: whole_segments(&literal_prefix(&nfa))?,
            text: text.into(),
        })
    }

    /// The expression as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first segments of every path that it matches, as far as it names them whole.
    pub fn prefix(&self) -> impl Iterator<Item = &str> {
        self.prefix.iter().map(|segment| &**segment)
    }

    /// Whether every path that it matches is `prefix` or below it, as far as its beginning tells.
    #[must_use]
    pub fn is_below(&self, prefix: &CanonicalPath) -> bool {
        let wanted = prefix.as_str().trim_end_matches('/').split('/').skip(1);
        let mut own = self.prefix();
        wanted
            .into_iter()
            .all(|segment| own.next() == Some(segment))
    }

    /// The first segments, as a lax application reads them.
    pub(super) fn folded_prefix(&self) -> Vec<Box<str>> {
        let folded = fold(&self.prefix.join("/"));
        let segments = folded.split('/').filter(|segment| !segment.is_empty());
        segments.map(Box::from).collect()
    }

    /// Its automaton, for comparing it with others.
    pub(super) fn automaton(&self) -> Option<NFA> {
        automaton_of(&self.text, Case::Counts).ok()
    }
}

/// Whether capitals and small letters differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Counts,
    Folds,
}

fn syntax_of(case: Case) -> syntax::Config {
    // Canonical paths are ASCII.
    syntax::Config::new()
        .unicode(false)
        .utf8(false)
        .case_insensitive(case == Case::Folds)
        .nest_limit(MAX_NESTING)
}

fn anchored(text: &str) -> String {
    format!(r"\A(?:{text})\z")
}

fn automaton_of(text: &str, case: Case) -> Result<NFA, PathRegexError> {
    let config = NFA::config()
        .utf8(false)
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(MAX_AUTOMATON_BYTES));
    NFA::compiler()
        .syntax(syntax_of(case))
        .configure(config)
        .build(&anchored(text))
        .map_err(|error| match error.size_limit() {
            Some(_) => PathRegexError::TooLarge,
            None => told(&error.to_string()),
        })
}

/// The parser's own words without its drawing.
fn told(error: &str) -> PathRegexError {
    let words = error.rsplit("error: ").next().unwrap_or(error).trim();
    let words = words.lines().next().unwrap_or_default();
    if words.contains("look-around") || words.contains("backreferences") {
        return PathRegexError::NotLinear(words.into());
    }
    if words.contains("exceeds the size limit") || words.contains("nested") {
        return PathRegexError::TooLarge;
    }
    PathRegexError::Syntax(words.into())
}

fn whole_segments(prefix: &str) -> Result<Box<[Box<str>]>, PathRegexError> {
    let Some((whole, _)) = prefix.rsplit_once('/') else {
        return Ok(Box::default());
    };
    let is_canonical = whole.is_empty()
        || canonicalise(whole).is_ok_and(|canonical| canonical.text == whole && !canonical.merged);
    if !is_canonical {
        return Err(PathRegexError::NotCanonical(whole.into()));
    }
    Ok(whole.split('/').skip(1).map(Box::from).collect())
}

/// Expressions that are looked for together, in one pass over the path.
#[derive(Debug)]
pub(super) struct RegexSet {
    search: Regex,
    count: usize,
}

impl RegexSet {
    /// `None` where there are too many to be searched together.
    pub(super) fn of<'a>(
        regexes: impl IntoIterator<Item = &'a PathRegex>,
        case: Case,
    ) -> Option<Self> {
        let texts: Vec<String> = regexes
            .into_iter()
            .map(|regex| anchored(&regex.text))
            .collect();
        let config = Regex::config()
            .match_kind(MatchKind::All)
            .utf8_empty(false)
            .which_captures(WhichCaptures::Implicit)
            // Each of them has a limit.
            .nfa_size_limit(None)
            .hybrid_cache_capacity(CACHE_BYTES);
        let search = meta::Builder::new()
            .configure(config)
            .syntax(syntax_of(case))
            .build_many(&texts)
            .ok()?;
        Some(Self {
            search,
            count: texts.len(),
        })
    }

    /// Adds the places of those that match to `found`.
    pub(super) fn find(&self, path: &str, found: &mut Vec<usize>) {
        // Most paths match none, and finding that out needs no memory.
        if !self.search.is_match(path) {
            return;
        }
        let mut matching = PatternSet::new(self.count);
        self.search
            .which_overlapping_matches(&Input::new(path), &mut matching);
        found.extend(matching.iter().map(|pattern| pattern.as_usize()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Result<String, PathRegexError> {
        let regex = PathRegex::parse(text)?;
        Ok(regex.prefix().collect::<Vec<_>>().join("/"))
    }

    #[test]
    fn an_expression_stands_where_its_literal_beginning_puts_it() {
        for (text, expected) in [
            ("/api/v[0-9]+/.*", "api"),
            ("^/api/users/.*$", "api/users"),
            ("/a/b", "a"),
            ("/a/b/", "a/b"),
            (".*", ""),
            ("/(a|b)/c", ""),
            ("/a/(b/c|b/d)", "a/b"),
            ("/a/b?/c", "a"),
            ("/a/(?:b/)?", "a"),
            ("(?i)/api/x", ""),
            ("/a|/b/c", ""),
            ("/a%20b/.*", "a%20b"),
        ] {
            assert_eq!(prefix(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_could_never_match_or_costs_too_much_is_refused() {
        use PathRegexError as E;
        for text in ["(a{1000}){1000}", "/(x+x+){900}y", "/(a{500}){500}|b"] {
            assert_eq!(prefix(text), Err(E::TooLarge), "{text}");
        }
        let deep = format!("/{}a{}", "(".repeat(30), ")".repeat(30));
        assert_eq!(prefix(&deep), Err(E::TooLarge));
        assert_eq!(prefix(&format!("/{}", "a".repeat(1024))), Err(E::TooLong));
        assert_eq!(prefix("/ä"), Err(E::NotAscii));
        assert_eq!(prefix("api/.*"), Err(E::NoSlash));
        assert_eq!(prefix("[^/].*"), Err(E::NoSlash));
        for text in [r"/a/\.\./b/.*", "//a/b", "/a%2fb/c", "/a%41/c"] {
            assert!(matches!(prefix(text), Err(E::NotCanonical(_))), "{text}");
        }
        for text in ["/(?=a)b", "/(?!a)b", "/(?<=a)b", r"/(a)\1"] {
            assert!(matches!(prefix(text), Err(E::NotLinear(_))), "{text}");
        }
        for text in ["/a)|(b", "/(", "/[", "/*?+{", "/(?x) a # b", r"/\"] {
            assert!(matches!(prefix(text), Err(E::Syntax(_))), "{text}");
        }
    }

    #[test]
    fn a_set_finds_all_that_match_from_beginning_to_end() {
        let regexes: Vec<PathRegex> = ["/a.*", "/a", "/b", "/.*c"]
            .iter()
            .map(|text| PathRegex::parse(text).unwrap())
            .collect();
        let set = RegexSet::of(&regexes, Case::Counts).unwrap();
        let find = |path: &str| {
            let mut found = Vec::new();
            set.find(path, &mut found);
            found
        };
        assert_eq!(find("/a"), [0, 1]);
        assert_eq!(find("/abc"), [0, 3]);
        assert_eq!(find("/x/a"), [0; 0]);
        assert_eq!(find("/bb"), [0; 0]);
        assert_eq!(find("/A"), [0; 0]);
        let folded = RegexSet::of(&regexes, Case::Folds).unwrap();
        let mut found = Vec::new();
        folded.find("/A", &mut found);
        assert_eq!(found, [0, 1]);
    }
}
