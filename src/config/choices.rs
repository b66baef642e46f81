//! The words that configuration files use for what rooms name in types.

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::authz::ForwardedFamily;
use crate::document::{Choice, FromNode, Node, Reading};
use crate::gateway::TlsVersion;
use crate::secret::SecretString;
use crate::telemetry::{AccessLogOutput, LogFormat, LogLevel};

impl Choice for ForwardedFamily {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("x_forwarded", Self::XForwarded),
        ("rfc7239", Self::Rfc7239),
    ];
}

impl Choice for TlsVersion {
    const CHOICES: &'static [(&'static str, Self)] = &[("1.2", Self::Tls12), ("1.3", Self::Tls13)];
}

impl Choice for LogFormat {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("pretty", Self::Pretty),
        ("json", Self::Json),
    ];
}

impl Choice for LogLevel {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];
}

/// `upstream_identity.cookies`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CookiePolicy {
    Keep,
    StripSession,
}

impl Choice for CookiePolicy {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("keep", Self::Keep), ("strip_session", Self::StripSession)];
}

/// `stdout`, a file, or null for none.
pub(super) struct Output(pub(super) AccessLogOutput);

impl FromNode for Output {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        if node.is_null() {
            return Some(Self(AccessLogOutput::Off));
        }
        if node
            .as_scalar()
            .is_some_and(|scalar| &*scalar.text == "stdout")
        {
            return Some(Self(AccessLogOutput::Stdout));
        }
        PathBuf::from_node(node, reading).map(|path| Self(AccessLogOutput::File(path)))
    }

    fn schema() -> Json {
        json!({ "type": ["string", "null"] })
    }

    fn shown(&self) -> Option<Json> {
        Some(match &self.0 {
            AccessLogOutput::Off => Json::Null,
            AccessLogOutput::Stdout => "stdout".into(),
            AccessLogOutput::File(path) => path.display().to_string().into(),
        })
    }

    fn takes_null() -> bool {
        true
    }
}

/// Text that is never shown.
pub(super) struct SecretText(pub(super) SecretString);

impl FromNode for SecretText {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        // The value must not end up in a message either, so only its kind is looked at.
        if node.as_scalar().is_none() {
            return String::from_node(node, reading).map(|text| Self(text.into()));
        }
        node.as_scalar()
            .map(|scalar| Self(scalar.text.to_string().into()))
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }

    fn shown(&self) -> Option<Json> {
        Some("[redacted]".into())
    }
}
