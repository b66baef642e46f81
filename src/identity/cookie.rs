//! What the session cookie holds: the token and the end of the session's life, sealed.
//!
//! The end of life in the cookie tells when a browser needs a new one, because the session was
//! extended. Every sealing draws a new nonce, so that the value changes each time while older
//! values of the same token stay good.

use jiff::Timestamp;

use super::token::SessionToken;
use crate::keyring::{Keyring, Purpose};

const TIME_BYTES: usize = 8;

/// The opened cookie.
#[derive(Clone, Debug)]
pub struct SessionCookie {
    /// The session's token.
    pub token: SessionToken,
    /// The end of the session's life when the cookie was made.
    pub expires_at: Timestamp,
}

impl SessionCookie {
    /// The cookie's value; `name` is the cookie's own name, which the value is bound to. `None`
    /// only if the cryptography of the machine fails.
    #[must_use]
    pub fn seal(&self, keys: &Keyring, name: &str) -> Option<String> {
        let mut plain = self.expires_at.as_microsecond().to_be_bytes().to_vec();
        plain.extend_from_slice(self.token.expose().as_bytes());
        keys.seal_text(Purpose::SessionCookie, name.as_bytes(), &plain)
    }

    /// Opens a value; `None` for anything that was not made by [`SessionCookie::seal`] with one
    /// of the secrets. Double quotes around it are allowed.
    #[must_use]
    pub fn open(keys: &Keyring, name: &str, value: &str) -> Option<Self> {
        let unquoted = value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let value = unquoted.unwrap_or(value);
        let plain = keys.open_text(Purpose::SessionCookie, name.as_bytes(), value)?;
        let (time, token) = plain.split_first_chunk::<TIME_BYTES>()?;
        let expires_at = Timestamp::from_microsecond(i64::from_be_bytes(*time)).ok()?;
        let token = std::str::from_utf8(token).ok()?;
        Some(Self {
            token: SessionToken::from_client(token.to_owned()),
            expires_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_opens_under_its_own_name_only_and_differs_each_time() {
        let keys = Keyring::ephemeral();
        let cookie = SessionCookie {
            token: SessionToken::random(),
            expires_at: Timestamp::from_second(1_700_000_000).unwrap(),
        };
        let (one, two) = (
            cookie.seal(&keys, "a").unwrap(),
            cookie.seal(&keys, "a").unwrap(),
        );
        assert_ne!(one, two);
        for value in [one.clone(), two, format!("\"{one}\"")] {
            let opened = SessionCookie::open(&keys, "a", &value).unwrap();
            assert_eq!(opened.token.hash(), cookie.token.hash());
            assert_eq!(opened.expires_at, cookie.expires_at);
        }
        assert!(SessionCookie::open(&keys, "b", &one).is_none());
        assert!(SessionCookie::open(&Keyring::ephemeral(), "a", &one).is_none());
        assert!(SessionCookie::open(&keys, "a", "").is_none());
        assert!(!one.contains("ory_st_"));
    }
}
