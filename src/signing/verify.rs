//! Keys of others, which verify what they signed.

use std::fmt;

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, VerificationAlgorithm,
};

use super::jwk::{RawKey, RawPublicSet};
use super::key::{Algorithm, KeyError};

/// Most keys of a set that are looked at.
const MAX_KEYS: usize = 100;

/// Algorithms with a public and a private key. Those with a shared secret are not among them:
/// whoever can verify with such a key can sign with it.
pub const ASYMMETRIC: [Algorithm; 10] = [
    Algorithm::EdDsa,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
];

/// A public key and the algorithms that it is for.
pub struct VerifyingKey {
    id: Option<String>,
    /// Parsed once for each algorithm.
    uses: Vec<(Algorithm, ParsedPublicKey)>,
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms: Vec<_> = self.uses.iter().map(|(algorithm, _)| algorithm).collect();
        f.debug_struct("VerifyingKey")
            .field("id", &self.id)
            .field("algorithms", &algorithms)
            .finish()
    }
}

impl VerifyingKey {
    /// The keys of a set that can verify signatures. A key that says what it signs with (`alg`) is
    /// for that alone; another one for those of `allowed` that fit its kind or, where `allowed` is
    /// `None`, for the usual one: RS256, ES256, ES384, ES512 or EdDSA. Keys that are for something
    /// else, secret, broken or weak are left out.
    ///
    /// # Errors
    /// The text is no key set.
    pub fn from_jwks(text: &[u8], allowed: Option<&[Algorithm]>) -> Result<Vec<Self>, KeyError> {
        let set: RawPublicSet = serde_json::from_slice(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            KeyError::NoSet(format!("line {line}, column {column}"))
        })?;
        let raw = set.keys.into_iter().take(MAX_KEYS);
        // A set may hold kinds that nobody knew when this was written.
        let raw = raw.filter_map(|key| serde_json::from_value(key).ok());
        Ok(raw
            .filter_map(|key: RawKey| Self::read(&key, allowed))
            .collect())
    }

    fn read(key: &RawKey, allowed: Option<&[Algorithm]>) -> Option<Self> {
        if key.usage.as_deref().is_some_and(|usage| usage != "sig") || !key.may_verify() {
            return None;
        }
        let named = match &key.alg {
            Some(name) => Some(Algorithm::parse(name)?),
            None => None,
        };
        let fits = |algorithm: &Algorithm| match (named, allowed) {
            (Some(named), Some(allowed)) => *algorithm == named && allowed.contains(&named),
            (Some(named), None) => *algorithm == named,
            (None, Some(allowed)) => allowed.contains(algorithm),
            (None, None) => is_usual(*algorithm),
        };
        let uses: Vec<_> = ASYMMETRIC
            .into_iter()
            .filter(fits)
            .filter_map(|algorithm| Some((algorithm, parse(key, algorithm).ok()?)))
            .collect();
        (!uses.is_empty()).then(|| Self {
            id: key.kid.clone(),
            uses,
        })
    }

    /// Its name (`kid`).
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Whether it is for this algorithm.
    #[must_use]
    pub fn is_for(&self, algorithm: Algorithm) -> bool {
        self.uses.iter().any(|(own, _)| *own == algorithm)
    }

    /// Whether it made `signature` of `message` by this algorithm.
    #[must_use]
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.uses
            .iter()
            .find(|(own, _)| *own == algorithm)
            .is_some_and(|(_, key)| key.verify_sig(message, signature).is_ok())
    }
}

/// What a key is for that does not say it.
const fn is_usual(algorithm: Algorithm) -> bool {
    match algorithm {
        Algorithm::EdDsa
        | Algorithm::Es256
        | Algorithm::Es384
        | Algorithm::Es512
        | Algorithm::Rs256 => true,
        Algorithm::Rs384
        | Algorithm::Rs512
        | Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512
        | Algorithm::Hs256
        | Algorithm::Hs384
        | Algorithm::Hs512 => false,
    }
}

fn parse(key: &RawKey, algorithm: Algorithm) -> Result<ParsedPublicKey, KeyError> {
    let kind = (key.kty.as_str(), key.crv.as_deref());
    match (algorithm, kind) {
        (Algorithm::EdDsa, ("OKP", Some("Ed25519"))) => parsed(&ED25519, &key.number("x")?),
        (Algorithm::Es256, ("EC", Some("P-256"))) => point(key, &ECDSA_P256_SHA256_FIXED, 32),
        (Algorithm::Es384, ("EC", Some("P-384"))) => point(key, &ECDSA_P384_SHA384_FIXED, 48),
        (Algorithm::Es512, ("EC", Some("P-521"))) => point(key, &ECDSA_P521_SHA512_FIXED, 66),
        (Algorithm::Rs256, ("RSA", _)) => modulus(key, &RSA_PKCS1_2048_8192_SHA256),
        (Algorithm::Rs384, ("RSA", _)) => modulus(key, &RSA_PKCS1_2048_8192_SHA384),
        (Algorithm::Rs512, ("RSA", _)) => modulus(key, &RSA_PKCS1_2048_8192_SHA512),
        (Algorithm::Ps256, ("RSA", _)) => modulus(key, &RSA_PSS_2048_8192_SHA256),
        (Algorithm::Ps384, ("RSA", _)) => modulus(key, &RSA_PSS_2048_8192_SHA384),
        (Algorithm::Ps512, ("RSA", _)) => modulus(key, &RSA_PSS_2048_8192_SHA512),
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

fn parsed(
    algorithm: &'static dyn VerificationAlgorithm,
    bytes: &[u8],
) -> Result<ParsedPublicKey, KeyError> {
    ParsedPublicKey::new(algorithm, bytes).map_err(|_| KeyError::Rejected)
}

fn point(
    key: &RawKey,
    algorithm: &'static dyn VerificationAlgorithm,
    bytes: usize,
) -> Result<ParsedPublicKey, KeyError> {
    let point = [vec![4], key.padded("x", bytes)?, key.padded("y", bytes)?].concat();
    parsed(algorithm, &point)
}

/// The least length of a modulus in bytes: 2048 bits.
const MIN_MODULUS_BYTES: usize = 256;

fn modulus(key: &RawKey, parameters: &'static RsaParameters) -> Result<ParsedPublicKey, KeyError> {
    let unpadded = |name| {
        let number = key.number(name)?;
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        Ok(number.into_iter().skip(zeros).collect::<Vec<u8>>())
    };
    let (n, e) = (unpadded("n")?, unpadded("e")?);
    // Shorter ones would only be refused when they are used.
    if n.len() < MIN_MODULUS_BYTES {
        return Err(KeyError::Rejected);
    }
    PublicKeyComponents { n, e }
        .to_parsed_public_key(parameters)
        .map_err(|_| KeyError::Rejected)
}
