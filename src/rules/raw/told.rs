//! `upstream_identity` of a rule, as it is written.

use serde_json::{Value as Json, json};

use crate::document::{Choice, Fields, FromNode, Node, Reading, Value};
use crate::policy::Told;

impl FromNode for Told {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let headers = fields.or("headers", true);
        let jwt = fields.or("jwt", Jwt::default());
        let cookies: Option<Cookies> = fields.get("cookies");
        fields.close();
        Some(Self {
            headers,
            jwt: jwt.sent,
            audience: jwt.audience,
            keep_cookies: cookies.map(|cookies| cookies == Cookies::Keep),
        })
    }
}

/// `false`, or a section.
struct Jwt {
    sent: bool,
    audience: Option<Box<str>>,
}

impl Default for Jwt {
    fn default() -> Self {
        Self {
            sent: true,
            audience: None,
        }
    }
}

impl FromNode for Jwt {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        if matches!(node.value, Value::Scalar(_)) {
            let sent = bool::from_node(node, reading)?;
            return Some(Self {
                sent,
                audience: None,
            });
        }
        let mut fields = Fields::open(node, reading)?;
        let audience: Option<String> = fields.required("audience");
        fields.close();
        Some(Self {
            sent: true,
            audience: Some(audience?.into()),
        })
    }

    fn schema() -> Json {
        let section = crate::document::schema_of::<Self>();
        json!({ "anyOf": [{ "type": "boolean" }, section] })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cookies {
    Keep,
    StripSession,
}

impl Choice for Cookies {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("keep", Self::Keep), ("strip_session", Self::StripSession)];
}
