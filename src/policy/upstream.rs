//! An application behind the gateway, as configured. Data only; connections live in the gateway.

use std::path::PathBuf;
use std::time::Duration;

/// An application: one or more endpoints that serve the same thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The operator's name for it.
    pub name: Box<str>,
    /// Where it listens; never empty.
    pub endpoints: Vec<Endpoint>,
    /// How long a connection may take to be made, TLS handshake included.
    pub connect_timeout: Duration,
    /// How long the head of the answer may take after the request was sent.
    pub response_header_timeout: Duration,
    /// Idle connections kept per worker and endpoint.
    pub idle_per_worker: usize,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
    /// Further tries for a request that reached no upstream, or an idempotent one whose pooled
    /// connection turned out to be closed.
    pub retries: u32,
    /// The protocol spoken to it.
    pub protocol: UpstreamProtocol,
    /// TLS towards it; used by `https` endpoints.
    pub tls: UpstreamTls,
    /// How its endpoints' health is learnt.
    pub health: Health,
    /// How one of several endpoints is chosen.
    pub balance: Balance,
}

/// One address of an upstream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// TLS or not.
    pub tls: bool,
    /// What to connect to.
    pub address: EndpointAddress,
    /// `Host` of requests when the client's is not kept, and the default TLS server name.
    pub authority: Box<str>,
}

/// What to connect to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EndpointAddress {
    /// Host name or address, and port.
    Tcp {
        /// Name or IP literal (IPv6 without brackets).
        host: Box<str>,
        /// Port.
        port: u16,
    },
    /// A unix domain socket.
    Unix(PathBuf),
}

/// `protocol` of an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpstreamProtocol {
    /// By ALPN over TLS, HTTP/1.1 otherwise.
    Auto,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 over TLS.
    H2,
    /// HTTP/2 without TLS, by prior knowledge.
    H2c,
}

/// TLS towards an upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UpstreamTls {
    /// PEM bundle to trust instead of the system's roots.
    pub ca: Option<PathBuf>,
    /// Name to ask for and verify instead of the endpoint's host.
    pub server_name: Option<Box<str>>,
    /// Client certificate and key, PEM.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Health of an upstream's endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Path that is asked regularly; `None`: only passive.
    pub path: Option<Box<str>>,
    /// Time between two questions.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Good answers in a row until an endpoint is used again.
    pub healthy_after: u32,
    /// Bad answers in a row until it is left out.
    pub unhealthy_after: u32,
    /// Failed requests in a row until it is left out for `interval`.
    pub passive_failures: u32,
}

/// How one of several endpoints is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Balance {
    /// The one with the fewest requests under way.
    LeastInFlight,
    /// One after the other.
    RoundRobin,
    /// The same one for the same session as long as the set stays.
    ConsistentHash,
}
