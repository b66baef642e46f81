//! A request as rules see it, parsed once. What can be read in two ways is refused here.

use std::net::IpAddr;

use http::Method;

use super::{CanonicalPath, Host};

/// `http` or `https`, as the client reached us (or a trusted proxy says it was reached).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// The name as in a URL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URL of this scheme leaves out.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The canonical request: matched, decided on, logged, put into `return_to` and forwarded, always
/// in this one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, as sent (methods are case-sensitive, RFC 9110 section 9.1).
    pub method: Method,
    /// How the client reached us.
    pub scheme: Scheme,
    /// Host without port.
    pub host: Host,
    /// The port when it is not the scheme's own.
    pub port: Option<u16>,
    /// The path.
    pub path: CanonicalPath,
    /// Everything after the first `?`, verbatim.
    pub query: Option<Box<str>>,
    /// Who asks: the peer, or what a trusted proxy says of it.
    pub client_ip: IpAddr,
}

impl Request {
    /// Reads the target of a request line in origin form (`/path?query`). The query is what
    /// follows the first `?`, kept as it is.
    ///
    /// # Errors
    /// A target that different programs would read differently. `//` and `%2F` pass here:
    /// [`super::RuleSet::find`] refuses them unless the rule allows them, and
    /// [`CanonicalPath::is_below`] does for paths that are the gateway's own.
    pub fn parse_target(
        target: &str,
    ) -> Result<(CanonicalPath, Option<Box<str>>), AmbiguousRequest> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let path = CanonicalPath::parse_for_rules(path)?;
        let query = query.map(parse_query).transpose()?;
        Ok((path, query))
    }

    /// Path and query as they go to the upstream.
    #[must_use]
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => [self.path.as_str(), "?", query].concat(),
            None => self.path.as_str().to_owned(),
        }
    }

    /// `host` or `host:port`, as in a `Host` header.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host.as_str()),
            None => self.host.as_str().to_owned(),
        }
    }

    /// The absolute URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!(
            "{}://{}{}",
            self.scheme.as_str(),
            self.authority(),
            self.target()
        )
    }
}

fn parse_query(query: &str) -> Result<Box<str>, AmbiguousRequest> {
    for byte in query.bytes() {
        match byte {
            b'#' => return Err(AmbiguousRequest::Fragment),
            0..=b' ' | 0x7f => return Err(AmbiguousRequest::Control),
            0x80.. => return Err(AmbiguousRequest::NotUtf8),
            b'!'..=b'~' => {}
        }
    }
    Ok(query.into())
}

/// Why a request can't be read in one way only. Each is answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AmbiguousRequest {
    /// No `Host`, several, or one that is no host.
    #[error("the Host header is missing, repeated or not a host name")]
    Host,
    /// The request line names another host than `Host`.
    #[error("the request target and the Host header name different hosts")]
    HostMismatch,
    /// Neither a path nor an absolute URL.
    #[error("the request target must be an absolute path")]
    TargetForm,
    /// A `%` that is not followed by two hexadecimal digits.
    #[error("the path has an incomplete percent-escape")]
    Escape,
    /// `%2f`.
    #[error("the path has an encoded slash")]
    EncodedSlash,
    /// `\` or `%5c`.
    #[error("the path has a backslash")]
    Backslash,
    /// A control character, raw or encoded.
    #[error("the request target has a control character or a space")]
    Control,
    /// Raw bytes above 7f, or encoded ones that are not UTF-8.
    #[error("the request target has bytes that are not UTF-8 in percent-escapes")]
    NotUtf8,
    /// `#`.
    #[error("the request target has a fragment")]
    Fragment,
    /// `.` or `..` in any spelling.
    #[error("the path has a dot segment")]
    DotSegment,
    /// `//`, or a segment that is empty without its parameters.
    #[error("the path has an empty segment")]
    EmptySegment,
    /// Other characters that no path may hold.
    #[error("the path has a character that must be percent-encoded")]
    Character,
}
