//! The languages that people are spoken to in, and the words, from Fluent files.

mod text;

pub use text::{Say, TextError, Texts};

/// How many entries of `Accept-Language` are looked at; browsers send fewer than ten.
const MAX_ACCEPTED_LANGUAGES: usize = 16;

/// A language that pages and mails are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    /// English, also for those who asked for a language that is not here.
    #[default]
    English,
    /// German.
    German,
}

impl Locale {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// The language tag, as `lang` and `Content-Language` have it.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The best match for an `Accept-Language` header (RFC 9110, section 12.5.4): the highest
    /// weight wins, among equals the first. No header, or nothing that is here: English.
    #[must_use]
    pub fn from_accept_language(header: Option<&str>) -> Self {
        Self::accepted(header).unwrap_or_default()
    }

    /// The best match for an `Accept-Language` header; `None` when it asks for nothing that is
    /// here.
    #[must_use]
    pub fn accepted(header: Option<&str>) -> Option<Self> {
        let mut best = (0, None);
        for entry in header
            .unwrap_or_default()
            .split(',')
            .take(MAX_ACCEPTED_LANGUAGES)
        {
            let (tag, parameters) = entry.split_once(';').unwrap_or((entry, ""));
            let weight = weight_in_thousandths(parameters);
            if let Some(locale) = Self::from_tag(tag.trim())
                && weight > best.0
            {
                best = (weight, Some(locale));
            }
        }
        best.1
    }

    /// The language of a tag such as `de-AT`, where it is here.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|locale| primary.eq_ignore_ascii_case(locale.tag()))
    }
}

/// `q=0.7` as 700. A weight that does not read counts as none given.
fn weight_in_thousandths(parameters: &str) -> u16 {
    const FULL: u16 = 1000;
    let Some(value) = parameters.trim().strip_prefix("q=") else {
        return FULL;
    };
    let value = value.trim();
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if whole.starts_with('1') {
        return FULL;
    }
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    digits.parse().unwrap_or(FULL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_with_the_highest_weight_wins() {
        let cases = [
            (None, Locale::English),
            (Some(""), Locale::English),
            (Some("de"), Locale::German),
            (Some("de-AT,de;q=0.9,en;q=0.8"), Locale::German),
            (Some("en-GB,en;q=0.9,de;q=0.8"), Locale::English),
            (Some("en;q=0.3, de;q=0.7"), Locale::German),
            (Some("fr, DE-ch;q=0.5"), Locale::German),
            (Some("fr"), Locale::English),
            (Some("de;q=0"), Locale::English),
            (Some("de;q=0.001,en;q=0"), Locale::German),
        ];
        for (header, expected) in cases {
            assert_eq!(Locale::from_accept_language(header), expected, "{header:?}");
        }
    }
}
