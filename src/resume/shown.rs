//! What a person is shown of a request that waits: the fields of a form, of anything else its size.

use percent_encoding::percent_decode;

use super::multipart;

/// Fields that are shown; a longer form says how many more there are.
const MAX_FIELDS: usize = 40;
/// Characters of a value that are shown.
const MAX_CHARACTERS: usize = 200;

/// Parts of names whose values are nobody's to read over a shoulder, or say nothing to people.
const SECRETS: [&str; 15] = [
    "pass",
    "pwd",
    "secret",
    "token",
    "csrf",
    "xsrf",
    "otp",
    "pin",
    "cvv",
    "cvc",
    "credential",
    "nonce",
    "authenticity",
    "apikey",
    "viewstate",
];

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A form.
    Form {
        /// Its fields, as many as are shown.
        fields: Vec<ShownField>,
        /// How many more there are.
        more: usize,
    },
    /// Something else.
    Opaque {
        /// Its media type, where it says one.
        media_type: Option<String>,
        /// Its size in bytes.
        bytes: usize,
    },
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownField {
    /// Its name, as the form has it.
    pub name: String,
    /// Its value.
    pub value: ShownValue,
}

/// A value, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShownValue {
    /// The text, cut where it is long.
    Text(String),
    /// There is one.
    Secret,
    /// A file.
    File {
        /// Its name.
        name: String,
        /// Its size in bytes.
        bytes: usize,
    },
}

impl Shown {
    /// What is shown of a body of this media type. Nothing is ever decompressed.
    #[must_use]
    pub fn of(content_type: Option<&str>, is_encoded: bool, body: &[u8]) -> Self {
        let media_type = content_type
            .and_then(|line| line.split(';').next())
            .map(str::trim);
        let is = |name: &str| media_type.is_some_and(|it| it.eq_ignore_ascii_case(name));
        let fields = if is_encoded {
            None
        } else if is("application/x-www-form-urlencoded") {
            Some(urlencoded(body))
        } else if is("multipart/form-data") {
            content_type.and_then(|line| multipart::fields(line, body))
        } else {
            None
        };
        let Some(mut fields) = fields else {
            return Self::Opaque {
                media_type: media_type.map(|it| cut(it.chars())),
                bytes: body.len(),
            };
        };
        let more = fields.len().saturating_sub(MAX_FIELDS);
        fields.truncate(MAX_FIELDS);
        Self::Form { fields, more }
    }
}

fn urlencoded(body: &[u8]) -> Vec<ShownField> {
    let pairs = body.split(|&byte| byte == b'&').filter(|it| !it.is_empty());
    let pairs = pairs.map(|pair| {
        let end = memchr::memchr(b'=', pair).unwrap_or(pair.len());
        let (name, value) = pair.split_at_checked(end).unwrap_or((pair, b""));
        field(
            &decoded(name),
            &decoded(value.strip_prefix(b"=").unwrap_or(value)),
        )
    });
    pairs.collect()
}

fn decoded(text: &[u8]) -> String {
    let spaced: Vec<u8> = text
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

/// A field with text in it.
pub(super) fn field(name: &str, value: &str) -> ShownField {
    let value = if is_secret(name) {
        ShownValue::Secret
    } else {
        ShownValue::Text(cut(value.chars()))
    };
    ShownField {
        name: cut(name.chars()),
        value,
    }
}

/// A field with a file in it.
pub(super) fn file(name: &str, file: &str, bytes: usize) -> ShownField {
    ShownField {
        name: cut(name.chars()),
        value: ShownValue::File {
            name: cut(file.chars()),
            bytes,
        },
    }
}

fn is_secret(name: &str) -> bool {
    let folded: String = name
        .chars()
        .filter(|it| it.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    // Short words stand in the middle of harmless ones: "shipping".
    let is_in = |part: &&str| match part.len() {
        3 => is_word(name, part),
        _ => folded.contains(*part),
    };
    SECRETS.iter().any(is_in)
}

/// Whether `word` is one of the words of a name such as `card_pin`, `card-pin`, `cardPin`.
fn is_word(name: &str, word: &str) -> bool {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        let begins = !letter.is_alphanumeric() || letter.is_uppercase();
        if begins {
            words.push(String::new());
        }
        if let (true, Some(last)) = (letter.is_alphanumeric(), words.last_mut()) {
            last.extend(letter.to_lowercase());
        }
    }
    words.iter().any(|it| it == word) || name.eq_ignore_ascii_case(word)
}

fn cut(text: impl Iterator<Item = char>) -> String {
    let mut kept = String::new();
    for (place, letter) in text.enumerate() {
        if place == MAX_CHARACTERS {
            kept.push('…');
            break;
        }
        // Lines stay; other controls, and marks that turn text around, do not.
        let harmless = letter == '\n' || !(letter.is_control() || is_turning(letter));
        kept.push(if harmless { letter } else { '\u{fffd}' });
    }
    kept
}

const fn is_turning(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}
