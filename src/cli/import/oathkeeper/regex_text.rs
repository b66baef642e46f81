//! Regular expressions as text: what can be said of one without asking it.

use regex_automata::meta::Regex;

/// Everything, whatever it is.
pub(super) fn is_any(regex: &str) -> bool {
    matches!(bare(regex), ".*" | ".+" | "(.*)" | "(.+)")
}

/// One segment, whatever it is called.
pub(super) fn is_any_segment(regex: &str) -> bool {
    matches!(bare(regex), "[^/]+" | "([^/]+)" | "[^\\/]+" | "([^\\/]+)")
}

/// Without a group around it that only captures or only groups.
fn bare(regex: &str) -> &str {
    let inner = regex
        .strip_prefix("(?:")
        .and_then(|rest| rest.strip_suffix(')'));
    inner
        .filter(|inner| !inner.contains(['(', ')']))
        .unwrap_or(regex)
}

/// The words that an expression lists: `(a|b)`, `a|b`, `https?`.
pub(super) fn alternatives(regex: &str) -> Option<Vec<String>> {
    let inner = regex
        .strip_prefix("(?:")
        .or_else(|| regex.strip_prefix('('))
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(regex);
    let mut words = Vec::new();
    for word in inner.split('|') {
        words.extend(spellings(word)?);
    }
    Some(words)
}

/// A word without meaning for expressions; a letter before `?` may be left out.
fn spellings(word: &str) -> Option<Vec<String>> {
    let mut spellings = vec![String::new()];
    let mut letters = word.chars().peekable();
    while let Some(letter) = letters.next() {
        let plain = match letter {
            '\\' => letters.next().filter(char::is_ascii_punctuation)?,
            plain if plain.is_alphanumeric() || "-_~%@,:/".contains(plain) => plain,
            _ => return None,
        };
        let may_miss = letters.next_if_eq(&'?').is_some();
        let without = spellings.clone();
        for spelling in &mut spellings {
            spelling.push(plain);
        }
        if may_miss {
            spellings.extend(without);
        }
        if spellings.len() > 8 {
            return None;
        }
    }
    Some(spellings)
}

/// Whether an engine of linear time understands it.
pub(super) fn is_usable(regex: &str) -> bool {
    regex.len() <= 1024 && Regex::new(regex).is_ok()
}

/// Text that stands for itself.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_punctuation() && !"/-_:%~,=@&;'\"!<>".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
