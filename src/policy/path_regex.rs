//! Paths replaced by regular expressions, in time linear in the path.

use regex_automata::Anchored;
use regex_automata::Input;
use regex_automata::meta::{Config, Regex};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;

use super::AmbiguousRequest;
use super::canonical::canonicalise;

/// How large a compiled expression may be, in bytes.
const MAX_COMPILED_BYTES: usize = 512 * 1024;
/// How long an expression or a replacement may be, in bytes.
const MAX_TEXT_BYTES: usize = 1024;

/// `rewrite.path_regex`: an expression for whole paths, and what to put in their place.
#[derive(Clone, Debug)]
pub struct PathReplacement {
    regex: Regex,
    pieces: Box<[Piece]>,
}

/// One piece of a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    /// What the group with this number matched; nothing where it took no part.
    Group(usize),
}

/// Why a replacement can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplacementError {
    /// Longer than anybody needs.
    #[error("an expression and its replacement have at most 1,024 characters each")]
    TooLong,
    /// The expression is none, or too large.
    #[error("this is no regular expression that can be used: {0}")]
    Pattern(String),
    /// The replacement does not begin with a slash.
    #[error("a replacement begins with `/`")]
    NoSlash,
    /// `$` without a group.
    #[error("`$` stands before a group, as in `$1` or `$name`; write `$$` for the character")]
    Dollar,
    /// The expression has no such group.
    #[error("the expression has no group `{0}`")]
    Group(String),
    /// The text between the groups is no canonical path.
    #[error("what is written here makes no path that could be sent: {0}")]
    Ambiguous(AmbiguousRequest),
    /// Paths are sent in another spelling.
    #[error("paths are sent in canonical form, with no character encoded that need not be")]
    NotCanonical,
}

impl ReplacementError {
    /// Whether the expression is at fault, not the replacement.
    #[must_use]
    pub const fn is_about_pattern(&self) -> bool {
        match self {
            Self::TooLong | Self::Pattern(_) => true,
            Self::NoSlash
            | Self::Dollar
            | Self::Group(_)
            | Self::Ambiguous(_)
            | Self::NotCanonical => false,
        }
    }
}

impl PathReplacement {
    /// Compiles an expression, which is anchored at both ends, and its replacement.
    ///
    /// # Errors
    /// What is wrong with either.
    pub fn compile(pattern: &str, replacement: &str) -> Result<Self, ReplacementError> {
        if pattern.len() > MAX_TEXT_BYTES || replacement.len() > MAX_TEXT_BYTES {
            return Err(ReplacementError::TooLong);
        }
        // Alone first: brackets that only fit together with those around it would move the anchors.
        compile(pattern)?;
        let regex = compile(&format!("^(?:{pattern})$"))?;
        let pieces = pieces(replacement, &regex)?;
        check_text(&pieces)?;
        Ok(Self {
            regex,
            pieces: pieces.into(),
        })
    }

    /// The replacement for `path`; `None` where the expression does not match it as a whole.
    ///
    /// # Errors
    /// It would be longer than `limit` bytes.
    pub(super) fn apply(
        &self,
        path: &str,
        limit: usize,
    ) -> Result<Option<String>, AmbiguousRequest> {
        let mut captures: Captures = self.regex.create_captures();
        let input = Input::new(path).anchored(Anchored::Yes);
        self.regex.search_captures(&input, &mut captures);
        if !captures.is_match() {
            return Ok(None);
        }
        let mut made = String::with_capacity(path.len());
        for piece in &self.pieces {
            let text = match piece {
                Piece::Text(text) => text,
                Piece::Group(number) => captures
                    .get_group(*number)
                    .and_then(|span| path.get(span.range()))
                    .unwrap_or_default(),
            };
            if made.len().saturating_add(text.len()) > limit {
                return Err(AmbiguousRequest::TargetForm);
            }
            made.push_str(text);
        }
        Ok(Some(made))
    }
}

fn compile(pattern: &str) -> Result<Regex, ReplacementError> {
    Regex::builder()
        .configure(Config::new().nfa_size_limit(Some(MAX_COMPILED_BYTES)))
        .syntax(syntax::Config::new().nest_limit(64))
        .build(pattern)
        .map_err(|error| ReplacementError::Pattern(why(&error)))
}

fn why(error: &regex_automata::meta::BuildError) -> String {
    match (error.size_limit(), error.syntax_error()) {
        (Some(_), _) => "it is too large".to_owned(),
        (None, Some(syntax)) => {
            // The parser draws a picture; its last line says what is wrong.
            let text = syntax.to_string();
            let last = text.lines().last().unwrap_or_default().trim();
            last.trim_start_matches("error: ").to_owned()
        }
        (None, None) => error.to_string(),
    }
}

/// Reads `$1`, `$name`, `${1}`, `${name}` and `$$`.
fn pieces(text: &str, regex: &Regex) -> Result<Vec<Piece>, ReplacementError> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        literal.push_str(before);
        if let Some(behind) = after.strip_prefix('$') {
            literal.push('$');
            rest = behind;
            continue;
        }
        let (name, behind) = group_name(after).ok_or(ReplacementError::Dollar)?;
        let number =
            find_group(name, regex).ok_or_else(|| ReplacementError::Group(name.to_owned()))?;
        if !literal.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut literal).into()));
        }
        pieces.push(Piece::Group(number));
        rest = behind;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal.into()));
    }
    Ok(pieces)
}

/// The name after a `$`, and what follows it.
fn group_name(after: &str) -> Option<(&str, &str)> {
    if let Some(inner) = after.strip_prefix('{') {
        return inner.split_once('}').filter(|(name, _)| !name.is_empty());
    }
    let numbered = after.starts_with(|letter: char| letter.is_ascii_digit());
    let length = after
        .bytes()
        .take_while(|byte| match numbered {
            true => byte.is_ascii_digit(),
            false => byte.is_ascii_alphanumeric() || *byte == b'_',
        })
        .count();
    after.split_at_checked(length).filter(|_| length > 0)
}

fn find_group(name: &str, regex: &Regex) -> Option<usize> {
    let groups = regex.group_info();
    let pattern = regex_automata::PatternID::ZERO;
    match name.parse::<usize>() {
        Ok(number) => (number < groups.group_len(pattern)).then_some(number),
        Err(_) => groups.to_index(pattern, name),
    }
}

/// Whatever the groups hold, what is written around them has to make a path.
fn check_text(pieces: &[Piece]) -> Result<(), ReplacementError> {
    if !matches!(pieces.first(), Some(Piece::Text(text)) if text.starts_with('/')) {
        return Err(ReplacementError::NoSlash);
    }
    let sample: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Group(_) => "x",
        })
        .collect();
    let canonical = canonicalise(&sample).map_err(ReplacementError::Ambiguous)?;
    if canonical.merged {
        return Err(ReplacementError::Ambiguous(AmbiguousRequest::EmptySegment));
    }
    if canonical.text != sample {
        return Err(ReplacementError::NotCanonical);
    }
    Ok(())
}
