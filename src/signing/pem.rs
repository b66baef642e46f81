//! Signing keys from PEM, and what others get to see of them.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::key::{Algorithm, Inner, Pair, SigningKey};

/// Why a PEM text gives no key. None of them tells what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// No private key in it.
    #[error("there is no private key in PEM form (`-----BEGIN PRIVATE KEY-----`)")]
    NoKey,
    /// A block is broken.
    #[error("a block in PEM form is broken")]
    Broken,
    /// A kind of key that signs with none of our algorithms, or a weak one.
    #[error("a key is neither Ed25519, nor P-256, nor RSA of 2048 bits or more")]
    Kind,
}

impl SigningKey {
    /// Every private key of a PEM text, in order: PKCS #8, SEC 1 or PKCS #1. An Ed25519 key signs
    /// with EdDSA, a P-256 key with ES256, an RSA key with RS256; each is named by its thumbprint
    /// (RFC 7638).
    ///
    /// # Errors
    /// Why one of them can't be used, or that there is none.
    pub fn from_pem(text: &str) -> Result<Vec<Self>, PemError> {
        let mut keys = Vec::new();
        for block in PrivateKeyDer::pem_slice_iter(text.as_bytes()) {
            let block = block.map_err(|_| PemError::Broken)?;
            keys.push(Self::from_der(&block)?);
        }
        if keys.is_empty() {
            return Err(PemError::NoKey);
        }
        Ok(keys)
    }

    fn from_der(block: &PrivateKeyDer<'_>) -> Result<Self, PemError> {
        let (algorithm, pair) = pair(block).ok_or(PemError::Kind)?;
        let public = public(&pair).ok_or(PemError::Kind)?;
        Ok(Self(Arc::new(Inner {
            id: Some(thumbprint(&public)),
            algorithm,
            pair,
        })))
    }

    /// The public part as a JSON Web Key; `None` for a secret, which has none.
    #[must_use]
    pub fn public_jwk(&self) -> Option<Value> {
        let mut key = public(&self.0.pair)?;
        let object = key.as_object_mut()?;
        object.insert("use".to_owned(), "sig".into());
        object.insert("alg".to_owned(), self.algorithm().as_str().into());
        if let Some(id) = self.id() {
            object.insert("kid".to_owned(), id.into());
        }
        Some(key)
    }
}

fn pair(block: &PrivateKeyDer<'_>) -> Option<(Algorithm, Pair)> {
    let der = block.secret_der();
    if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
        return Some((Algorithm::EdDsa, Pair::Ed25519(pair)));
    }
    let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let ecdsa = EcdsaKeyPair::from_pkcs8(curve, der)
        .or_else(|_| EcdsaKeyPair::from_private_key_der(curve, der));
    if let Ok(pair) = ecdsa {
        return Some((Algorithm::Es256, Pair::Ecdsa(pair)));
    }
    let rsa = rsa::KeyPair::from_pkcs8(der).or_else(|_| rsa::KeyPair::from_der(der));
    Some((Algorithm::Rs256, Pair::Rsa(rsa.ok()?)))
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The members that make the key what it is, in the order of their names.
fn public(pair: &Pair) -> Option<Value> {
    match pair {
        Pair::Ed25519(pair) => {
            let x = text(pair.public_key().as_ref());
            Some(json!({ "crv": "Ed25519", "kty": "OKP", "x": x }))
        }
        Pair::Ecdsa(pair) => {
            let point = pair.public_key().as_ref();
            let (x, y) = point.get(1..)?.split_at_checked(point.len() / 2)?;
            let crv = match x.len() {
                32 => "P-256",
                48 => "P-384",
                _ => "P-521",
            };
            Some(json!({ "crv": crv, "kty": "EC", "x": text(x), "y": text(y) }))
        }
        Pair::Rsa(pair) => {
            let (n, e) = rsa_numbers(pair.public_key().as_ref())?;
            Some(json!({ "e": text(e), "kty": "RSA", "n": text(n) }))
        }
        Pair::Secret(_) => None,
    }
}

fn thumbprint(public: &Value) -> String {
    text(digest(&SHA256, public.to_string().as_bytes()).as_ref())
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017, A.1.1).
fn rsa_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = element(der, 0x30)?;
    let (n, rest) = element(sequence, 0x02)?;
    let (e, _) = element(rest, 0x02)?;
    let unsigned = |number| <[u8]>::strip_prefix(number, &[0]).unwrap_or(number);
    Some((unsigned(n), unsigned(e)))
}

/// The content of the first element, which must have this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first.checked_sub(0x80) {
        None => (usize::from(first), rest),
        Some(bytes) => {
            let (length, rest) = rest.split_at_checked(usize::from(bytes))?;
            let length = length.iter().try_fold(0_usize, |sum, byte| {
                sum.checked_mul(256)?.checked_add(usize::from(*byte))
            });
            (length?, rest)
        }
    };
    rest.split_at_checked(length)
}
