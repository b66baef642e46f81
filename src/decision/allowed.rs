//! What a proxy in front has to do to a request that may pass, so that its application gets what
//! it would get from Stepgate's own proxy.

use http::header::{
    AUTHORIZATION, CONNECTION, COOKIE, EXPECT, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::decider::Decider;
use crate::authz::{Forward, Lifted, is_session_token, join_cookies, strip_cookies};
use crate::minting::{self, Introduction};

/// Of the connection, which the proxy in front sees to: an upgrade would fail without them.
const OF_THE_CONNECTION: [HeaderName; 9] = [
    CONNECTION,
    EXPECT,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
];

/// Whatever of these comes along, the application gets what is its own of it.
static OF_CREDENTIALS: [HeaderName; 3] = [
    COOKIE,
    AUTHORIZATION,
    HeaderName::from_static("x-session-token"),
];

/// The difference between a request as it came and as it may go on.
pub(super) struct Changes {
    /// Headers to set; those with an empty value are not for the application.
    pub(super) set: HeaderMap,
    /// Further headers to remove.
    pub(super) remove: Vec<HeaderName>,
}

impl Decider {
    /// Works the changes out: the request is prepared as the proxy prepares it, and compared.
    pub(super) fn changes(&self, forward: &Forward, headers: &HeaderMap) -> Changes {
        let prepared = self.prepare(forward, headers);
        let minter = self.minter.as_ref();
        let rule = forward.permit.rule();
        let told = minting::names(rule, &self.config.identity_headers, minter);
        let own = OF_CREDENTIALS.iter();
        let own = own.filter(|name| headers.contains_key(*name));
        let mut set = HeaderMap::with_capacity(16);
        for name in told.chain(own) {
            let value = prepared.get(name).cloned();
            set.insert(name, value.unwrap_or(HeaderValue::from_static("")));
        }
        let gone = |name: &&HeaderName| !prepared.contains_key(*name) && !set.contains_key(*name);
        let remove = headers.keys().filter(gone).cloned().collect();
        Changes { set, remove }
    }

    /// The headers as Stepgate's own proxy would send them, but for those of the connection.
    fn prepare(&self, forward: &Forward, headers: &HeaderMap) -> HeaderMap {
        let rule = forward.permit.rule();
        let session = forward.facts.session.as_deref();
        let introduction =
            Introduction::of(&forward.permit, session, headers, || self.clock.wall());
        let lifted = Lifted {
            trusted_peer: false,
            method_override: rule.switches().allow_method_override,
        };
        let mut prepared = headers.clone();
        for name in headers.keys() {
            if self.strip.takes(name, lifted) && !OF_THE_CONNECTION.contains(name) {
                prepared.remove(name);
            }
        }
        let told = rule.handling().changes();
        let keep_cookies = told
            .and_then(|changes| changes.told.as_ref())
            .and_then(|told| told.keep_cookies);
        if keep_cookies.unwrap_or(self.config.keep_session_cookie) {
            join_cookies(&mut prepared);
        } else {
            strip_cookies(&mut prepared, &self.config.session_cookie);
        }
        if is_session_token(&prepared) {
            prepared.remove(AUTHORIZATION);
        }
        introduction.put(&mut prepared, self.minter.as_ref());
        prepared
    }
}
