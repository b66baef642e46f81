//! A key that signs.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::rsa::{self, KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
};

use super::jwk::{RawKey, RawSet};

/// The least bytes of a shared secret, by the size of its hash.
const MIN_SECRET_BYTES: [(Algorithm, usize); 3] = [
    (Algorithm::Hs256, 32),
    (Algorithm::Hs384, 48),
    (Algorithm::Hs512, 64),
];

macro_rules! algorithms {
    ($($(#[$doc:meta])* $name:ident $text:literal;)*) => {
        /// What a key signs with (`alg`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Algorithm {
            $(#[doc = concat!("`", $text, "`")] $name,)*
        }

        impl Algorithm {
            /// The name in headers and keys.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The algorithm of this name.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }
        }
    };
}

algorithms! {
    EdDsa "EdDSA";
    Es256 "ES256";
    Es384 "ES384";
    Es512 "ES512";
    Rs256 "RS256";
    Rs384 "RS384";
    Rs512 "RS512";
    Ps256 "PS256";
    Ps384 "PS384";
    Ps512 "PS512";
    Hs256 "HS256";
    Hs384 "HS384";
    Hs512 "HS512";
}

/// Why a key cannot sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is no key set.
    #[error("this is no JSON Web Key Set: {0}")]
    NoSet(String),
    /// There is no key in it.
    #[error("the set holds no key")]
    Empty,
    /// The key says that it is for something else.
    #[error("the first key is not for signing (`use`)")]
    OtherUse,
    /// `alg` is absent.
    #[error("the first key does not say what it signs with (`alg`)")]
    NoAlgorithm,
    /// `alg`, `kty` and `crv` do not go together, or are unknown.
    #[error("keys of this kind (`kty`, `crv`) do not sign with this `alg`, or it is unknown")]
    Mismatch,
    /// A member is missing. Of a public key that is `d`.
    #[error("the first key lacks `{0}`")]
    Missing(&'static str),
    /// A member is not base64url.
    #[error("`{0}` of the first key is not base64url")]
    NotBase64(&'static str),
    /// The numbers are no key, or a weak one.
    #[error("the first key is broken, or too short to be safe")]
    Rejected,
}

pub(super) enum Pair {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
    Rsa(rsa::KeyPair),
    Secret(Box<hmac::Key>),
}

/// A private key and what it signs with. Cheap to clone.
#[derive(Clone)]
pub struct SigningKey(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) pair: Pair,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.0.id)
            .field("algorithm", &self.0.algorithm)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// The first key of a set, which is the one that signs.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn from_jwks(text: &str) -> Result<Self, KeyError> {
        let set: RawSet = serde_json::from_str(text).map_err(|error| {
            // Where it is broken, not what stands there.
            let (line, column) = (error.line(), error.column());
            KeyError::NoSet(format!("line {line}, column {column}"))
        })?;
        let key = set.keys.into_iter().next().ok_or(KeyError::Empty)?;
        if key.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(KeyError::OtherUse);
        }
        let algorithm = key.alg.as_deref().ok_or(KeyError::NoAlgorithm)?;
        let algorithm = Algorithm::parse(algorithm).ok_or(KeyError::Mismatch)?;
        let pair = pair(&key, algorithm)?;
        Ok(Self(Arc::new(Inner {
            id: key.kid,
            algorithm,
            pair,
        })))
    }

    /// Its name (`kid`).
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.0.id.as_deref()
    }

    /// What it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }
}

fn pair(key: &RawKey, algorithm: Algorithm) -> Result<Pair, KeyError> {
    let kind = (key.kty.as_str(), key.crv.as_deref());
    match (algorithm, kind) {
        (Algorithm::EdDsa, ("OKP", Some("Ed25519"))) => ed25519(key),
        (Algorithm::Es256, ("EC", Some("P-256"))) => {
            ecdsa(key, &ECDSA_P256_SHA256_FIXED_SIGNING, 32)
        }
        (Algorithm::Es384, ("EC", Some("P-384"))) => {
            ecdsa(key, &ECDSA_P384_SHA384_FIXED_SIGNING, 48)
        }
        (Algorithm::Es512, ("EC", Some("P-521"))) => {
            ecdsa(key, &ECDSA_P521_SHA512_FIXED_SIGNING, 66)
        }
        (
            Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512
            | Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512,
            ("RSA", _),
        ) => rsa_pair(key),
        (Algorithm::Hs256, ("oct", _)) => secret(key, algorithm, hmac::HMAC_SHA256),
        (Algorithm::Hs384, ("oct", _)) => secret(key, algorithm, hmac::HMAC_SHA384),
        (Algorithm::Hs512, ("oct", _)) => secret(key, algorithm, hmac::HMAC_SHA512),
        (
            Algorithm::EdDsa
            | Algorithm::Es256
            | Algorithm::Es384
            | Algorithm::Es512
            | Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512
            | Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512
            | Algorithm::Hs256
            | Algorithm::Hs384
            | Algorithm::Hs512,
            _,
        ) => Err(KeyError::Mismatch),
    }
}

fn ed25519(key: &RawKey) -> Result<Pair, KeyError> {
    let seed = key.number("d")?;
    let pair = if key.has_public_point() {
        Ed25519KeyPair::from_seed_and_public_key(&seed, &key.number("x")?)
    } else {
        Ed25519KeyPair::from_seed_unchecked(&seed)
    };
    pair.map(Pair::Ed25519).map_err(|_| KeyError::Rejected)
}

fn ecdsa(
    key: &RawKey,
    algorithm: &'static EcdsaSigningAlgorithm,
    bytes: usize,
) -> Result<Pair, KeyError> {
    let private = key.padded("d", bytes)?;
    let point = [vec![4], key.padded("x", bytes)?, key.padded("y", bytes)?].concat();
    EcdsaKeyPair::from_private_key_and_public_key(algorithm, &private, &point)
        .map(Pair::Ecdsa)
        .map_err(|_| KeyError::Rejected)
}

fn rsa_pair(key: &RawKey) -> Result<Pair, KeyError> {
    let components = KeyPairComponents {
        d: key.number("d")?,
        public_key: PublicKeyComponents {
            n: key.number("n")?,
            e: key.number("e")?,
        },
        p: key.number("p")?,
        q: key.number("q")?,
        dP: key.number("dp")?,
        dQ: key.number("dq")?,
        qInv: key.number("qi")?,
    };
    rsa::KeyPair::from_components(&components)
        .map(Pair::Rsa)
        .map_err(|_| KeyError::Rejected)
}

fn secret(key: &RawKey, algorithm: Algorithm, hash: hmac::Algorithm) -> Result<Pair, KeyError> {
    let secret = key.number("k")?;
    let least = MIN_SECRET_BYTES
        .into_iter()
        .find_map(|(known, bytes)| (known == algorithm).then_some(bytes));
    if secret.len() < least.unwrap_or(usize::MAX) {
        return Err(KeyError::Rejected);
    }
    Ok(Pair::Secret(Box::new(hmac::Key::new(hash, &secret))))
}
