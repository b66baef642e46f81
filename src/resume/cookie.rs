//! The cookie by which a browser without a session is known.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use super::Nonce;
use crate::cookies;

/// Over TLS nobody but this very host can set it.
const SECURE: &str = "__Host-stepgate_kept";
const PLAIN: &str = "stepgate_kept";

const fn name(is_secure: bool) -> &'static str {
    if is_secure { SECURE } else { PLAIN }
}

impl Nonce {
    /// Those that a request brings.
    pub fn all(headers: &HeaderMap, is_secure: bool) -> impl Iterator<Item = Self> {
        cookies::named(headers, name(is_secure)).filter_map(Self::parse)
    }

    /// The `Set-Cookie` that lets a browser be known for so long.
    #[must_use]
    pub fn cookie(&self, is_secure: bool, life: Duration) -> Option<HeaderValue> {
        let secure = if is_secure { "; Secure" } else { "" };
        let cookie = format!(
            "{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
            name(is_secure),
            self.expose(),
            life.as_secs().max(1)
        );
        HeaderValue::from_str(&cookie).ok()
    }
}
