//! What a proxy in front has to do to a request that may pass, so that its application gets what
//! it would get from Stepgate's own proxy.

use http::header::{
    AUTHORIZATION, CONNECTION, COOKIE, EXPECT, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::decider::Decider;
use crate::authz::{Forward, Lifted, is_session_token, joined_cookies, other_cookies};
use crate::minting::{self, Introduction};
use crate::policy::Rule;

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

/// The value of what is not for the application.
const NOTHING: HeaderValue = HeaderValue::from_static("");

/// The difference between a request as it came and as it may go on.
pub(super) struct Changes {
    /// Headers to set; those with an empty value are not for the application.
    pub(super) set: HeaderMap,
    /// Further headers to remove.
    pub(super) remove: Vec<HeaderName>,
}

impl Decider {
    /// Works the changes out: what Stepgate's own proxy would do to these headers, but for those of
    /// the connection.
    pub(super) fn changes(&self, forward: &Forward, headers: &HeaderMap) -> Changes {
        let minter = self.minter.as_ref();
        let rule = forward.permit.rule();
        let session = forward.facts.session.as_deref();
        let introduction =
            Introduction::of(&forward.permit, session, headers, || self.clock.wall());
        let mut set = HeaderMap::with_capacity(16);
        introduction.add(&mut set, minter);
        let goes = |name: &HeaderName| self.takes(rule, name);
        for name in minting::names(rule, &self.config.identity_headers, minter) {
            if !set.contains_key(name) {
                let own = headers.get(name).filter(|_| !goes(name));
                set.insert(name, own.cloned().unwrap_or(NOTHING));
            }
        }
        for name in &OF_CREDENTIALS {
            if headers.contains_key(name) && !set.contains_key(name) {
                let own = (!goes(name))
                    .then(|| self.of_credentials(rule, name, headers))
                    .flatten();
                set.insert(name, own.unwrap_or(NOTHING));
            }
        }
        let gone = |name: &&HeaderName| goes(name) && !set.contains_key(*name);
        let remove = headers.keys().filter(gone).cloned().collect();
        Changes { set, remove }
    }

    /// Whether the application never sees what the client sends under this name.
    fn takes(&self, rule: &Rule, name: &HeaderName) -> bool {
        let lifted = Lifted {
            trusted_peer: false,
            method_override: rule.switches().allow_method_override,
        };
        let told = rule.handling().changes();
        let theirs = &self.config.client_certificate_headers;
        let stays = || OF_THE_CONNECTION.contains(name) || theirs.contains(name);
        (self.strip.takes(name, lifted) && !stays())
            || told.is_some_and(|changes| changes.request_headers.removes(name))
    }

    /// What is the application's own of a header that credentials come in.
    fn of_credentials(
        &self,
        rule: &Rule,
        name: &HeaderName,
        headers: &HeaderMap,
    ) -> Option<HeaderValue> {
        if *name != COOKIE {
            let own = headers.get(name);
            return own.filter(|_| !is_session_token(headers)).cloned();
        }
        let told = rule.handling().changes();
        let keep = told
            .and_then(|changes| changes.told.as_ref())
            .and_then(|told| told.keep_cookies);
        if keep.unwrap_or(self.config.keep_session_cookie) {
            joined_cookies(headers)
        } else {
            other_cookies(headers, &self.config.session_cookie)
        }
    }
}
