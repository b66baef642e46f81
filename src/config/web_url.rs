//! URLs in configuration files.

use serde_json::{Value as Json, json};
use url::Url;

use crate::document::{FromNode, Node, Problem, Reading};
use crate::gateway::PublicUrl;
use crate::policy::{Endpoint, EndpointAddress, Host, Scheme};

/// An absolute `http` or `https` URL without user information, query and fragment. Kept as
/// written too: for some uses a trailing slash counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WebUrl {
    pub(super) written: Box<str>,
    pub(super) url: Url,
}

impl WebUrl {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "is no absolute URL")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("is neither http nor https");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a user name or password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("holds a query or fragment");
        }
        let written = Box::from(text);
        Ok(Self { written, url })
    }

    pub(super) fn scheme(&self) -> Scheme {
        match self.url.scheme() {
            "https" => Scheme::Https,
            _ => Scheme::Http,
        }
    }

    /// As written, without trailing slashes.
    pub(super) fn base(&self) -> &str {
        self.written.trim_end_matches('/')
    }

    /// Scheme, host and port, as a browser's `Origin` has it.
    pub(super) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The path without trailing slash; empty for the root.
    pub(super) fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    /// Host and port for the gateway; `None` when the gateway could not match such a host.
    pub(super) fn public(&self) -> Option<PublicUrl> {
        let scheme = self.scheme();
        let host = self.url.host_str()?;
        let authority = match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let (host, port) = Host::parse_authority(&authority, scheme).ok()?;
        Some(PublicUrl { scheme, host, port })
    }

    /// The address to connect to.
    pub(super) fn endpoint(&self) -> Option<Endpoint> {
        let port = self.url.port_or_known_default()?;
        let host = self.url.host_str()?;
        let authority = match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        Some(Endpoint {
            tls: self.scheme() == Scheme::Https,
            address: EndpointAddress::Tcp {
                host: Box::from(bare),
                port,
            },
            authority: authority.into_boxed_str(),
        })
    }
}

impl FromNode for WebUrl {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let Some(scalar) = node.as_scalar() else {
            let message = format!("expected a URL, found {}", node.described());
            reading.problem(Problem::at(&node.place, "wrong_type", message));
            return None;
        };
        match Self::parse(&scalar.text) {
            Ok(url) => Some(url),
            Err(why) => {
                let message = format!("{} {why}", scalar.shown());
                let help = "write it as https://bank.example.com or http://127.0.0.1:4433";
                reading.problem(Problem::at(&node.place, "invalid_value", message).help(help));
                None
            }
        }
    }

    fn schema() -> Json {
        json!({ "type": "string", "format": "uri" })
    }

    fn shown(&self) -> Option<Json> {
        Some((*self.written).into())
    }
}

/// Scheme, host and port alone.
#[derive(Clone, Debug)]
pub(super) struct OriginUrl {
    pub(super) url: WebUrl,
    pub(super) public: PublicUrl,
}

impl FromNode for OriginUrl {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let url = WebUrl::from_node(node, reading)?;
        if !url.path().is_empty() {
            let message = "this URL must have no path";
            reading.problem(Problem::at(&node.place, "invalid_value", message));
            return None;
        }
        let Some(public) = url.public() else {
            let message = "the host of this URL can't be the host of a request";
            reading.problem(Problem::at(&node.place, "invalid_value", message));
            return None;
        };
        Some(Self { url, public })
    }

    fn schema() -> Json {
        WebUrl::schema()
    }

    fn shown(&self) -> Option<Json> {
        self.url.shown()
    }
}

/// A path on a host, such as `/auth`: begins with a slash, ends without, in canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MountPath(pub(super) Box<str>);

impl FromNode for MountPath {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        let path = text.trim_end_matches('/');
        let named = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && segment
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
        };
        let segments = path.strip_prefix('/');
        if segments.is_some_and(|segments| segments.split('/').all(named)) {
            return Some(Self(Box::from(path)));
        }
        let message = "a mount is a path such as /auth: letters, digits and -_.~ between slashes";
        reading.problem(Problem::at(&node.place, "invalid_value", message));
        None
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^(/[A-Za-z0-9._~-]+)+/?$" })
    }

    fn shown(&self) -> Option<Json> {
        Some((*self.0).into())
    }
}
