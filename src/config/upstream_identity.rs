//! `upstream_identity`: what the application gets to know.

use http::HeaderName;

use super::choices::CookiePolicy;
use super::upstream_jwt::UpstreamJwt;
use crate::document::{Fields, FromNode, Key, Located, Node, Problem, Reading};
use crate::expression::{Kind, Scope, compile_at};
use crate::gateway::IdentityHeaders;
use crate::whoami::HeaderSource;

/// The headers that are set where nothing else is said.
const DEFAULT_HEADERS: [(&str, &str); 6] = [
    ("X-User-Id", "session.identity.id"),
    ("X-User-Email", "session.identity.traits.email"),
    ("X-Session-Id", "session.id"),
    ("X-Session-Aal", "session.authenticator_assurance_level"),
    ("X-Session-Methods", "session.methods"),
    ("X-Authenticated-At", "session.authenticated_at"),
];
const DEFAULT_STRIP: [&str; 3] = ["X-User-*", "X-Session-*", "X-Authenticated-*"];
/// Headers that mean something to HTTP itself, to the gateway or to browsers: an identity in them
/// would break the request.
const RESERVED: [&str; 14] = [
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "origin",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

#[derive(Debug)]
pub(super) struct UpstreamIdentity {
    pub(super) headers: Vec<(HeaderName, HeaderSource)>,
    pub(super) strip: Vec<Box<str>>,
    pub(super) keep_session_cookie: bool,
    pub(super) jwt: Option<UpstreamJwt>,
}

pub(super) fn read(fields: &mut Fields<'_, '_>) -> UpstreamIdentity {
    let headers = fields.section_or_empty::<Headers>("headers");
    let strip: Vec<Pattern> = fields.or(
        "strip",
        DEFAULT_STRIP.map(|name| Pattern(name.into())).into(),
    );
    let cookies = fields.or("cookies", CookiePolicy::StripSession);
    let jwt: Option<UpstreamJwt> = fields.get("jwt");
    let headers = headers.map(|headers| headers.0).unwrap_or_default();
    let doubled = jwt.as_ref().filter(|jwt| {
        let name = &jwt.minting.header;
        headers.iter().any(|(other, _)| other == name)
    });
    if let Some(jwt) = doubled {
        let message = format!("`{}` is one of the identity headers", jwt.minting.header);
        fields.problem_at(
            "jwt",
            "contradiction",
            message,
            Some("give the token another header"),
        );
    }
    UpstreamIdentity {
        headers,
        jwt,
        strip: strip.into_iter().map(|pattern| pattern.0).collect(),
        keep_session_cookie: match cookies {
            CookiePolicy::Keep => true,
            CookiePolicy::StripSession => false,
        },
    }
}

/// The identity headers of a configuration that says nothing about them.
pub(super) fn usual_headers() -> IdentityHeaders {
    IdentityHeaders {
        names: DEFAULT_HEADERS.map(|(name, _)| name.into()).into(),
        strip: DEFAULT_STRIP.map(Into::into).into(),
        keep_session_cookie: false,
    }
}

/// The default headers, as changed by the section: null leaves one out.
struct Headers(Vec<(HeaderName, HeaderSource)>);

impl FromNode for Headers {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let written = Fields::open(node, reading)?.named::<Option<Located<String>>>();
        let mut headers = Vec::new();
        for (name, path) in DEFAULT_HEADERS {
            let is_same = |(key, _): &(&Key, _)| key.text.eq_ignore_ascii_case(name);
            if !written.iter().any(is_same) {
                reading.note_default(name, path.into());
            }
            if let (Ok(name), Some(source)) = (name.parse(), HeaderSource::parse(path)) {
                headers.push((name, source));
            }
        }
        for (key, value) in written {
            let Some(name) = header_name(key, reading) else {
                continue;
            };
            headers.retain(|(other, _): &(HeaderName, _)| *other != name);
            let source = value.and_then(|text| source_of(&text, reading));
            headers.extend(source.map(|source| (name, source)));
        }
        Some(Self(headers))
    }

    fn schema() -> serde_json::Value {
        serde_json::json!({
            "type": "object",
            "additionalProperties": { "type": ["string", "null"] },
        })
    }
}

pub(super) fn header_name(key: &Key, reading: &mut Reading) -> Option<HeaderName> {
    let Ok(name) = key.text.parse::<HeaderName>() else {
        let message = format!("`{}` is no header name", key.text);
        reading.problem(Problem::at(&key.place, "invalid_value", message));
        return None;
    };
    let reserved = RESERVED.contains(&name.as_str()) || name.as_str().starts_with("x-forwarded-");
    if reserved {
        let message = format!("`{}` means something else already", key.text);
        let help = "choose another name, such as X-User-Name";
        reading.problem(Problem::at(&key.place, "invalid_value", message).help(help));
        return None;
    }
    Some(name)
}

/// A plain path is taken out of the session as it is, which is the quickest; its names are checked
/// all the same, but for those with a `-`, which an expression would take for a minus.
fn source_of(text: &Located<String>, reading: &mut Reading) -> Option<HeaderSource> {
    let path = HeaderSource::parse(&text.value);
    if path.is_some() && text.value.contains('-') {
        return path;
    }
    let program = compile_at(text, Kind::Text, Scope::Request, reading)?;
    Some(path.unwrap_or(HeaderSource::Program(program)))
}

/// A header name, or a family: `X-User-*`.
struct Pattern(Box<str>);

impl FromNode for Pattern {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        let name = text.strip_suffix('*').unwrap_or(&text);
        if name.parse::<HeaderName>().is_ok() {
            return Some(Self(text.into_boxed_str()));
        }
        let message = format!("{} is no header name", node.described());
        let help = "write a name such as X-Role, or a family such as X-User-*";
        reading.problem(Problem::at(&node.place, "invalid_value", message).help(help));
        None
    }

    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": "string" })
    }

    fn shown(&self) -> Option<serde_json::Value> {
        Some((*self.0).into())
    }
}
