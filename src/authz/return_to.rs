//! Where a person comes back to after signing in.

use url::Url;

use super::{Config, IdentityBase};
use crate::policy::{Request, RuleSet};

/// Makes absolute `return_to` URLs, to hosts that are ours only.
pub(super) struct ReturnTo<'a> {
    pub(super) config: &'a Config,
    pub(super) rules: &'a RuleSet,
    pub(super) request: &'a Request,
}

impl ReturnTo<'_> {
    /// Scheme and authority under which the client reaches us.
    pub(super) fn own_origin(&self) -> String {
        if let Some(url) = &self.config.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let scheme = self.request.scheme.as_str();
        let host = self.request.host.as_str();
        match self.request.port {
            Some(port) if self.config.localhost && is_loopback(host) => {
                format!("{scheme}://localhost:{port}")
            }
            Some(_) | None => format!("{scheme}://{}", self.request.authority()),
        }
    }

    /// A page or endpoint of the identity service.
    pub(super) fn identity_url(&self, path: &str) -> String {
        match &self.config.identity {
            IdentityBase::Url(base) => [base, path].concat(),
            IdentityBase::Mount(mount) => [&*self.own_origin(), mount, path].concat(),
        }
    }

    /// The request's own URL; `None` when its host is not known to be ours.
    pub(super) fn here(&self) -> Option<String> {
        self.is_ours(self.request.host.as_str())
            .then(|| [self.own_origin(), self.request.target()].concat())
    }

    /// The page a form was sent from, where that page is on the same origin; else our front page.
    pub(super) fn from(&self, referer: Option<&str>) -> Option<String> {
        if !self.is_ours(self.request.host.as_str()) {
            return None;
        }
        let own = self.own_origin();
        let page = referer.and_then(|referer| same_origin(referer, &own));
        Some(page.unwrap_or_else(|| [&own, "/"].concat()))
    }

    /// Whether people may be sent back to `host`: the public URL is fixed, the others must be
    /// named. A rule for any host names none, but a loopback name can't be anybody else's.
    fn is_ours(&self, host: &str) -> bool {
        let listed = |pattern: &str| {
            pattern
                .strip_prefix('*')
                .map_or(pattern == host, |suffix| host.ends_with(suffix))
        };
        self.config.public_url.is_some()
            || self.rules.names_host(&self.request.host)
            || self
                .config
                .return_to_hosts
                .iter()
                .any(|pattern| listed(pattern))
            || is_loopback(host)
    }
}

/// Whether a host can only be this machine.
fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "[::1]")
        || host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
}

/// `referer` without its fragment, if it has the origin `own`.
fn same_origin(referer: &str, own: &str) -> Option<String> {
    let mut page = Url::parse(referer).ok()?;
    let own = Url::parse(own).ok()?;
    if page.origin() != own.origin() {
        return None;
    }
    page.set_fragment(None);
    Some(page.into())
}
