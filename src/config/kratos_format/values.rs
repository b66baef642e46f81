//! Scalars as Kratos writes them.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::document::{Choice, FromNode, Node, Problem, Reading, parse_go_duration};
use crate::identity::settings::{
    HasherAlgorithm, LoginStyle, RegistrationStyle, RequiredAal, SameSite, Strategy, SubjectSource,
};

/// A duration in Go's spelling, such as `1h30m` or `500ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct GoDuration(pub(super) Duration);

fn refused(node: &Node, reading: &mut Reading, expected: &str, help: &str) {
    let message = format!("expected {expected}, found {}", node.described());
    reading.problem(Problem::at(&node.place, "wrong_type", message).help(help));
}

impl FromNode for GoDuration {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let parsed = node
            .as_scalar()
            .and_then(|one| parse_go_duration(&one.text));
        if parsed.is_none() {
            let help = "write it as Kratos does: 500ms, 30s, 15m, 1h30m (no days)";
            refused(node, reading, "a duration", help);
        }
        parsed.map(Self)
    }

    fn schema() -> Json {
        json!({"type": "string", "pattern": "^([0-9]+(ns|us|ms|s|m|h))+$"})
    }

    fn shown(&self) -> Option<Json> {
        Some(format!("{:?}", self.0).into())
    }
}

/// An amount of memory, such as `128MB`; units are powers of 1024, as in Kratos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) kib: u32,
}

fn parse_memory(text: &str) -> Option<u32> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let kib = match unit.trim().to_ascii_uppercase().as_str() {
        "B" => number / 1024,
        "KB" | "KIB" => number,
        "MB" | "MIB" => number.checked_mul(1024)?,
        "GB" | "GIB" => number.checked_mul(1024 * 1024)?,
        _ => return None,
    };
    u32::try_from(kib).ok()
}

impl FromNode for Memory {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let parsed = node.as_scalar().and_then(|one| parse_memory(&one.text));
        if parsed.is_none() {
            refused(
                node,
                reading,
                "an amount of memory",
                "write it as 19MB or 128MB",
            );
        }
        parsed.map(|kib| Self { kib })
    }

    fn schema() -> Json {
        json!({"type": "string", "pattern": "^[0-9]+(B|KB|MB|GB)$"})
    }

    fn shown(&self) -> Option<Json> {
        Some(format!("{}KB", self.kib).into())
    }
}

/// A secret, which no output shows.
pub(super) struct SecretWord(pub(super) String);

impl FromNode for SecretWord {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let Some(scalar) = node.as_scalar() else {
            let problem = Problem::at(&node.place, "wrong_type", "expected a secret text");
            reading.problem(problem);
            return None;
        };
        // As in Kratos: YAML reads digits without quotes as a number.
        let number = scalar.plain && scalar.text.parse::<f64>().is_ok();
        if number {
            let problem = Problem::at(&node.place, "wrong_type", "a secret must be text");
            reading.problem(problem.help("put it in quotes"));
            return None;
        }
        Some(Self(scalar.text.to_string()))
    }

    fn schema() -> Json {
        json!({"type": "string"})
    }

    fn shown(&self) -> Option<Json> {
        Some("[redacted]".into())
    }
}

/// An absolute URL, or a path where Kratos takes one, kept as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrittenUrl(pub(super) String);

impl FromNode for WrittenUrl {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        let relative = text.starts_with('/') && !text.starts_with("//");
        let absolute = url::Url::parse(&text).is_ok_and(|url| url.has_host());
        if relative || absolute {
            return Some(Self(text));
        }
        refused(
            node,
            reading,
            "a URL",
            "write it with scheme and host: https://example.com/login",
        );
        None
    }

    fn schema() -> Json {
        json!({"type": "string", "format": "uri-reference"})
    }

    fn shown(&self) -> Option<Json> {
        Some(self.0.clone().into())
    }
}

impl Choice for RequiredAal {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("aal1", Self::Aal1),
        ("highest_available", Self::HighestAvailable),
    ];
}

impl Choice for SameSite {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("Lax", Self::Lax),
        ("Strict", Self::Strict),
        ("None", Self::None),
    ];
}

impl Choice for LoginStyle {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("unified", Self::Unified),
        ("identifier_first", Self::IdentifierFirst),
    ];
}

impl Choice for SubjectSource {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("id", Self::Id), ("external_id", Self::ExternalId)];
}

impl Choice for RegistrationStyle {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("unified", Self::Unified),
        ("profile_first", Self::ProfileFirst),
    ];
}

impl Choice for Strategy {
    const CHOICES: &'static [(&'static str, Self)] = &[("code", Self::Code), ("link", Self::Link)];
}

impl Choice for HasherAlgorithm {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("argon2", Self::Argon2), ("bcrypt", Self::Bcrypt)];
}
