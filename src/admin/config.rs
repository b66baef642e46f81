//! Where the admin listener is, and who may use it.

use std::net::SocketAddr;

use crate::secret::SecretString;

/// Configuration of the admin listener (`admin`).
#[derive(Clone, Debug)]
pub struct Config {
    /// IP address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What clients show as `Authorization: Bearer`; `None`: loopback only, nothing to show.
    pub token: Option<SecretString>,
}
