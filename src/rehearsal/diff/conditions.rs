//! Whether one condition can hold where another does not, as far as their words tell.

use std::collections::BTreeSet;

/// What rules ask together: each expression must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked<'a>(pub(super) Vec<&'a str>);

impl Asked<'_> {
    /// Whether `other` certainly holds where this does. Where the words don't show it, it may not.
    pub(super) fn implies(&self, other: &Self) -> bool {
        let known: BTreeSet<String> = self.0.iter().flat_map(|text| all_of(text)).collect();
        if known.contains("false") {
            return true;
        }
        let wanted = other.0.iter().flat_map(|text| all_of(text));
        wanted.into_iter().all(|wanted| {
            let choices = any_of(&wanted);
            wanted == "true"
                || known.contains(&wanted)
                || known.iter().any(|known| any_of(known).is_subset(&choices))
        })
    }
}

/// The parts that must all hold.
fn all_of(text: &str) -> BTreeSet<String> {
    let has_weaker = parts(text, "||").len() > 1 || parts(text, "?").len() > 1;
    if has_weaker {
        return BTreeSet::from([squeezed(text)]);
    }
    let parts = parts(text, "&&");
    parts.into_iter().map(squeezed).collect()
}

/// The parts of which one must hold.
fn any_of(text: &str) -> BTreeSet<String> {
    if parts(text, "?").len() > 1 {
        return BTreeSet::from([squeezed(text)]);
    }
    let parts = parts(text, "||");
    parts.into_iter().map(squeezed).collect()
}

/// Raw and long strings and comments have quotes of their own: such a text is taken as a whole.
fn is_plain(text: &str) -> bool {
    let special = ["\"\"\"", "\'\'\'", "//"];
    !special.iter().any(|mark| text.contains(mark)) && !has_raw_text(text)
}

/// Whether an `r` by itself stands before a quote. One that ends a word does not: `"teller"`.
fn has_raw_text(text: &str) -> bool {
    let (mut before, mut mark) = (None, None);
    for c in text.chars() {
        let in_word = before.is_some_and(|c: char| c.is_alphanumeric() || c == '_');
        if matches!(c, '"' | '\'') && matches!(mark, Some('r' | 'R')) && !in_word {
            return true;
        }
        before = mark.replace(c);
    }
    false
}

/// Splits where an operator stands outside brackets and quotes.
fn parts<'a>(text: &'a str, operator: &str) -> Vec<&'a str> {
    if !is_plain(text) {
        return vec![text];
    }
    let mut parts = Vec::new();
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    let mut begin = 0;
    for (place, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(end), c) if c == end => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => {
                let here = text.get(place..).unwrap_or_default();
                if depth == 0 && place >= begin && here.starts_with(operator) {
                    parts.extend(text.get(begin..place));
                    begin = place + operator.len();
                }
            }
        }
    }
    parts.extend(text.get(begin..));
    parts
}

/// Without the spaces that mean nothing.
fn squeezed(text: &str) -> String {
    if !is_plain(text) {
        return text.trim().to_owned();
    }
    let (mut quote, mut escaped) = (None, false);
    let mut squeezed = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(end), c) if c == end => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, c) if c.is_whitespace() => {
                // Between two words a space counts: `a in b`.
                if squeezed.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
                    squeezed.push(' ');
                }
                continue;
            }
            (None, _) => {}
        }
        let sign = !(c.is_alphanumeric() || c == '_');
        if quote.is_none() && sign && squeezed.ends_with(' ') {
            squeezed.pop();
        }
        squeezed.push(c);
    }
    squeezed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn implies(one: &str, other: &str) -> bool {
        Asked(vec![one]).implies(&Asked(vec![other]))
    }

    #[test]
    fn a_condition_implies_what_it_asks_among_others() {
        for (one, other, expected) in [
            ("a == 1", "a==1", true),
            ("a == 1 && b", "a == 1", true),
            ("b && a == 1", "a == 1 && b", true),
            ("a == 1", "a == 1 && b", false),
            ("a == 1", "a == 1 || b", true),
            ("a == 1 || b", "a == 1", false),
            ("a || b && c", "a", false),
            ("a && b || c", "a", false),
            ("(a || b) && c", "c", true),
            ("x == \"a && b\"", "x == \"a\"", false),
            ("a ? b : c && d", "d", false),
            ("false", "a", true),
            ("a", "true", true),
            ("x == 'a  b'", "x == 'a b'", false),
            ("\"x\" in y", "\"x\"in y", true),
            ("a", "b", false),
            ("x == \"teller\" && b", "x==\"teller\"", true),
            ("x == r\"a && b\"", "b\"", false),
        ] {
            assert_eq!(implies(one, other), expected, "{one} => {other}");
        }
        assert!(Asked(vec!["a", "b"]).implies(&Asked(vec!["b"])));
        assert!(!Asked(Vec::new()).implies(&Asked(vec!["b"])));
        assert!(Asked(vec!["b"]).implies(&Asked(Vec::new())));
    }
}
