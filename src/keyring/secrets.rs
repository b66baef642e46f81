//! What keys are derived from.

use std::fmt;

use crate::secret::SecretString;

/// `secrets`: the first of each list signs or encrypts, all of them verify or decrypt.
#[derive(Clone, Default)]
pub struct Secrets {
    /// For everything that has no list of its own.
    pub default: Vec<SecretString>,
    /// For cookies.
    pub cookie: Vec<SecretString>,
    /// For stored values, 32 characters each.
    pub cipher: Vec<SecretString>,
}

impl Secrets {
    /// Whether nothing is configured, so that secrets must be made.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.default.is_empty() && self.cookie.is_empty() && self.cipher.is_empty()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secrets]")
    }
}
