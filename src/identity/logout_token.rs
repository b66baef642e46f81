//! Logout tokens: derived from the session, so that nothing has to be kept.

use super::id::SessionId;
use super::token::{LOGOUT_PREFIX, TOKEN_CHARACTERS};
use crate::keyring::{Keyring, Purpose};
use crate::secret::SecretString;

impl Keyring {
    /// The logout token of a session. It is derived from the id, so that nothing has to be kept.
    #[must_use]
    pub fn logout_token(&self, session: SessionId) -> Option<SecretString> {
        let mac = self.sign(Purpose::Logout, session.as_bytes())?;
        Some(logout_token(mac))
    }

    /// Whether this is the logout token of the session, under any secret.
    #[must_use]
    pub fn is_logout_token(&self, session: SessionId, token: &str) -> bool {
        let macs = self.signatures(Purpose::Logout, session.as_bytes());
        macs.into_iter()
            .any(|mac| logout_token(mac).matches(token.as_bytes()))
    }
}

fn logout_token(mac: [u8; 32]) -> SecretString {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let letters = mac
        .into_iter()
        .filter_map(|byte| LETTERS.get(usize::from(byte) % LETTERS.len()))
        .take(TOKEN_CHARACTERS)
        .map(|&byte| char::from(byte));
    let mut token = LOGOUT_PREFIX.to_owned();
    token.extend(letters);
    SecretString::new(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logout_token_belongs_to_one_session() {
        let keys = Keyring::ephemeral();
        let (one, two) = (SessionId::random(), SessionId::random());
        let token = keys.logout_token(one).unwrap();
        let text = token.expose();
        assert_eq!((text.len(), text.starts_with(LOGOUT_PREFIX)), (39, true));
        assert!(keys.is_logout_token(one, text));
        assert!(!keys.is_logout_token(two, text));
        assert!(!keys.is_logout_token(one, text.trim_end_matches(char::is_alphanumeric)));
    }
}
