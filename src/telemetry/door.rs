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
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Proxy,
        Self::Identity,
        Self::ForwardAuth,
        Self::ExtAuthz,
        Self::Admin,
    ];

    /// The door of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|door| door.as_str() == name)
    }

    /// Its place among [`Door::ALL`].
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Proxy => 0,
            Self::Identity => 1,
            Self::ForwardAuth => 2,
            Self::ExtAuthz => 3,
            Self::Admin => 4,
        }
    }

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
