//! Paths that a regular expression matches.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Longest path that is made.
const MAX_BYTES: usize = 512;

/// Some texts that the expression matches: by the least and by more repetitions, by the first and
/// the last alternative. Look-around is ignored, so a text may fail to match; none is lost by it.
pub(super) fn matched_by(expression: &str) -> Vec<String> {
    let Ok(parsed) = regex_syntax::parse(expression) else {
        return Vec::new();
    };
    let mut texts = Vec::new();
    for choice in [Choice::First, Choice::Last] {
        let mut text = String::new();
        write(&parsed, choice, &mut text);
        if text.starts_with('/') && !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    First,
    Last,
}

fn write(expression: &Hir, choice: Choice, text: &mut String) {
    if text.len() > MAX_BYTES {
        return;
    }
    match expression.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => text.extend(member(class)),
        HirKind::Repetition(repetition) => {
            let times = match choice {
                Choice::First => repetition.min,
                Choice::Last => repetition.max.unwrap_or(u32::MAX).min(repetition.min + 2),
            };
            for _ in 0..times.min(64) {
                write(&repetition.sub, choice, text);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, choice, text),
        HirKind::Concat(parts) => {
            for part in parts {
                write(part, choice, text);
            }
        }
        HirKind::Alternation(parts) => {
            let part = match choice {
                Choice::First => parts.first(),
                Choice::Last => parts.last(),
            };
            if let Some(part) = part {
                write(part, choice, text);
            }
        }
    }
}

/// A character of a class, one that paths have if there is one.
fn member(class: &Class) -> Option<char> {
    const USUAL: [char; 5] = ['x', '1', 'X', '-', '_'];
    let has = |wanted: char| match class {
        Class::Unicode(class) => {
            let mut ranges = class.ranges().iter();
            ranges.any(|range| range.start() <= wanted && wanted <= range.end())
        }
        Class::Bytes(class) => {
            let mut ranges = class.ranges().iter();
            ranges.any(|range| {
                char::from(range.start()) <= wanted && wanted <= char::from(range.end())
            })
        }
    };
    let usual = USUAL.into_iter().find(|wanted| has(*wanted));
    usual.or_else(|| match class {
        Class::Unicode(class) => class.ranges().first().map(|range| range.start()),
        Class::Bytes(class) => class
            .ranges()
            .first()
            .map(|range| char::from(range.start())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_tried_with_paths_that_it_matches() {
        for expression in [
            "/reports/[0-9]{4}/(pdf|csv)",
            "/a/.+",
            "/files/(?:[a-z]+/)*end",
            "/v[12]/x?",
        ] {
            let anchored = format!("^(?:{expression})$");
            let regex = regex_automata::meta::Regex::new(&anchored).unwrap();
            let texts = matched_by(expression);
            assert!(!texts.is_empty(), "{expression}");
            for text in texts {
                assert!(regex.is_match(&text), "{expression}: {text}");
            }
        }
    }
}
