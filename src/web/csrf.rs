//! Tokens against forged requests, as Kratos makes them: a random secret in a cookie, and in each
//! form the same secret under a fresh mask.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

const SECRET_BYTES: usize = 32;

/// The cookie's name: it holds the hash of the public base URL, exactly as that is written.
#[must_use]
pub fn cookie_name(base_url: &str) -> String {
    let hash = digest(&SHA256, base_url.as_bytes());
    let mut name = String::from("csrf_token_");
    for byte in hash.as_ref() {
        name.push_str(&format!("{byte:02x}"));
    }
    name
}

/// The secret that a browser holds in its cookie.
#[derive(Clone)]
pub struct CsrfSecret([u8; SECRET_BYTES]);

impl Drop for CsrfSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for CsrfSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[csrf secret]")
    }
}

impl CsrfSecret {
    /// A new random secret.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// Reads a cookie's value; `None` unless it is the base64 of 32 bytes.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let bytes = STANDARD.decode(value).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// The cookie's value.
    #[must_use]
    pub fn cookie_value(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// A token for a form: another one each time.
    #[must_use]
    pub fn token(&self) -> String {
        let pad: [u8; SECRET_BYTES] = rand::random();
        let mut token = Vec::with_capacity(2 * SECRET_BYTES);
        token.extend_from_slice(&pad);
        token.extend(pad.iter().zip(&self.0).map(|(pad, byte)| pad ^ byte));
        STANDARD.encode(token)
    }

    /// Whether a form's token was made from this secret. The unmasked form counts too.
    #[must_use]
    pub fn verifies(&self, token: &str) -> bool {
        let Ok(token) = STANDARD.decode(token) else {
            return false;
        };
        let plain = match token.split_at_checked(SECRET_BYTES) {
            Some((plain, [])) => plain.to_vec(),
            Some((pad, masked)) if masked.len() == SECRET_BYTES => pad
                .iter()
                .zip(masked)
                .map(|(pad, byte)| pad ^ byte)
                .collect(),
            Some(_) | None => return false,
        };
        plain.ct_eq(&self.0).into()
    }

    /// What a flow remembers of the browser that opened it: enough to know it again, not enough
    /// to forge its tokens.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        STANDARD.encode(digest(&SHA256, &self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_all_verify() {
        let secret = CsrfSecret::random();
        assert_ne!(secret.token(), secret.token());
        assert!(secret.verifies(&secret.token()));
        assert!(secret.verifies(&secret.cookie_value()));
    }

    #[test]
    fn a_token_of_another_browser_does_not_verify() {
        let secret = CsrfSecret::random();
        assert!(!secret.verifies(&CsrfSecret::random().token()));
        for broken in ["", "bm90IHRoZSB0b2tlbg==", "!", "AAAA"] {
            assert!(!secret.verifies(broken), "{broken}");
        }
    }

    #[test]
    fn the_cookie_name_depends_on_the_base_url_as_written() {
        let plain = cookie_name("http://127.0.0.1:4433");
        assert_eq!(plain.len(), "csrf_token_".len() + 64);
        assert_ne!(plain, cookie_name("http://127.0.0.1:4433/"));
    }
}
