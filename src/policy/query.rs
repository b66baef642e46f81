//! Query parameters, as applications read them.
//!
//! Applications disagree on a parameter that comes twice (the first, the last, a list), on `;`
//! (a separator once, text now), on `name[]`, on capitals and dots in names, and on `+`. A
//! condition on a parameter holds for sure only where they all agree.

use std::borrow::Cow;
use std::iter;

use super::conditions::{Expected, Occurrence};
use super::holds::Holds;

/// A query string, without `?`.
#[derive(Clone, Copy)]
pub(super) struct Query<'a>(pub(super) &'a str);

impl<'a> Query<'a> {
    /// Whether what is expected of the parameter `name` is so.
    pub(super) fn holds(self, name: &str, expected: &Expected) -> Holds {
        let modern = expected.hold_for(occurrences(self.0.split('&'), name, expected));
        if !self.0.contains(';') {
            return modern;
        }
        let pieces = self.0.split(['&', ';']);
        modern.or_read_as(expected.hold_for(occurrences(pieces, name, expected)))
    }

    /// The query without the parameters of these names, whoever reads it: what is left stands as it
    /// came. Also what only some programs take for one of them goes.
    pub(super) fn without(self, names: &[Box<str>]) -> Cow<'a, str> {
        let goes = |piece: &str| {
            let name = piece.split_once('=').map_or(piece, |(name, _)| name);
            let mut names = names.iter();
            names.any(|gone| are_alike(name, gone) || decoded(name, true).eq(gone.bytes()))
        };
        if !self.0.split(['&', ';']).any(goes) {
            return Cow::Borrowed(self.0);
        }
        let mut left = String::with_capacity(self.0.len());
        let pieces = self.0.split_inclusive(['&', ';']);
        for piece in pieces.filter(|piece| !goes(piece.trim_end_matches(['&', ';']))) {
            left.push_str(piece);
        }
        // The separator before what was last.
        if left.len() < self.0.len() && !self.0.ends_with(['&', ';']) {
            let end = left.trim_end_matches(['&', ';']).len();
            left.truncate(end);
        }
        Cow::Owned(left)
    }
}

fn occurrences<'a>(
    pieces: impl Iterator<Item = &'a str>,
    wanted_name: &str,
    expected: &Expected,
) -> impl Iterator<Item = Occurrence> {
    pieces
        .filter(|piece| !piece.is_empty())
        .filter_map(move |piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let own = decoded(name, true).eq(wanted_name.bytes());
            (own || are_alike(name, wanted_name)).then(|| Occurrence {
                own,
                equal: match expected {
                    Expected::Present | Expected::Absent => Holds::No,
                    Expected::Exactly(text) => is_value(value, text),
                },
            })
        })
}

/// Whether a raw value is `text`, with `+` as a space and as itself.
fn is_value(raw: &str, text: &str) -> Holds {
    let as_form = Holds::of(decoded(raw, true).eq(text.bytes()));
    if !raw.contains('+') {
        return as_form;
    }
    as_form.or_read_as(Holds::of(decoded(raw, false).eq(text.bytes())))
}

/// Whether some program takes the raw name for the expected one: it folds capitals, or reads
/// `a.b` and `a b` as `a_b`, or `a[]` and `a[x]` as `a`, or leaves `+` as it is.
fn are_alike(raw: &str, expected: &str) -> bool {
    let lax = |byte: u8| match byte {
        b'.' | b' ' | b'+' => b'_',
        byte => byte.to_ascii_lowercase(),
    };
    let name = decoded(raw, true).skip_while(|byte| *byte == b' ');
    let cut = name.clone().take_while(|byte| *byte != b'[' && *byte != 0);
    let expected = || expected.bytes().map(lax);
    name.map(lax).eq(expected()) || cut.map(lax).eq(expected())
}

/// The bytes that a piece of a query stands for. A `%` without two digits stands for itself.
fn decoded(raw: &str, plus_is_space: bool) -> impl Iterator<Item = u8> + Clone {
    let mut rest = raw.as_bytes();
    iter::from_fn(move || {
        let (first, after) = rest.split_first()?;
        rest = after;
        match first {
            b'+' if plus_is_space => Some(b' '),
            b'%' => {
                let digits = after.split_first_chunk::<2>();
                let value = digits.and_then(|([high, low], _)| {
                    let digit = |byte: &u8| char::from(*byte).to_digit(16);
                    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
                });
                if let (Some(_), Some((_, behind))) = (value, digits) {
                    rest = behind;
                }
                value.or(Some(b'%'))
            }
            other => Some(*other),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Holds::{Maybe, No, Yes};

    fn exactly(text: &str) -> Expected {
        Expected::Exactly(text.into())
    }

    #[test]
    fn a_parameter_counts_as_applications_read_it() {
        for (query, present, exact) in [
            ("", No, No),
            ("p=1", Yes, Yes),
            ("a=b&p=1&c", Yes, Yes),
            ("p", Yes, No),
            ("p=", Yes, No),
            ("%70=%31", Yes, Yes),
            ("xp=1", No, No),
            ("p%00=1", Maybe, Maybe),
            ("p=1&p=1", Yes, Yes),
            ("p=1&p=", Yes, Maybe),
            ("p=2&p=1", Yes, Maybe),
            ("p=2&p=3", Yes, No),
            // Some read `;` as a separator.
            ("p=1;x", Yes, Maybe),
            ("x;p=1", Maybe, Maybe),
            ("x=;p=2", Maybe, No),
            ("x=;y", No, No),
            // Names that some programs take for it.
            ("P=1", Maybe, Maybe),
            ("p[]=1", Maybe, Maybe),
            ("p%5Bx%5D=1", Maybe, Maybe),
            ("p=1&P=2", Yes, Maybe),
            ("+p=1", Maybe, Maybe),
            // What is no escape is text.
            ("p%=1", No, No),
            ("p=%31%", Yes, No),
            ("p%7=1&%zz", No, No),
        ] {
            let query = Query(query);
            assert_eq!(query.holds("p", &Expected::Present), present, "{}", query.0);
            assert_eq!(
                query.holds("p", &Expected::Absent),
                present.not(),
                "{}",
                query.0
            );
            assert_eq!(query.holds("p", &exactly("1")), exact, "{}", query.0);
        }
    }

    #[test]
    fn a_parameter_goes_in_every_reading_and_the_others_stay_as_they_came() {
        let names: [Box<str>; 2] = ["token".into(), "utm_source".into()];
        for (query, left) in [
            ("", ""),
            ("a=1&b=%20+", "a=1&b=%20+"),
            ("token=x", ""),
            ("token", ""),
            ("a=1&token=x", "a=1"),
            ("token=x&a=1", "a=1"),
            ("a=1&token=x&b=2&token=y", "a=1&b=2"),
            ("a=1&%74oken=x&&b", "a=1&&b"),
            ("TOKEN=x&token[]=y&token[z]=1&a", "a"),
            ("a=1;token=x;b=2", "a=1;b=2"),
            ("a=1&token=x;y", "a=1&y"),
            ("tokens=1&a=token", "tokens=1&a=token"),
            ("utm.source=1&a", "a"),
            ("a&token=x&", "a&"),
        ] {
            assert_eq!(Query(query).without(&names), left, "{query}");
        }
    }

    #[test]
    fn a_plus_is_a_space_to_most_and_a_plus_to_some() {
        assert_eq!(Query("p=a%20b").holds("p", &exactly("a b")), Yes);
        assert_eq!(Query("p=a+b").holds("p", &exactly("a b")), Maybe);
        assert_eq!(Query("p=a+b").holds("p", &exactly("a+b")), Maybe);
        assert_eq!(Query("p=a%2Bb").holds("p", &exactly("a+b")), Yes);
        assert_eq!(Query("p=a+b").holds("p", &exactly("ab")), No);
        assert_eq!(Query("a.b=1").holds("a_b", &Expected::Present), Maybe);
        assert_eq!(Query("%C3%A4=1").holds("ä", &Expected::Present), Yes);
    }
}
