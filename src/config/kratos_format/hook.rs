//! Hooks: `web_hook` with its configuration, the others by name.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::linked::Program;
use super::refuse_node;
use super::values::SecretWord;
use crate::document::{Fields, FromNode, Node, Reading};
use crate::identity::settings::{ClientSettings, Hook, HookAnswer, HookAuth, WebHook};
use crate::secret::SecretString;

/// Hooks that Kratos knows beside those that this program runs.
const OTHER_HOOKS: [&str; 4] = [
    "verification",
    "verify_new_address",
    "notify_previous_addresses",
    "b2b_sso",
];

/// A list of hooks.
pub(super) fn read(node: &Node, reading: &mut Reading, notices: &mut Vec<String>) -> Vec<Hook> {
    let items = node.as_list().unwrap_or_default();
    items
        .iter()
        .filter_map(|item| read_one(item, reading, notices))
        .collect()
}

fn read_one(item: &Node, reading: &mut Reading, notices: &mut Vec<String>) -> Option<Hook> {
    let name = item.find("hook").and_then(Node::as_scalar);
    let Some(name) = name.map(|scalar| &*scalar.text) else {
        refuse_node(reading, item, "`hook` is missing".to_owned());
        return None;
    };
    if name == "web_hook" {
        return Configured::from_node(item, reading).map(|read| Hook::WebHook(Arc::new(read.0)));
    }
    let hook = Hook::parse(name);
    if let Hook::Other(name) = &hook {
        if !OTHER_HOOKS.contains(&name.as_str()) {
            refuse_node(reading, item, format!("there is no hook `{name}`"));
            return None;
        }
        notices.push(format!(
            "the hook `{name}` is accepted and has no effect yet"
        ));
    }
    Some(hook)
}

struct Configured(WebHook);

impl FromNode for Configured {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        fields.raw("hook", json!({"const": "web_hook"}));
        let hook: Option<Call> = fields.required("config");
        fields.close();
        hook.map(|call| Self(call.0))
    }
}

struct Call(WebHook);

impl FromNode for Call {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let url: Option<HookUrl> = fields.required("url");
        let method: Option<Method> = fields.required("method");
        let body: Option<Program> = fields.get("body");
        let broken_body = body.is_none() && fields.has("body");
        let headers: Option<Headers> = fields.get("headers");
        let auth: Option<Auth> = fields.get("auth");
        let (ignore, parse) = fields.within("response", |inner| {
            (inner.or("ignore", false), inner.or("parse", false))
        });
        let interrupts = fields.or("can_interrupt", false);
        let id: String = fields.or("id", String::new());
        fields.raw("emit_analytics_event", json!({"type": "boolean"}));
        if ignore && (parse || interrupts) {
            let message = "a hook whose answer is ignored can't be parsed or interrupt";
            fields.problem_at("response", "contradiction", message, None);
        }
        fields.close();
        let answer = match (ignore, parse || interrupts) {
            (true, _) => HookAnswer::Ignored,
            (false, true) => HookAnswer::Read,
            (false, false) => HookAnswer::Succeeds,
        };
        if broken_body {
            return None;
        }
        Some(Self(WebHook {
            id,
            url: url?.0,
            method: method?.0,
            body: body.map(|program| program.0),
            headers: headers.map(|headers| headers.0).unwrap_or_default(),
            auth: auth.map(|auth| auth.0),
            answer,
        }))
    }
}

/// The URL of a service.
pub(super) struct HookUrl(pub(super) String);

impl FromNode for HookUrl {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        let parsed = url::Url::parse(&text);
        if parsed.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return Some(Self(text));
        }
        let message = "a hook needs an absolute http:// or https:// URL".to_owned();
        refuse_node(reading, node, message);
        None
    }

    fn schema() -> Json {
        json!({"type": "string", "format": "uri"})
    }

    /// A URL may hold a password or a key.
    fn shown(&self) -> Option<Json> {
        let url = url::Url::parse(&self.0).ok()?;
        Some(url.origin().ascii_serialization().into())
    }
}

/// An HTTP method, in capitals.
pub(super) struct Method(pub(super) String);

impl FromNode for Method {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?.to_ascii_uppercase();
        if matches!(
            text.as_str(),
            "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS"
        ) {
            return Some(Self(text));
        }
        refuse_node(reading, node, format!("`{text}` is not an HTTP method"));
        None
    }

    fn schema() -> Json {
        json!({"type": "string"})
    }

    fn shown(&self) -> Option<Json> {
        Some(self.0.clone().into())
    }
}

/// Request headers.
pub(super) struct Headers(pub(super) Vec<(String, SecretString)>);

impl FromNode for Headers {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut headers = Vec::new();
        for entry in node.as_map().unwrap_or_default() {
            let name = &*entry.key.text;
            let value = entry
                .value
                .as_scalar()
                .map(|scalar| scalar.text.to_string());
            let value = value.filter(|value| http::HeaderValue::from_str(value).is_ok());
            match (name.parse::<http::HeaderName>(), value) {
                (Ok(_), Some(value)) => {
                    headers.push((name.to_owned(), SecretString::new(value)));
                }
                (Err(_), _) | (_, None) => {
                    refuse_node(reading, &entry.value, format!("`{name}` is no header"));
                }
            }
        }
        Some(Self(headers))
    }

    fn schema() -> Json {
        json!({"type": "object", "additionalProperties": {"type": "string"}})
    }
}

/// How a request shows who it is from.
pub(super) struct Auth(pub(super) HookAuth);

impl FromNode for Auth {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let kind: Option<String> = fields.required("type");
        let kind = kind.unwrap_or_default();
        let auth = match kind.as_str() {
            "basic_auth" => fields.within("config", |config| {
                let user: Option<String> = config.required("user");
                let password: Option<SecretWord> = config.required("password");
                Some(HookAuth::Basic {
                    user: user?,
                    password: SecretString::new(password?.0),
                })
            }),
            "api_key" => fields.within("config", read_key),
            other => {
                let message = format!("`{other}` is none of basic_auth and api_key");
                fields.raw("config", json!({"type": "object"}));
                fields.problem_at("type", "invalid_value", &message, None);
                None
            }
        };
        fields.close();
        auth.map(Self)
    }
}

fn read_key(config: &mut Fields<'_, '_>) -> Option<HookAuth> {
    let name: Option<String> = config.required("name");
    let value: Option<SecretWord> = config.required("value");
    let place: Option<String> = config.required("in");
    let (name, value, place) = (name?, SecretString::new(value?.0), place?);
    if name.parse::<http::HeaderName>().is_err() {
        let message = "this can't be the name of a header or cookie";
        config.problem_at("name", "invalid_value", message, None);
    }
    match place.as_str() {
        "header" => Some(HookAuth::Header { name, value }),
        "cookie" => Some(HookAuth::Cookie { name, value }),
        _ => {
            let message = "a key is sent in a `header` or in a `cookie`";
            config.problem_at("in", "invalid_value", message, None);
            None
        }
    }
}

/// `clients`
pub(super) fn read_clients(section: &mut Fields<'_, '_>) -> ClientSettings {
    let default = ClientSettings::default();
    let (public_only, exceptions) = section.within("http", |inner| {
        let public_only = inner.or("disallow_private_ip_ranges", false);
        let exceptions: Vec<String> = inner.or("private_ip_exception_urls", Vec::new());
        (public_only, exceptions)
    });
    section.raw("smtp", json!({"type": "object"}));
    let hook_headers = section.within("web_hook", |inner| {
        let names: Vec<String> = inner.or("header_allowlist", default.hook_headers);
        names.iter().map(|name| name.to_ascii_lowercase()).collect()
    });
    ClientSettings {
        public_only,
        exceptions,
        hook_headers,
    }
}

#[cfg(test)]
#[path = "hook_tests.rs"]
mod tests;
