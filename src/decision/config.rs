//! What the decision doors go by.

use std::net::IpAddr;

use http::HeaderName;
use ipnet::IpNet;

use crate::policy::{AmbiguousRequest, CanonicalPath, Host, Request};
use crate::whoami::Issuers;

/// Configuration of the decision doors (`decision`, and what they need of `upstream_identity`,
/// `identity` and `proxy`).
#[derive(Clone, Debug)]
pub struct Config {
    /// Networks of the proxies that may ask.
    pub trusted_proxies: Vec<IpNet>,
    /// Headers in which they tell of client certificates: theirs to set, so they stay.
    pub client_certificate_headers: Vec<HeaderName>,
    /// The origin that people know the gateway by (`https://app.example.com`), if it is fixed.
    pub public_origin: Option<Box<str>>,
    /// Name of the session cookie.
    pub session_cookie: Box<str>,
    /// Whose Bearer tokens are credentials.
    pub issuers: Issuers,
    /// The identity headers: all of them are named in every answer that lets a request pass.
    pub identity_headers: Vec<HeaderName>,
    /// Further names that no client may send; a trailing `*` covers a family (`X-User-*`).
    pub strip: Vec<Box<str>>,
    /// The session cookie is left in `Cookie`.
    pub keep_session_cookie: bool,
    /// What belongs to Stepgate itself, and is served by its proxy listener only.
    pub own_places: Vec<OwnPlace>,
    /// The pages of the identity service share hosts with applications.
    pub mounted: bool,
    /// Limits in size.
    pub limits: Limits,
}

impl Config {
    /// Whether a peer may ask.
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        let mut networks = self.trusted_proxies.iter();
        networks.any(|network| network.contains(&peer))
    }

    /// Every name and family that no client may send.
    pub(super) fn own_names(&self) -> impl Iterator<Item = &str> {
        let names = self.identity_headers.iter().map(HeaderName::as_str);
        names.chain(self.strip.iter().map(|name| &**name))
    }
}

/// A path, and all below it, that no rule governs.
#[derive(Clone, Debug)]
pub struct OwnPlace {
    /// The path.
    pub path: CanonicalPath,
    /// The host it belongs to; `None`: every host.
    pub host: Option<Host>,
}

impl OwnPlace {
    /// Whether a request is about it.
    ///
    /// # Errors
    /// It is, but only in one of several readings.
    pub(super) fn has(&self, request: &Request) -> Result<bool, AmbiguousRequest> {
        let own_host = self.host.as_ref().is_none_or(|host| *host == request.host);
        Ok(own_host && request.path.is_below(&self.path)?)
    }
}

/// Limits in size, of the original request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the target.
    pub target_size: usize,
    /// Header lines.
    pub header_count: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            target_size: 8 * 1024,
            header_count: 100,
        }
    }
}
