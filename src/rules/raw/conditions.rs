//! `query`, `headers` and `networks` of a `match`, as they are written.

use http::HeaderName;
use ipnet::IpNet;
use serde_json::{Value as Json, json};

use crate::document::{Fields, FromNode, Located, Node, OneOrMany, Place, Problem, Reading};
use crate::policy::Expected;

/// What a rule asks for beside host, path and method.
#[derive(Default)]
pub(in crate::rules) struct RawConditions {
    pub(in crate::rules) query: Vec<(Box<str>, Expected)>,
    pub(in crate::rules) headers: Vec<(Located<HeaderName>, Expected)>,
    pub(in crate::rules) networks: Option<Vec<Located<RawNetwork>>>,
}

/// A network, or the name of a set of them.
pub(in crate::rules) enum RawNetwork {
    Network(IpNet),
    Named(Box<str>),
}

impl RawConditions {
    /// `None` where one of them is wrong: without it the rule would be wider.
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let query: Option<RawQuery> = fields.get("query");
        let headers: Option<RawHeaders> = fields.get("headers");
        let networks: Option<OneOrMany<_>> = fields.get("networks");
        let is_whole = (query.is_some() || !fields.has("query"))
            && (headers.is_some() || !fields.has("headers"))
            && (networks.is_some() || !fields.has("networks"));
        is_whole.then(|| Self {
            query: query.map(|query| query.0).unwrap_or_default(),
            headers: headers.map(|headers| headers.0).unwrap_or_default(),
            networks: networks.map(|networks| networks.0),
        })
    }
}

struct RawQuery(Vec<(Box<str>, Expected)>);

impl FromNode for RawQuery {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let entries = entries_of(node, reading)?;
        let mut query = Vec::with_capacity(entries.len());
        for (name, _, expected) in entries {
            query.push((name.into_boxed_str(), expected));
        }
        Some(Self(query))
    }

    fn schema() -> Json {
        json!({ "type": "object", "additionalProperties": Expected::schema() })
    }
}

struct RawHeaders(Vec<(Located<HeaderName>, Expected)>);

impl FromNode for RawHeaders {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut headers: Vec<(Located<HeaderName>, Expected)> = Vec::new();
        for (name, place, expected) in entries_of(node, reading)? {
            let Ok(value) = name.parse::<HeaderName>() else {
                let message = format!("`{name}` is no header name");
                reading.problem(Problem::at(&place, "invalid_value", message));
                return None;
            };
            if headers.iter().any(|(other, _)| other.value == value) {
                let message = format!("header `{value}` is given twice");
                reading.problem(Problem::at(&place, "duplicate_key", message));
                return None;
            }
            headers.push((Located { value, place }, expected));
        }
        Some(Self(headers))
    }

    fn schema() -> Json {
        json!({ "type": "object", "additionalProperties": Expected::schema() })
    }
}

/// The names and what is expected of each; at least one.
fn entries_of(node: &Node, reading: &mut Reading) -> Option<Vec<(String, Place, Expected)>> {
    let before = reading.problems.len();
    let entries = Fields::open(node, reading)?.named::<NotNull>();
    if entries.is_empty() && reading.problems.len() == before {
        let message = "nothing is asked for here";
        let help = "write a name and `present`, `absent` or a value";
        reading.problem(Problem::at(&node.place, "invalid_value", message).help(help));
    }
    (reading.problems.len() == before).then(|| {
        let entries = entries.into_iter();
        entries
            .map(|(key, NotNull(expected))| (key.text.to_string(), key.place.clone(), expected))
            .collect()
    })
}

/// An expected value; a name with nothing behind it is a mistake.
struct NotNull(Expected);

impl FromNode for NotNull {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        if node.is_null() {
            let message = "what is expected is missing";
            let help = "write `present`, `absent` or a value";
            reading.problem(Problem::at(&node.place, "missing_value", message).help(help));
            return None;
        }
        Expected::from_node(node, reading).map(Self)
    }

    fn takes_null() -> bool {
        true
    }
}

impl FromNode for Expected {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        Some(match text.as_str() {
            "present" => Self::Present,
            "absent" => Self::Absent,
            _ => Self::Exactly(text.into()),
        })
    }

    fn schema() -> Json {
        json!({
            "description": "present, absent or the exact value",
            "type": ["string", "number", "boolean"],
        })
    }
}

impl FromNode for RawNetwork {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        // Names begin with a letter, networks with a digit or a colon (or both, as `fd00::/8`).
        if text.contains([':', '/']) || text.starts_with(|c: char| c.is_ascii_digit()) {
            return IpNet::from_node(node, reading).map(Self::Network);
        }
        Some(Self::Named(text.into()))
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }
}
