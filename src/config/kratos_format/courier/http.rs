//! Services that messages are handed to: `request_config`.

use serde_json::json;

use super::super::hook::{Auth, Headers, HookUrl, Method};
use super::super::linked::Program;
use crate::courier::HttpService;
use crate::document::{Fields, FromNode, Node, Reading};
use crate::secret::SecretString;

/// `request_config`
pub(super) struct Request(pub(super) HttpService);

impl FromNode for Request {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let url: Option<HookUrl> = fields.required("url");
        let method: Option<Method> = fields.get("method");
        let headers: Option<Headers> = fields.get("headers");
        let auth: Option<Auth> = fields.get("auth");
        let body: Option<Program> = fields.get("body");
        let broken_body = body.is_none() && fields.has("body");
        fields.raw("additionalProperties", json!({}));
        fields.close();
        if broken_body {
            return None;
        }
        let mut headers = headers.map(|headers| headers.0).unwrap_or_default();
        headers.extend(auth.map(|auth| auth.0.header()));
        Some(Self(HttpService {
            url: SecretString::new(url?.0),
            method: method.map_or_else(|| "POST".to_owned(), |method| method.0),
            headers,
            body: body.map(|program| program.0),
        }))
    }
}

/// One of `courier.channels`.
pub(super) struct Channel {
    pub(super) id: String,
    pub(super) service: HttpService,
}

impl FromNode for Channel {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let id: Option<String> = fields.required("id");
        if id.as_deref().is_some_and(|id| id != "sms") {
            let message = "the one channel that can be set here is `sms`";
            fields.problem_at("id", "invalid_value", message, None);
        }
        let kind: Option<String> = fields.get("type");
        if kind.is_some_and(|kind| kind != "http") {
            let message = "the one type of channel is `http`";
            fields.problem_at("type", "invalid_value", message, None);
        }
        let request: Option<Request> = fields.required("request_config");
        fields.close();
        Some(Self {
            id: id?,
            service: request?.0,
        })
    }
}
