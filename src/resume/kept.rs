//! A request that waits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::header::{
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue,
    REFERER,
};
use http::{HeaderMap, Method};
use serde::{Deserialize, Serialize};

use super::Nonce;
use super::id::sha256;

/// The headers that are kept: what the body is, and the page that it came from. Everything else is
/// the continuing request's own.
const HEADERS: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE, REFERER];

/// A body as it came, byte for byte.
pub type KeptBody = bytes::Bytes;

/// Who may go on with a kept request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Holder {
    /// This session; its id stays when its token changes.
    Session(String),
    /// The browser whose cookie has this digest: there was no session.
    Browser([u8; 32]),
}

impl Holder {
    /// The holder of a request without a session.
    #[must_use]
    pub fn browser(nonce: &Nonce) -> Self {
        Self::Browser(nonce.digest())
    }

    /// Whether it is this session, or a browser with one of these cookies.
    pub fn is(&self, session: &str, nonces: impl Iterator<Item = Nonce>) -> bool {
        match self {
            Self::Session(holder) => holder == session,
            Self::Browser(digest) => nonces.into_iter().any(|nonce| nonce.digest() == *digest),
        }
    }
}

/// A request that waits, without its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its method.
    pub method: String,
    /// Scheme and authority that people know it by.
    pub origin: String,
    /// Canonical path and query.
    pub target: String,
    /// The page that it came from, or the front page.
    pub back: String,
    /// The rule that asked for more.
    pub rule: String,
    /// Who may go on with it.
    pub holder: Holder,
    /// Name and value, the latter in base64.
    headers: Vec<(String, String)>,
}

impl Kept {
    /// A request with those of its `headers` that are kept.
    #[must_use]
    pub fn new(
        request: (&Method, &str, &str),
        back: &str,
        rule: &str,
        holder: Holder,
        headers: &HeaderMap,
    ) -> Self {
        let (method, origin, target) = request;
        let kept = HEADERS.iter().filter_map(|name| {
            let value = headers.get(name)?;
            // A page elsewhere is not for us to tell on.
            let is_ours = name != REFERER || is_page(value, back);
            is_ours.then(|| (name.to_string(), STANDARD_NO_PAD.encode(value.as_bytes())))
        });
        Self {
            method: method.to_string(),
            origin: origin.to_owned(),
            target: target.to_owned(),
            back: back.to_owned(),
            rule: rule.to_owned(),
            holder,
            headers: kept.collect(),
        }
    }

    /// Puts what is kept in the place of what the continuing request says of its own body.
    pub fn lay_over(&self, headers: &mut HeaderMap, length: usize) {
        for name in HEADERS {
            headers.remove(&name);
        }
        for (name, value) in self.values() {
            headers.insert(name, value);
        }
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }

    /// The kept headers; what is none of the few, or no header, is not there.
    fn values(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        self.headers.iter().filter_map(|(name, value)| {
            let name = HEADERS.iter().find(|known| known.as_str() == name)?;
            let value = STANDARD_NO_PAD.decode(value).ok()?;
            Some((name.clone(), HeaderValue::from_bytes(&value).ok()?))
        })
    }

    /// The value of a kept header, as text.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<String> {
        let (_, value) = self.values().find(|(other, _)| other == name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// Binds a sealed body to this head.
    pub(super) fn digest(&self, sealed: &[u8]) -> [u8; 32] {
        sha256(&[self.rule.as_bytes(), sealed])
    }
}

fn is_page(referer: &HeaderValue, page: &str) -> bool {
    let given = referer.as_bytes().split(|&byte| byte == b'#').next();
    given == Some(page.as_bytes())
}
