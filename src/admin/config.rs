//! Where the admin listener is, and who may use it.

use std::net::SocketAddr;

use ipnet::IpNet;

use crate::secret::SecretString;

/// Configuration of the admin listener (`admin`).
#[derive(Clone, Debug)]
pub struct Config {
    /// IP address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What clients show as `Authorization: Bearer`; `None`: loopback only, nothing to show.
    pub token: Option<SecretString>,
    /// Whether clients must show a certificate of a configured authority.
    pub asks_client_certificates: bool,
    /// Networks of the proxies in front whose `X-Forwarded-*` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether `/` has a page for people.
    pub dashboard: bool,
}
