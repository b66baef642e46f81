//! The doors by name.

/// Where a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// The reverse proxy.
    Proxy,
    /// The identity service's public API and pages.
    Identity,
    /// Decisions for other proxies, over HTTP.
    ForwardAuth,
    /// Decisions for Envoy, over gRPC.
    ExtAuthz,
    /// The admin listener.
    Admin,
}

impl Door {
    /// The name in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Identity => "identity",
            Self::ForwardAuth => "forward_auth",
            Self::ExtAuthz => "ext_authz",
            Self::Admin => "admin",
        }
    }
}
