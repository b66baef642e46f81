//! Keys: one secret, many purposes, and rotation.
//!
//! Every purpose has its own keys, derived with HKDF-SHA256 from each configured secret. The
//! first secret of a list seals and signs; all of them open and verify. What was sealed carries
//! a key id, so that the right key is found without trying.

mod secrets;

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::secret::{Secret, SecretString};

pub use secrets::Secrets;

const KEY_BYTES: usize = 32;
const KEY_ID_BYTES: usize = 4;
/// Not a secret: keeps these derivations apart from other uses of the same secrets.
const SALT: &[u8] = b"stepgate/identity/keys/1";

/// What a key is for. A value made for one purpose is worth nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Values of session cookies.
    SessionCookie,
    /// CSRF, continuity and other small cookies.
    Cookie,
    /// Secrets in the database.
    Cipher,
    /// Codes sent by mail, stored as MACs.
    Codes,
    /// Request bodies kept during a login.
    KeptBody,
    /// The counter that ends redirect loops.
    LoopGuard,
    /// Cookies that mark a browser as one that signed in before.
    Device,
    /// Logout tokens.
    Logout,
    /// Places in paged lists.
    Pagination,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::SessionCookie => b"session cookie",
            Self::Cookie => b"cookie",
            Self::Cipher => b"cipher",
            Self::Codes => b"codes",
            Self::KeptBody => b"kept body",
            Self::LoopGuard => b"loop guard",
            Self::Device => b"device",
            Self::Logout => b"logout",
            Self::Pagination => b"pagination",
        }
    }
}

/// The secrets of the service, from which keys are derived when used.
#[derive(Clone)]
pub struct Keyring {
    cookie: Vec<SecretString>,
    cipher: Vec<SecretString>,
    default: Vec<SecretString>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[keyring]")
    }
}

struct Derived {
    id: [u8; KEY_ID_BYTES],
    bytes: Secret<[u8; KEY_BYTES]>,
}

impl Keyring {
    /// A keyring of configured secrets. `None` without a single one: keys must never be guessable.
    #[must_use]
    pub fn new(secrets: &Secrets) -> Option<Self> {
        let first_given = |lists: [&Vec<SecretString>; 3]| {
            lists.into_iter().find(|list| !list.is_empty()).cloned()
        };
        let Secrets {
            default,
            cookie,
            cipher,
        } = secrets;
        Some(Self {
            default: first_given([default, cookie, cipher])?,
            cookie: first_given([cookie, default, cipher])?,
            cipher: first_given([cipher, default, cookie])?,
        })
    }

    /// Secrets that live as long as the process, for data that does too.
    #[must_use]
    pub fn ephemeral() -> Self {
        let secret = SecretString::new(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
        let list = vec![secret];
        Self {
            default: list.clone(),
            cookie: list.clone(),
            cipher: list,
        }
    }

    const fn secrets(&self, purpose: Purpose) -> &Vec<SecretString> {
        match purpose {
            Purpose::SessionCookie | Purpose::Cookie | Purpose::LoopGuard | Purpose::Device => {
                &self.cookie
            }
            Purpose::Cipher | Purpose::KeptBody => &self.cipher,
            Purpose::Codes | Purpose::Logout | Purpose::Pagination => &self.default,
        }
    }

    fn derive(&self, purpose: Purpose) -> impl Iterator<Item = Derived> {
        let secrets = self.secrets(purpose).iter();
        secrets.filter_map(move |secret| derive(secret, purpose))
    }

    /// Encrypts with AES-256-GCM, bound to `context`, which must be given again to open.
    #[must_use]
    pub fn seal(&self, purpose: Purpose, context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let key = self.derive(purpose).next()?;
        let cipher = UnboundKey::new(&AES_256_GCM, key.bytes.expose()).ok()?;
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut body = plain.to_vec();
        LessSafeKey::new(cipher)
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut body,
            )
            .ok()?;
        let mut sealed = Vec::with_capacity(KEY_ID_BYTES + NONCE_LEN + body.len());
        sealed.extend_from_slice(&key.id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        Some(sealed)
    }

    /// Opens what [`Keyring::seal`] made with any of the secrets; `None` for anything else.
    #[must_use]
    pub fn open(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (id, rest) = sealed.split_at_checked(KEY_ID_BYTES)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN)?;
        let key = self.derive(purpose).find(|key| key.id == id)?;
        let cipher = UnboundKey::new(&AES_256_GCM, key.bytes.expose()).ok()?;
        let mut body = body.to_vec();
        let plain = LessSafeKey::new(cipher)
            .open_in_place(
                Nonce::try_assume_unique_for_key(nonce).ok()?,
                Aad::from(context),
                &mut body,
            )
            .ok()?;
        Some(plain.to_vec())
    }

    /// [`Keyring::seal`] as text that fits into a cookie, a URL or JSON.
    #[must_use]
    pub fn seal_text(&self, purpose: Purpose, context: &[u8], plain: &[u8]) -> Option<String> {
        let sealed = self.seal(purpose, context, plain)?;
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what [`Keyring::seal_text`] made.
    #[must_use]
    pub fn open_text(&self, purpose: Purpose, context: &[u8], text: &str) -> Option<Vec<u8>> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        self.open(purpose, context, &sealed)
    }

    /// Whether a purpose has older secrets besides the current one.
    #[must_use]
    pub fn has_older(&self, purpose: Purpose) -> bool {
        self.secrets(purpose).len() > 1
    }

    /// Whether the current secret made this text of [`Keyring::seal_text`].
    #[must_use]
    pub fn is_current(&self, purpose: Purpose, text: &str) -> bool {
        let sealed = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        let current = self.derive(purpose).next();
        current.is_some_and(|key| sealed.starts_with(&key.id))
    }

    /// HMAC-SHA256 of `data` under the current secret.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, data: &[u8]) -> Option<[u8; 32]> {
        let key = self.derive(purpose).next()?;
        Some(mac(&key, data))
    }

    /// Whether `signature` is that of `data` under any secret, in constant time.
    #[must_use]
    pub fn verify(&self, purpose: Purpose, data: &[u8], signature: &[u8]) -> bool {
        self.derive(purpose).any(|key| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.bytes.expose());
            hmac::verify(&key, data, signature).is_ok()
        })
    }

    /// The MACs of `data` under every secret, the current one first: what a look-up by MAC must
    /// try.
    #[must_use]
    pub fn signatures(&self, purpose: Purpose, data: &[u8]) -> Vec<[u8; 32]> {
        self.derive(purpose).map(|key| mac(&key, data)).collect()
    }

    /// The MACs of `data` under every secret with the ids of their keys, the current one first: for
    /// what is stored beside its key's id.
    #[must_use]
    pub fn tags(&self, purpose: Purpose, data: &[u8]) -> Vec<Tag> {
        self.derive(purpose)
            .map(|key| Tag {
                key_id: key.id,
                mac: mac(&key, data),
            })
            .collect()
    }
}

/// A MAC and the id of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Names the key; says nothing of it.
    pub key_id: [u8; KEY_ID_BYTES],
    /// HMAC-SHA256.
    pub mac: [u8; 32],
}

fn derive(secret: &SecretString, purpose: Purpose) -> Option<Derived> {
    let root = Salt::new(HKDF_SHA256, SALT).extract(secret.expose().as_bytes());
    let mut bytes = [0; KEY_BYTES];
    root.expand(&[purpose.label()], HKDF_SHA256)
        .ok()?
        .fill(&mut bytes)
        .ok()?;
    let mut id = [0; KEY_ID_BYTES];
    let fingerprint = digest(&SHA256, &bytes);
    for (to, from) in id.iter_mut().zip(fingerprint.as_ref()) {
        *to = *from;
    }
    Some(Derived {
        id,
        bytes: Secret::new(bytes),
    })
}

fn mac(key: &Derived, data: &[u8]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.bytes.expose());
    let mut out = [0; 32];
    out.copy_from_slice(hmac::sign(&key, data).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(secrets: &[&str]) -> Keyring {
        let list = secrets.iter().map(|&one| SecretString::new(one.to_owned()));
        Keyring::new(&Secrets {
            default: list.collect(),
            ..Secrets::default()
        })
        .unwrap()
    }

    #[test]
    fn without_a_secret_there_is_no_keyring() {
        assert!(Keyring::new(&Secrets::default()).is_none());
    }

    #[test]
    fn sealed_values_open_for_their_purpose_and_context_only() {
        let keys = keyring(&["first secret of sixteen"]);
        let sealed = keys.seal(Purpose::Cipher, b"row 1", b"hello").unwrap();
        assert_eq!(
            keys.open(Purpose::Cipher, b"row 1", &sealed).unwrap(),
            b"hello"
        );
        assert!(keys.open(Purpose::Cipher, b"row 2", &sealed).is_none());
        assert!(keys.open(Purpose::KeptBody, b"row 1", &sealed).is_none());
        for end in 0..sealed.len() {
            assert!(
                keys.open(Purpose::Cipher, b"row 1", &sealed[..end])
                    .is_none()
            );
        }
        let mut bent = sealed;
        *bent.last_mut().unwrap() ^= 1;
        assert!(keys.open(Purpose::Cipher, b"row 1", &bent).is_none());
    }

    #[test]
    fn old_secrets_open_and_verify_and_the_first_one_seals() {
        let (old, new) = ("the old secret of ours", "the new secret of ours");
        let before = keyring(&[old]);
        let rotated = keyring(&[new, old]);
        let after = keyring(&[new]);
        let sealed = before.seal_text(Purpose::SessionCookie, b"", b"x").unwrap();
        assert!(
            rotated
                .open_text(Purpose::SessionCookie, b"", &sealed)
                .is_some()
        );
        assert!(
            after
                .open_text(Purpose::SessionCookie, b"", &sealed)
                .is_none()
        );
        let signature = before.sign(Purpose::Codes, b"123456").unwrap();
        assert!(rotated.verify(Purpose::Codes, b"123456", &signature));
        assert!(!rotated.verify(Purpose::Codes, b"123457", &signature));
        let fresh = rotated
            .seal_text(Purpose::SessionCookie, b"", b"x")
            .unwrap();
        assert!(
            after
                .open_text(Purpose::SessionCookie, b"", &fresh)
                .is_some()
        );
    }
}
