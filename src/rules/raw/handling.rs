//! What a rule changes on the way, as it is written.

use std::time::Duration;

use http::Method;
use serde_json::{Value as Json, json};

use crate::document::{Fields, FromNode, Key, Located, Node, Reading};
use crate::policy::{RuleTimeouts, Told};

/// The changes of a rule.
pub(in crate::rules) struct RawHandling {
    pub(in crate::rules) rewrite: Option<Located<RawRewrite>>,
    pub(in crate::rules) request_headers: Option<Located<RawHeaders>>,
    pub(in crate::rules) response_headers: Option<RawHeaders>,
    pub(in crate::rules) cors: Option<Located<RawCors>>,
    pub(in crate::rules) respond: Option<Located<RawRespond>>,
    pub(in crate::rules) redirect: Option<Located<RawRedirect>>,
    pub(in crate::rules) timeouts: Option<Located<RawTimeouts>>,
    pub(in crate::rules) told: Option<Told>,
}

impl RawHandling {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Self {
        Self {
            rewrite: fields.get("rewrite"),
            request_headers: fields.get("request_headers"),
            response_headers: fields.get("response_headers"),
            cors: fields.get("cors"),
            respond: fields.get("respond"),
            redirect: fields.get("redirect"),
            timeouts: fields.get("timeouts"),
            told: fields.get("upstream_identity"),
        }
    }
}

/// `rewrite`.
pub(in crate::rules) struct RawRewrite {
    pub(in crate::rules) strip_prefix: Option<Located<String>>,
    pub(in crate::rules) add_prefix: Option<Located<String>>,
    pub(in crate::rules) host: Option<Located<String>>,
    pub(in crate::rules) path_regex: Option<Located<Vec<Located<String>>>>,
    pub(in crate::rules) remove_query: Vec<Located<String>>,
}

impl FromNode for RawRewrite {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let rewrite = Self {
            strip_prefix: fields.get("strip_prefix"),
            add_prefix: fields.get("add_prefix"),
            host: fields.get("host"),
            path_regex: fields.get("path_regex"),
            remove_query: fields.get("remove_query").unwrap_or_default(),
        };
        fields.close();
        Some(rewrite)
    }
}

/// `request_headers` or `response_headers`.
pub(in crate::rules) struct RawHeaders {
    pub(in crate::rules) set: Vec<(Key, Located<RawFieldSource>)>,
    pub(in crate::rules) remove: Vec<Located<String>>,
}

impl FromNode for RawHeaders {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let set: Option<RawSet> = fields.get("set");
        let remove = fields.get("remove");
        fields.close();
        Some(Self {
            set: set.map(|set| set.0).unwrap_or_default(),
            remove: remove.unwrap_or_default(),
        })
    }
}

/// Values by name.
struct RawSet(Vec<(Key, Located<RawFieldSource>)>);

impl FromNode for RawSet {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let values = Fields::open(node, reading)?.named::<Located<RawFieldSource>>();
        let values = values
            .into_iter()
            .map(|(key, value)| (key.clone(), value))
            .collect();
        Some(Self(values))
    }

    fn schema() -> Json {
        json!({ "type": "object", "additionalProperties": RawFieldSource::schema() })
    }
}

/// The value of a header.
pub(in crate::rules) enum RawFieldSource {
    /// Text.
    Text(String),
    /// An expression, written `{ cel: ".." }`.
    Cel(Located<String>),
}

impl FromNode for RawFieldSource {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        if node.as_map().is_none() {
            return String::from_node(node, reading).map(Self::Text);
        }
        let mut fields = Fields::open(node, reading)?;
        let cel = fields.required("cel");
        fields.close();
        cel.map(Self::Cel)
    }

    fn schema() -> Json {
        let expression = json!({
            "type": "object",
            "properties": { "cel": { "type": "string" } },
            "required": ["cel"],
            "additionalProperties": false,
        });
        json!({ "anyOf": [String::schema(), expression] })
    }
}

/// `cors`.
pub(in crate::rules) struct RawCors {
    pub(in crate::rules) origins: Vec<Located<String>>,
    pub(in crate::rules) methods: Option<Vec<Located<Method>>>,
    pub(in crate::rules) headers: Vec<Located<String>>,
    pub(in crate::rules) credentials: bool,
    pub(in crate::rules) max_age: Option<Located<Duration>>,
}

impl FromNode for RawCors {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let origins = fields.required("origins");
        let methods = fields.get("methods");
        let headers = fields.get("headers");
        let credentials = fields.or("credentials", false);
        let max_age = fields.get("max_age");
        fields.close();
        Some(Self {
            origins: origins?,
            methods,
            headers: headers.unwrap_or_default(),
            credentials,
            max_age,
        })
    }
}

/// `respond`.
pub(in crate::rules) struct RawRespond {
    pub(in crate::rules) status: Option<Located<u16>>,
    pub(in crate::rules) body: Option<Located<String>>,
    pub(in crate::rules) content_type: Option<Located<String>>,
}

impl FromNode for RawRespond {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let respond = Self {
            status: fields.get("status"),
            body: fields.get("body"),
            content_type: fields.get("content_type"),
        };
        fields.close();
        Some(respond)
    }
}

/// `redirect`.
pub(in crate::rules) struct RawRedirect {
    /// Where it is not there, that was told.
    pub(in crate::rules) to: Option<Located<String>>,
    pub(in crate::rules) status: Option<Located<u16>>,
}

impl FromNode for RawRedirect {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let to = fields.required("to");
        let status = fields.get("status");
        fields.close();
        Some(Self { to, status })
    }
}

/// `timeouts`.
pub(in crate::rules) struct RawTimeouts(pub(in crate::rules) RuleTimeouts);

/// The names of `proxy.timeouts` that are about connections, not about requests.
const OF_CONNECTIONS: [&str; 5] = [
    "tls_handshake",
    "request_header",
    "keep_alive",
    "before_drain",
    "drain",
];

impl FromNode for RawTimeouts {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let timeouts = RuleTimeouts {
            request_body_idle: timeout(&mut fields, "request_body_idle"),
            response_header_timeout: timeout(&mut fields, "response_header_timeout"),
            response_idle: timeout(&mut fields, "response_idle"),
            upgrade_idle: timeout(&mut fields, "upgrade_idle"),
        };
        for name in OF_CONNECTIONS {
            if fields.raw(name, json!(false)).is_some() {
                let message =
                    format!("`{name}` counts before a rule is found, or after its request");
                let help = "set it in `proxy.timeouts` of stepgate.yaml";
                fields.problem_at(name, "unknown_key", message, Some(help));
            }
        }
        fields.close();
        Some(Self(timeouts))
    }
}

fn timeout(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<Duration> {
    let limit: Option<Duration> = fields.get(name);
    if limit.is_some_and(|limit| limit.is_zero()) {
        let message = "no request is ever this fast";
        fields.problem_at(name, "invalid_value", message, None);
    }
    limit
}
