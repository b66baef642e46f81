//! What the proxy listens on, whom it believes, and where its limits are.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderName;
use ipnet::IpNet;

use crate::authz::ForwardedFamily;
use crate::whoami::Issuers;

/// Configuration of the proxy (`proxy`, and what it needs of `upstream_identity` and `identity`).
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Where it listens; never empty once it starts.
    pub listeners: Vec<ListenerConfig>,
    /// Scheme and authority under which people reach it; `None`: scheme and `Host` of the request.
    pub public_url: Option<PublicUrl>,
    /// The one family of forwarding headers that is believed and sent.
    pub forwarded: ForwardedFamily,
    /// Networks of the proxies in front whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Headers in which these proxies tell of client certificates that they verified.
    pub client_certificate_headers: Vec<HeaderName>,
    /// Worker threads; `None`: one per core.
    pub workers: Option<NonZeroUsize>,
    /// Limits in count and size.
    pub limits: Limits,
    /// Limits in time.
    pub timeouts: Timeouts,
    /// What is kept from the application, and what is not believed of a client.
    pub identity: IdentityHeaders,
    /// Name of the session cookie.
    pub session_cookie: Box<str>,
    /// Whose Bearer tokens are credentials.
    pub issuers: Issuers,
    /// A path and host that belong to the identity service, not to the rules.
    pub mount: Option<Mount>,
    /// Whether requests are told to the access log.
    pub access_log: bool,
}

/// One address to listen on.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// The address.
    pub address: ListenAddress,
    /// Who may connect to a unix socket.
    pub socket_mode: SocketMode,
    /// TLS; without it plain HTTP/1.1 and h2c.
    pub tls: Option<TlsConfig>,
    /// Every request is answered with a redirect to `https` on the same host.
    pub redirect_to_https: bool,
    /// `max-age` of `Strict-Transport-Security`; zero: off.
    pub hsts: Duration,
    /// Every connection begins with a PROXY header, version 1 or 2, from a trusted proxy.
    pub proxy_protocol: bool,
    /// Who answers on it.
    pub door: ListenerDoor,
    /// Networks of the proxies in front of it; `None`: those of the proxy.
    pub trusted_proxies: Option<Vec<IpNet>>,
    /// Where it is lent to somebody: headers in which those proxies tell of client certificates.
    pub client_certificate_headers: Vec<HeaderName>,
}

impl ListenerConfig {
    /// A listener of the proxy that speaks plain HTTP.
    #[must_use]
    pub const fn plain(address: ListenAddress) -> Self {
        Self {
            address,
            socket_mode: SocketMode::OWN_GROUP,
            tls: None,
            redirect_to_https: false,
            hsts: Duration::ZERO,
            proxy_protocol: false,
            door: ListenerDoor::Proxy,
            trusted_proxies: None,
            client_certificate_headers: Vec::new(),
        }
    }
}

/// Who answers on a listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListenerDoor {
    /// The proxy.
    #[default]
    Proxy,
    /// The guest of this name (see [`super::Parts::guests`]).
    Guest(&'static str),
}

impl ListenerDoor {
    /// The door's name in logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Guest(name) => name,
        }
    }
}

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// IP address and port; port 0 takes a free one.
    Tcp(SocketAddr),
    /// A unix domain socket, made at start.
    Unix(PathBuf),
}

/// Permissions of a unix socket's file, of which the right to write is the right to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketMode(u32);

impl SocketMode {
    /// The process' own user and group.
    pub const OWN_GROUP: Self = Self(0o660);

    /// Three digits or four, each from 0 to 7, as `chmod` takes them.
    #[must_use]
    pub fn parse(digits: &str) -> Option<Self> {
        let written =
            matches!(digits.len(), 3 | 4) && digits.bytes().all(|byte| byte.is_ascii_digit());
        let bits = u32::from_str_radix(digits, 8).ok().filter(|_| written)?;
        (bits <= 0o777).then_some(Self(bits))
    }

    /// As the system takes it.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// As `chmod` takes it, with four digits.
impl std::fmt::Display for SocketMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl std::fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// TLS of a listener.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// Certificate chains with keys; the first serves names that no other one has.
    pub certificates: Vec<CertificateFiles>,
    /// PEM bundle of authorities: clients must show a certificate of one of them.
    pub client_ca: Option<PathBuf>,
    /// The oldest version spoken.
    pub min_version: TlsVersion,
}

/// A certificate chain and its key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CertificateFiles {
    /// The chain, leaf first.
    pub cert: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// Versions of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// 1.2 and later.
    #[default]
    Tls12,
    /// 1.3 only.
    Tls13,
}

/// Scheme, host and port of `proxy.public_url`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// Scheme.
    pub scheme: crate::policy::Scheme,
    /// Host.
    pub host: crate::policy::Host,
    /// Port, unless the scheme's own.
    pub port: Option<u16>,
}

impl PublicUrl {
    /// The origin, as browsers write it.
    #[must_use]
    pub fn origin(&self) -> String {
        let (scheme, host) = (self.scheme.as_str(), self.host.as_str());
        match self.port {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }
}

/// Limits in count and size. Each says what it is counted over.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open client connections of the process.
    pub connections: usize,
    /// Bytes of a request head.
    pub header_size: usize,
    /// Header lines of a request.
    pub header_count: usize,
    /// Bytes of a request target.
    pub target_size: usize,
    /// Bytes of a request body.
    pub body_size: u64,
    /// Requests of one HTTP/1.1 connection; `None`: no limit.
    pub requests_per_connection: Option<u64>,
    /// Requests at a time on one HTTP/2 connection.
    pub h2_concurrent_streams: u32,
    /// Streams that a client of one HTTP/2 connection may reset in a minute.
    pub h2_resets_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            header_size: 32 * 1024,
            header_count: 100,
            target_size: 8 * 1024,
            body_size: 1024 * 1024 * 1024,
            requests_per_connection: None,
            h2_concurrent_streams: 256,
            h2_resets_per_minute: 200,
        }
    }
}

/// Limits in time.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// A TLS handshake.
    pub tls_handshake: Duration,
    /// A request head, from its first byte.
    pub request_header: Duration,
    /// Silence within a request body.
    pub request_body_idle: Duration,
    /// Silence of the upstream, or of a client that does not read, within an answer's body.
    pub response_idle: Duration,
    /// Silence between two requests.
    pub keep_alive: Duration,
    /// Silence of an upgraded connection, both ways.
    pub upgrade_idle: Duration,
    /// How long connections are still accepted when the process stops, for whoever spreads requests
    /// to notice; zero: not at all.
    pub before_drain: Duration,
    /// How long requests under way may take when the process stops, once nothing is accepted.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            tls_handshake: Duration::from_secs(10),
            request_header: Duration::from_secs(10),
            request_body_idle: Duration::from_secs(60),
            response_idle: Duration::from_secs(60),
            keep_alive: Duration::from_secs(75),
            upgrade_idle: Duration::from_secs(600),
            before_drain: Duration::ZERO,
            drain: Duration::from_secs(30),
        }
    }
}

/// Which headers carry identity to the application.
#[derive(Clone, Debug, Default)]
pub struct IdentityHeaders {
    /// Names that the gateway sets; a client's own are removed in every spelling.
    pub names: Vec<Box<str>>,
    /// Further names to remove; a trailing `*` covers a family (`X-User-*`).
    pub strip: Vec<Box<str>>,
    /// The session cookie is left in `Cookie`.
    pub keep_session_cookie: bool,
}

impl IdentityHeaders {
    /// Every name and family that no client may send.
    pub fn own_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().chain(&self.strip).map(|name| &**name)
    }
}

/// The identity service's place on the gateway's own listeners.
#[derive(Clone, Debug)]
pub struct Mount {
    /// Path prefix, without trailing slash, such as `/auth`.
    pub path: Box<str>,
    /// The host it belongs to; `None`: every host.
    pub host: Option<crate::policy::Host>,
    /// What answers below it.
    pub target: MountTarget,
}

/// What answers below the mount.
#[derive(Clone, Debug)]
pub enum MountTarget {
    /// The service of this process.
    Embedded,
    /// A running Kratos whose public API is handed through.
    External {
        /// Its public API.
        upstream: Box<crate::policy::Upstream>,
        /// Path prefix of that API, without trailing slash; usually empty.
        base_path: Box<str>,
    },
}
