//! Header names as applications read them.

use http::HeaderName;

/// A header name, or a family of them, in every spelling that applications take for the same:
/// CGI, WSGI and PHP fold `-`, `_` and `.` into one character.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldPattern {
    folded: Box<str>,
    family: bool,
}

impl FieldPattern {
    /// Reads `X-Role`, or `X-Role-*` for every name that begins so. `None`: this is no name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, family) = match text.strip_suffix('*') {
            Some(start) => (start, true),
            None => (text, false),
        };
        HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some(Self {
            folded: fold_field(name).into(),
            family,
        })
    }

    /// Exactly this name, in every spelling.
    #[must_use]
    pub fn of(name: &HeaderName) -> Self {
        Self {
            folded: fold_field(name.as_str()).into(),
            family: false,
        }
    }

    /// Whether it is a family.
    #[must_use]
    pub const fn is_family(&self) -> bool {
        self.family
    }

    /// Whether a header of this name is meant.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        let mut letters = name.bytes().map(fold_byte);
        let begins = self
            .folded
            .bytes()
            .all(|expected| letters.next() == Some(expected));
        begins && (self.family || letters.next().is_none())
    }
}

/// The one spelling that stands for all.
#[must_use]
pub fn fold_field(name: &str) -> String {
    name.bytes().map(fold_byte).map(char::from).collect()
}

const fn fold_byte(byte: u8) -> u8 {
    match byte {
        b'_' | b'.' => b'-',
        other => other.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_covers_its_spellings_and_a_family_what_begins_so() {
        let role = FieldPattern::parse("X-Role").unwrap();
        for name in ["x-role", "X_Role", "x.role"] {
            assert!(role.covers(name), "{name}");
        }
        assert!(!role.covers("x-role-2") && !role.covers("x-rol"));
        let family = FieldPattern::parse("X-Role-*").unwrap();
        assert!(family.covers("x_role_2") && family.covers("x-role-"));
        assert!(!family.covers("x-role"));
        for text in ["", "*", "X Role", "X:Role"] {
            assert_eq!(FieldPattern::parse(text), None, "{text}");
        }
    }
}
