//! `identity.external`: a running Ory Kratos or Ory Network project.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};
use serde_json::{Value as Json, json};

use super::choices::SecretText;
use super::proxy::{lasting, positive};
use super::web_url::{MountPath, WebUrl};
use crate::document::{Choice, Fields, FromNode, Node, Place, Problem, Reading};
use crate::whoami::{self, CircuitBreaker, WhoamiRequiredAal};

impl Choice for WhoamiRequiredAal {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("highest_available", Self::HighestAvailable),
        ("aal1", Self::Aal1),
    ];
}

/// `identity.external`: a running Ory Kratos or Ory Network project.
#[derive(Clone, Debug)]
pub struct External {
    /// How it is asked.
    pub service: whoami::External,
    /// Where people are sent; `None`: the mount, or else its public URL.
    pub browser_url: Option<Box<str>>,
    /// Path on the gateway's own hosts under which its public API is handed through.
    pub mount: Option<Box<str>>,
    /// Where someone without a second factor is sent; `None`: its own settings flow.
    pub settings_url: Option<Box<str>>,
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
            failures: count(positive(breaker, "failures", 5)),
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
        let asked_at = uri(&public_url, node, reading);
        let admin_at = admin_url.map(|url| uri(&url, node, reading));
        let written = |url: WebUrl| Box::from(url.base());
        Some(Self {
            place: node.place.clone(),
            external: External {
                service: whoami::External {
                    public_url: asked_at?,
                    admin_url: match admin_at {
                        Some(url) => Some(url?),
                        None => None,
                    },
                    admin_headers: admin_headers?.0,
                    session_cookie: session_cookie.0,
                    whoami_required_aal,
                    timeout,
                    connections: count(connections),
                    circuit_breaker,
                },
                browser_url: browser_url.map(written),
                mount: mount.map(|mount| mount.0),
                settings_url: settings_url.map(|url| url.written),
            },
            public_url,
        })
    }
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The URL as it is asked: without a slash at its end.
fn uri(url: &WebUrl, node: &Node, reading: &mut Reading) -> Option<Uri> {
    let text = url.url.as_str().trim_end_matches('/');
    let uri = text.parse();
    if uri.is_err() {
        let message = format!("{text} can't be asked over HTTP");
        reading.problem(Problem::at(&node.place, "invalid_value", message));
    }
    uri.ok()
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
