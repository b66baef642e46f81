//! `identity.external`: a running Ory Kratos or Ory Network project.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde_json::{Value as Json, json};
use url::Url;

use super::choices::SecretText;
use super::proxy::{lasting, positive};
use super::web_url::{MountPath, WebUrl};
use crate::document::{Choice, Fields, FromNode, Node, Place, Problem, Reading};

/// How a running Kratos answers whoami (its `session.whoami.required_aal`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhoamiRequiredAal {
    /// A session below the highest level that its identity can reach is not disclosed.
    HighestAvailable,
    /// Every session is disclosed; whether there is a second factor is not said.
    Aal1,
}

impl Choice for WhoamiRequiredAal {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("highest_available", Self::HighestAvailable),
        ("aal1", Self::Aal1),
    ];
}

/// `identity.external`: a running Ory Kratos or Ory Network project.
#[derive(Clone, Debug)]
pub struct External {
    /// Where the gateway asks.
    pub public_url: Url,
    /// Where people are sent; `None`: the mount, or else `public_url`.
    pub browser_url: Option<Box<str>>,
    /// Path on the gateway's own hosts under which its public API is handed through.
    pub mount: Option<Box<str>>,
    /// Where sessions are ended and second factors looked up.
    pub admin_url: Option<Url>,
    /// Headers of requests to `admin_url`; marked sensitive.
    pub admin_headers: Vec<(HeaderName, HeaderValue)>,
    /// Name of its session cookie.
    pub session_cookie: Box<str>,
    /// How it runs.
    pub whoami_required_aal: WhoamiRequiredAal,
    /// Where someone without a second factor is sent; `None`: its own settings flow.
    pub settings_url: Option<Box<str>>,
    /// How long a question may take.
    pub timeout: Duration,
    /// Connections kept to it.
    pub connections: u32,
    /// When it is left alone for a while.
    pub circuit_breaker: CircuitBreaker,
}

/// After so many failures within a window nobody asks for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// Failures in `window` that open it.
    pub failures: u32,
    /// The time that failures count for.
    pub window: Duration,
    /// How long it stays open.
    pub open_for: Duration,
}

/// `identity.external` and where it is written.
#[derive(Debug)]
pub(super) struct ExternalSection {
    pub(super) place: Place,
    pub(super) public_url: WebUrl,
    pub(super) external: External,
}

impl FromNode for ExternalSection {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let public_url = fields.required::<WebUrl>("public_url");
        let browser_url: Option<WebUrl> = fields.get("browser_url");
        let mount: Option<MountPath> = fields.get("mount");
        let admin_url: Option<WebUrl> = fields.get("admin_url");
        let admin_headers = fields.section_or_empty::<SecretHeaders>("admin_headers");
        let session_cookie = fields.or("session_cookie", CookieName("ory_kratos_session".into()));
        let whoami_required_aal =
            fields.or("whoami_required_aal", WhoamiRequiredAal::HighestAvailable);
        let settings_url: Option<WebUrl> = fields.get("settings_url");
        let timeout = lasting(&mut fields, "timeout", Duration::from_secs(2));
        let connections = positive(&mut fields, "connections", 64);
        let circuit_breaker = fields.within("circuit_breaker", |breaker| CircuitBreaker {
            failures: positive(breaker, "failures", 5),
            window: lasting(breaker, "window", Duration::from_secs(10)),
            open_for: lasting(breaker, "open_for", Duration::from_secs(5)),
        });
        if admin_url.is_none()
            && admin_headers
                .as_ref()
                .is_some_and(|names| !names.0.is_empty())
        {
            let message = "`admin_headers` are sent to `admin_url`, which is not given";
            fields.problem_at("admin_headers", "contradiction", message, None);
        }
        fields.close();
        let public_url = public_url?;
        let written = |url: WebUrl| Box::from(url.base());
        Some(Self {
            place: node.place.clone(),
            external: External {
                public_url: public_url.url.clone(),
                browser_url: browser_url.map(written),
                mount: mount.map(|mount| mount.0),
                admin_url: admin_url.map(|url| url.url),
                admin_headers: admin_headers?.0,
                session_cookie: session_cookie.0,
                whoami_required_aal,
                settings_url: settings_url.map(|url| url.written),
                timeout,
                connections,
                circuit_breaker,
            },
            public_url,
        })
    }
}

/// Headers whose values are secrets.
struct SecretHeaders(Vec<(HeaderName, HeaderValue)>);

impl FromNode for SecretHeaders {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let written = Fields::open(node, reading)?.named::<SecretText>();
        let mut headers = Vec::new();
        for (key, text) in written {
            let name = key.text.parse::<HeaderName>();
            let value = HeaderValue::from_str(text.0.expose());
            match (name, value) {
                (Ok(name), Ok(mut value)) => {
                    value.set_sensitive(true);
                    headers.push((name, value));
                }
                (Err(_), _) => {
                    let message = format!("`{}` is no header name", key.text);
                    reading.problem(Problem::at(&key.place, "invalid_value", message));
                }
                (Ok(_), Err(_)) => {
                    let message = format!("the value of `{}` can't be sent in a header", key.text);
                    reading.problem(Problem::at(&key.place, "invalid_value", message));
                }
            }
        }
        Some(Self(headers))
    }

    fn schema() -> Json {
        json!({ "type": "object", "additionalProperties": { "type": "string" } })
    }
}

/// The name of a cookie.
struct CookieName(Box<str>);

impl FromNode for CookieName {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        // RFC 6265: a cookie's name is a token, as a header's name is.
        if text.parse::<HeaderName>().is_ok() {
            return Some(Self(text.into_boxed_str()));
        }
        let message = format!("{} is no cookie name", node.described());
        reading.problem(Problem::at(&node.place, "invalid_value", message));
        None
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }

    fn shown(&self) -> Option<Json> {
        Some((*self.0).into())
    }
}
