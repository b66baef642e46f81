//! Plain digests, with a salt or a key: quick to compute, so that they are worth little until the
//! next login replaces them.
//!
//! What is inside their base64 is looked at when a password is checked, as in Kratos: a broken
//! one fits no password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Digest as _;
use subtle::ConstantTimeEq;

/// A hash function.
#[derive(Clone, Copy)]
pub(super) enum Function {
    Md4,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Function {
    /// The one of this name in Kratos' prefixes.
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "md4" => Some(Self::Md4),
            "md5" => Some(Self::Md5),
            "sha1" => Some(Self::Sha1),
            "sha224" => Some(Self::Sha224),
            "sha256" => Some(Self::Sha256),
            "sha384" => Some(Self::Sha384),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn digest(self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Md4 => md4::Md4::digest(text).to_vec(),
            Self::Md5 => md5::Md5::digest(text).to_vec(),
            Self::Sha1 => sha1::Sha1::digest(text).to_vec(),
            Self::Sha224 => sha2::Sha224::digest(text).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(text).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(text).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(text).to_vec(),
        }
    }

    fn keyed(self, key: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        macro_rules! keyed {
            ($function:ty) => {{
                let mut mac = Hmac::<$function>::new_from_slice(key).ok()?;
                mac.update(text);
                mac.finalize().into_bytes().to_vec()
            }};
        }
        Some(match self {
            Self::Md4 => keyed!(md4::Md4),
            Self::Md5 => keyed!(md5::Md5),
            Self::Sha1 => keyed!(sha1::Sha1),
            Self::Sha224 => keyed!(sha2::Sha224),
            Self::Sha256 => keyed!(sha2::Sha256),
            Self::Sha384 => keyed!(sha2::Sha384),
            Self::Sha512 => keyed!(sha2::Sha512),
        })
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Md4 | Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A digest as it stands in a hash, still in base64.
pub(super) enum Digest<'a> {
    /// `{SSHA..}`: base64 of digest and salt.
    Salted(Function, &'a str),
    /// Of a pattern with `{SALT}` and `{PASSWORD}`.
    Pattern {
        function: Function,
        pattern: &'a str,
        salt: &'a str,
        digest: &'a str,
    },
    /// Of the password alone.
    Bare(Function, &'a str),
    /// HMAC; the digest is written in hexadecimal within base64.
    Keyed {
        function: Function,
        digest: &'a str,
        key: &'a str,
    },
}

impl Digest<'_> {
    pub(super) fn verify(&self, password: &str) -> bool {
        self.matches(password.as_bytes()).unwrap_or(false)
    }

    fn matches(&self, password: &[u8]) -> Option<bool> {
        let decode = |text: &str| STANDARD.decode(text).ok();
        let (made, expected) = match *self {
            Self::Salted(function, both) => {
                let both = decode(both)?;
                let (digest, salt) = both.split_at_checked(function.bytes())?;
                (function.digest(&[password, salt].concat()), digest.to_vec())
            }
            Self::Bare(function, digest) => (function.digest(password), decode(digest)?),
            Self::Pattern {
                function,
                pattern,
                salt,
                digest,
            } => {
                let text = filled(&decode(pattern)?, &decode(salt)?, password);
                (function.digest(&text), decode(digest)?)
            }
            Self::Keyed {
                function,
                digest,
                key,
            } => {
                let made = function.keyed(&decode(key)?, password)?;
                (hex(&made), decode(digest)?.to_ascii_lowercase())
            }
        };
        Some(made.ct_eq(&expected).into())
    }
}

/// The pattern with salt and password in their places. What they hold is not looked at again.
fn filled(pattern: &[u8], salt: &[u8], password: &[u8]) -> Vec<u8> {
    const PLACES: [&[u8]; 2] = [b"{SALT}", b"{PASSWORD}"];
    let [salt_place, password_place] = PLACES;
    let mut out = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((&first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(salt_place) {
            out.extend_from_slice(salt);
            rest = after;
        } else if let Some(after) = rest.strip_prefix(password_place) {
            out.extend_from_slice(password);
            rest = after;
        } else {
            out.push(first);
            rest = after;
        }
    }
    out
}

pub(super) fn hex(bytes: &[u8]) -> Vec<u8> {
    let digits = |byte: &u8| format!("{byte:02x}").into_bytes();
    bytes.iter().flat_map(digits).collect()
}
