//! Cache keys: nothing that is kept or compared reveals a credential.

use std::hash::Hasher;

use siphasher::sip128::{Hash128, Hasher128, SipHasher24};

use super::{Credential, CredentialKind};

/// What stands for a credential, a session id or an identity id in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key([u64; 2]);

impl Key {
    /// Half of it, for hash tables.
    pub(super) const fn hash(self) -> u64 {
        let [half, _] = self.0;
        half
    }

    /// Bits of the other half, to spread keys over shards.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "some of its bits are wanted, no number"
    )]
    pub(super) const fn spread(self) -> usize {
        let [_, half] = self.0;
        half as usize
    }
}

/// Makes keys with a random secret of this process, so that nobody outside can aim at a
/// collision.
pub(super) struct Keyring {
    hasher: SipHasher24,
    service: Box<[u8]>,
}

/// What a key stands for; keeps the kinds apart.
#[derive(Clone, Copy)]
enum Domain {
    Cookie = 1,
    SessionToken,
    Bearer,
    Jwt,
    Session,
    Identity,
    SessionId,
}

impl Keyring {
    /// A keyring for credentials of the identity service that goes by `service`.
    pub(super) fn new(service: &str) -> Self {
        let secret: [u8; 16] = rand::random();
        Self {
            hasher: SipHasher24::new_with_key(&secret),
            service: service.as_bytes().into(),
        }
    }

    pub(super) fn of_credential(&self, credential: &Credential) -> Key {
        let domain = match credential.kind() {
            CredentialKind::Cookie => Domain::Cookie,
            CredentialKind::SessionToken => Domain::SessionToken,
            CredentialKind::Bearer => Domain::Bearer,
            CredentialKind::Jwt => Domain::Jwt,
            CredentialKind::SessionId => Domain::SessionId,
        };
        self.of(domain, credential.expose())
    }

    pub(super) fn of_session(&self, id: &str) -> Key {
        self.of(Domain::Session, id)
    }

    pub(super) fn of_identity(&self, id: &str) -> Key {
        self.of(Domain::Identity, id)
    }

    /// Every part goes in behind its length, so that no two lists of parts read alike.
    fn of(&self, domain: Domain, value: &str) -> Key {
        let mut hasher = self.hasher;
        for part in [&self.service, value.as_bytes()] {
            hasher.write_u64(part.len() as u64);
            hasher.write(part);
        }
        hasher.write_u8(domain as u8);
        let Hash128 { h1, h2 } = hasher.finish128();
        Key([h1, h2])
    }
}

/// Keys are random already: half of one is its hash.
#[derive(Clone, Copy, Default)]
pub(super) struct KeyHash(u64);

impl Hasher for KeyHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let half = bytes
            .first_chunk::<8>()
            .map_or(0, |half| u64::from_ne_bytes(*half));
        self.0 ^= half;
    }
}

/// Builds [`KeyHash`].
pub(super) type BuildKeyHash = std::hash::BuildHasherDefault<KeyHash>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_in_another_place_are_another_key() {
        let keys = Keyring::new("http://kratos");
        let cookie = keys.of_credential(&Credential::new(CredentialKind::Cookie, "a"));
        let again = keys.of_credential(&Credential::new(CredentialKind::Cookie, "a"));
        let token = keys.of_credential(&Credential::new(CredentialKind::SessionToken, "a"));
        assert_eq!(cookie, again);
        assert_ne!(cookie, token);
        assert_ne!(cookie, keys.of_session("a"));
        assert_ne!(keys.of_session("a"), keys.of_identity("a"));
    }

    #[test]
    fn another_process_or_service_has_other_keys() {
        let one = Keyring::new("http://a");
        let other = Keyring::new("http://a");
        assert_ne!(one.of_session("x"), other.of_session("x"));
        let moved = Keyring {
            service: b"http://b".as_slice().into(),
            hasher: one.hasher,
        };
        assert_ne!(one.of_session("x"), moved.of_session("x"));
    }
}
