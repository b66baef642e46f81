//! Scalars with a meaning: durations, sizes, counts, choices.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde_json::{Value as Json, json};

use super::{FromNode, Node, Problem, Reading, Scalar};

/// A number of bytes, written `512B`, `16KiB`, `8MiB` or `1GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// A count, or `unlimited` (`None`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unlimited(pub Option<u32>);

/// A count, or `auto` (`None`): the program chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auto(pub Option<u32>);

/// So many in a time, written `10 per 15m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In what time.
    pub per: Duration,
}

/// One of a few words.
pub trait Choice: Copy + PartialEq + 'static {
    /// Each word and what it means.
    const CHOICES: &'static [(&'static str, Self)];
}

/// Reads `250ms`, `30s`, `10m`, `24h` or `7d`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let seconds = match unit {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

fn shown_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if duration.subsec_millis() != 0 {
        return format!("{}ms", duration.as_millis());
    }
    // One day reads better as 24h and one minute as 60s, as the documentation writes them.
    for (unit, in_seconds) in [("d", 86_400), ("h", 3600), ("m", 60)] {
        let several = seconds > in_seconds || seconds == 3600;
        if several && seconds.is_multiple_of(in_seconds) {
            return format!("{}{unit}", seconds / in_seconds);
        }
    }
    format!("{seconds}s")
}

fn parse_size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let shift = match unit {
        "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    number.checked_mul(1 << shift)
}

fn shown_size(bytes: u64) -> String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        let one: u64 = 1 << shift;
        if bytes >= one && bytes.is_multiple_of(one) {
            return format!("{}{unit}", bytes / one);
        }
    }
    format!("{bytes}B")
}

/// The scalar, or a problem that says what was expected.
fn scalar<'a>(node: &'a Node, expected: &str, reading: &mut Reading) -> Option<&'a Scalar> {
    let scalar = node.as_scalar();
    if scalar.is_none() {
        wrong_type(node, expected, None, reading);
    }
    scalar
}

pub(super) fn wrong_type(node: &Node, expected: &str, help: Option<&str>, reading: &mut Reading) {
    let message = format!("expected {expected}, found {}", node.described());
    let problem = Problem::at(&node.place, "wrong_type", message);
    reading.problem(problem.maybe_help(help.map(str::to_owned)));
}

/// Reads a scalar with `parse`; where that gives nothing, tells what was expected.
fn parsed<T>(
    node: &Node,
    reading: &mut Reading,
    (expected, help): (&str, Option<&str>),
    parse: impl FnOnce(&Scalar) -> Option<T>,
) -> Option<T> {
    let scalar = scalar(node, expected, reading)?;
    let value = parse(scalar);
    if value.is_none() {
        wrong_type(node, expected, help, reading);
    }
    value
}

impl FromNode for String {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        scalar(node, "text", reading).map(|scalar| scalar.text.to_string())
    }

    fn schema() -> Json {
        // A plain `12` is fine where text is expected.
        json!({ "type": ["string", "number", "boolean"] })
    }

    fn shown(&self) -> Option<Json> {
        Some(self.as_str().into())
    }
}

/// Relative paths begin in [`Reading::folder`].
impl FromNode for PathBuf {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let path = parsed(node, reading, ("a path", None), |scalar| {
            (!scalar.text.is_empty()).then(|| Self::from(&*scalar.text))
        })?;
        Some(reading.folder.join(path))
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }

    fn shown(&self) -> Option<Json> {
        Some(self.display().to_string().into())
    }
}

impl FromNode for bool {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let help = "write true or false, without quotes";
        parsed(
            node,
            reading,
            ("true or false", Some(help)),
            |scalar| match (&*scalar.text, scalar.plain) {
                ("true", true) => Some(true),
                ("false", true) => Some(false),
                _ => None,
            },
        )
    }

    fn schema() -> Json {
        json!({ "type": "boolean" })
    }

    fn shown(&self) -> Option<Json> {
        Some((*self).into())
    }
}

fn whole<T: std::str::FromStr>(scalar: &Scalar) -> Option<T> {
    let digits = scalar.plain && scalar.text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| scalar.text.parse().ok()).flatten()
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {$(
        impl FromNode for $number {
            fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
                let expected = format!("a whole number from 0 to {}", <$number>::MAX);
                parsed(node, reading, (&expected, None), whole)
            }

            fn schema() -> Json {
                json!({ "type": "integer", "minimum": 0 })
            }

            fn shown(&self) -> Option<Json> {
                Some((*self).into())
            }
        }
    )*};
}
whole_numbers!(u16, u32, u64);

impl FromNode for i32 {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        parsed(node, reading, ("a whole number", None), |scalar| {
            scalar.plain.then(|| scalar.text.parse().ok()).flatten()
        })
    }

    fn schema() -> Json {
        json!({ "type": "integer" })
    }

    fn shown(&self) -> Option<Json> {
        Some((*self).into())
    }
}

impl FromNode for f64 {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        parsed(node, reading, ("a number", None), |scalar| {
            let number: Self = scalar.text.parse().ok()?;
            (scalar.plain && number.is_finite()).then_some(number)
        })
    }

    fn schema() -> Json {
        json!({ "type": "number" })
    }

    fn shown(&self) -> Option<Json> {
        Some((*self).into())
    }
}

impl FromNode for Duration {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let help = "write a number and a unit, such as 250ms, 30s, 10m, 24h or 7d";
        parsed(node, reading, ("a duration", Some(help)), |scalar| {
            parse_duration(&scalar.text)
        })
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" })
    }

    fn shown(&self) -> Option<Json> {
        Some(shown_duration(*self).into())
    }
}

impl FromNode for Size {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let help = "write a number and a unit, such as 512B, 16KiB, 8MiB or 1GiB";
        parsed(node, reading, ("a size", Some(help)), |scalar| {
            parse_size(&scalar.text).map(Self)
        })
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB)$" })
    }

    fn shown(&self) -> Option<Json> {
        Some(shown_size(self.0).into())
    }
}

fn word_or_count(scalar: &Scalar, word: &str) -> Option<Option<u32>> {
    if &*scalar.text == word {
        return Some(None);
    }
    whole::<u32>(scalar).filter(|count| *count > 0).map(Some)
}

impl FromNode for Unlimited {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        parsed(
            node,
            reading,
            ("a whole number above 0, or unlimited", None),
            |scalar| word_or_count(scalar, "unlimited").map(Self),
        )
    }

    fn schema() -> Json {
        json!({ "anyOf": [{ "type": "integer", "minimum": 1 }, { "const": "unlimited" }] })
    }

    fn shown(&self) -> Option<Json> {
        Some(self.0.map_or_else(|| "unlimited".into(), Into::into))
    }
}

impl FromNode for Auto {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        parsed(
            node,
            reading,
            ("a whole number above 0, or auto", None),
            |scalar| word_or_count(scalar, "auto").map(Self),
        )
    }

    fn schema() -> Json {
        json!({ "anyOf": [{ "type": "integer", "minimum": 1 }, { "const": "auto" }] })
    }

    fn shown(&self) -> Option<Json> {
        Some(self.0.map_or_else(|| "auto".into(), Into::into))
    }
}

impl FromNode for Rate {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let help = "write how many in what time, such as 10 per 15m";
        parsed(node, reading, ("a rate", Some(help)), |scalar| {
            let (count, per) = scalar.text.split_once(" per ")?;
            let count = count.trim().parse().ok().filter(|count| *count > 0)?;
            let per = parse_duration(per.trim()).filter(|per| !per.is_zero())?;
            Some(Self { count, per })
        })
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^[0-9]+ per [0-9]+(ms|s|m|h|d)$" })
    }

    fn shown(&self) -> Option<Json> {
        Some(format!("{} per {}", self.count, shown_duration(self.per)).into())
    }
}

impl FromNode for SocketAddr {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let help = "write an IP address and a port, such as 127.0.0.1:4455 or [::1]:4455";
        parsed(node, reading, ("an address", Some(help)), |scalar| {
            scalar.text.parse().ok()
        })
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }

    fn shown(&self) -> Option<Json> {
        Some(self.to_string().into())
    }
}

impl FromNode for IpNet {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let help = "write it as 10.0.0.0/8, 2001:db8::/32 or a single address";
        parsed(node, reading, ("a network", Some(help)), |scalar| {
            let single = || scalar.text.parse::<std::net::IpAddr>().ok().map(Self::from);
            scalar.text.parse().ok().or_else(single)
        })
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }

    fn shown(&self) -> Option<Json> {
        Some(self.to_string().into())
    }
}

impl<T: Choice> FromNode for T {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let words: Vec<&str> = T::CHOICES.iter().map(|(word, _)| *word).collect();
        let expected = format!("one of {}", words.join(", "));
        let scalar = scalar(node, &expected, reading)?;
        let found = T::CHOICES.iter().find(|(word, _)| *word == &*scalar.text);
        if let Some((_, value)) = found {
            return Some(*value);
        }
        let help =
            super::nearest(&scalar.text, words).map(|word| format!("did you mean `{word}`?"));
        wrong_type(node, &expected, help.as_deref(), reading);
        None
    }

    fn schema() -> Json {
        let words: Vec<&str> = T::CHOICES.iter().map(|(word, _)| *word).collect();
        json!({ "enum": words })
    }

    fn shown(&self) -> Option<Json> {
        let found = T::CHOICES.iter().find(|(_, value)| value == self)?;
        Some(found.0.into())
    }
}
