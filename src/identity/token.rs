//! Session tokens, and how they are stored: never as they are.
//!
//! A token has 32 letters and digits (190 bits), so that a plain SHA-256 of it is a safe thing to
//! keep. Prefixes and lengths are those of the Kratos contract.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use rand::RngExt;
use rand::distr::Alphanumeric;

use crate::secret::Secret;

/// What every session token begins with.
pub const SESSION_PREFIX: &str = "ory_st_";
/// What every logout token begins with.
pub const LOGOUT_PREFIX: &str = "ory_lo_";
/// Letters and digits after the prefix.
pub const TOKEN_CHARACTERS: usize = 32;

/// The token of a session, as the client holds it.
#[derive(Clone)]
pub struct SessionToken(Secret<String>);

impl SessionToken {
    /// A new random token.
    #[must_use]
    pub fn random() -> Self {
        Self(Secret::new(format!(
            "{SESSION_PREFIX}{}",
            random_text(TOKEN_CHARACTERS)
        )))
    }

    /// What a client sent, whatever it looks like; only its hash is ever looked up.
    #[must_use]
    pub const fn from_client(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The token as the client holds it. Never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The form that is stored and looked up.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.expose())
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[session token]")
    }
}

/// SHA-256 of a high-entropy token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token as the client holds it.
    #[must_use]
    pub fn of(token: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }

    /// The 32 bytes that are stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[token hash]")
    }
}

/// `count` random letters and digits from the operating system's generator.
#[must_use]
pub fn random_text(count: usize) -> String {
    rand::rng()
        .sample_iter(Alphanumeric)
        .take(count)
        .map(char::from)
        .collect()
}
