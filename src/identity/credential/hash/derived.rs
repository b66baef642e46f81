//! PBKDF2 and scrypt, as Kratos writes them.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use subtle::ConstantTimeEq;

use super::{HashError, cost};

const MAX_PBKDF2_ROUNDS: u32 = 10_000_000;
/// Rounds in all: each block of the key takes its own.
const MAX_PBKDF2_WORK: u64 = 20_000_000;
const MAX_SCRYPT_N: u32 = 131_072;
const MAX_SCRYPT_R: u32 = 8;
const MAX_SCRYPT_P: u32 = 10;
/// The longest key that is derived; the work grows with it.
const MAX_KEY_BYTES: usize = 256;
/// Bytes of the key that Firebase derives, an AES-256 key.
const FIREBASE_KEY_BYTES: usize = 32;

/// The hash function inside PBKDF2.
#[derive(Clone, Copy)]
pub(super) enum Prf {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Prf {
    /// Bytes that one block gives.
    const fn bytes(self) -> u64 {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

pub(super) struct Pbkdf2 {
    prf: Prf,
    rounds: u32,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl Pbkdf2 {
    /// Reads `i=..,l=..`, salt and key in base64 without padding.
    pub(super) fn parse(prf: Prf, parts: [&str; 3]) -> Result<Self, HashError> {
        let [costs, salt, key] = parts;
        let (rounds, length) = (cost(costs, "i=")?, cost(costs, "l=")?);
        if rounds > MAX_PBKDF2_ROUNDS {
            return Err(HashError::TooCostly);
        }
        let decode = |text| {
            let decoded = STANDARD_NO_PAD.decode(text);
            decoded.map_err(|_| HashError::Malformed)
        };
        let (salt, key) = (decode(salt)?, decode(key)?);
        if rounds == 0 || usize::try_from(length) != Ok(key.len()) {
            return Err(HashError::Malformed);
        }
        key_fits(&key)?;
        let blocks = u64::from(length).div_ceil(prf.bytes());
        if blocks * u64::from(rounds) > MAX_PBKDF2_WORK {
            return Err(HashError::TooCostly);
        }
        Ok(Self {
            prf,
            rounds,
            salt,
            key,
        })
    }

    pub(super) fn verify(&self, password: &str) -> bool {
        let mut key = vec![0; self.key.len()];
        let (password, salt) = (password.as_bytes(), self.salt.as_slice());
        match self.prf {
            Prf::Sha1 => pbkdf2::pbkdf2_hmac::<sha1::Sha1>(password, salt, self.rounds, &mut key),
            Prf::Sha224 => {
                pbkdf2::pbkdf2_hmac::<sha2::Sha224>(password, salt, self.rounds, &mut key);
            }
            Prf::Sha256 => {
                pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password, salt, self.rounds, &mut key);
            }
            Prf::Sha384 => {
                pbkdf2::pbkdf2_hmac::<sha2::Sha384>(password, salt, self.rounds, &mut key);
            }
            Prf::Sha512 => {
                pbkdf2::pbkdf2_hmac::<sha2::Sha512>(password, salt, self.rounds, &mut key);
            }
        }
        key.ct_eq(&self.key).into()
    }
}

/// scrypt, by itself or with the encryption that Firebase puts on top.
pub(super) struct Scrypt {
    params: scrypt::Params,
    memory_kib: u32,
    salt: Vec<u8>,
    expected: Vec<u8>,
    signer: Option<Vec<u8>>,
}

impl Scrypt {
    /// Reads `ln=..,r=..,p=..`, where `ln` is the cost itself, then salt and key.
    pub(super) fn parse(parts: [&str; 3]) -> Result<Self, HashError> {
        let [costs, salt, key] = parts;
        let (params, memory_kib) = scrypt_params(cost(costs, "ln=")?, costs)?;
        let (salt, expected) = (padded(salt)?, padded(key)?);
        key_fits(&expected)?;
        Ok(Self {
            params,
            memory_kib,
            salt,
            expected,
            signer: None,
        })
    }

    /// Reads `ln=..,r=..,p=..`, where `ln` is a logarithm, then salt, hash, salt separator and
    /// signer key.
    pub(super) fn parse_firebase(parts: [&str; 5]) -> Result<Self, HashError> {
        let [costs, salt, hash, separator, signer] = parts;
        let n = 1_u32.checked_shl(cost(costs, "ln=")?);
        let (params, memory_kib) = scrypt_params(n.ok_or(HashError::TooCostly)?, costs)?;
        let mut salt = padded(salt)?;
        salt.extend(padded(separator)?);
        let (expected, signer) = (padded(hash)?, padded(signer)?);
        if expected.is_empty() || expected.len() != signer.len() {
            return Err(HashError::Malformed);
        }
        Ok(Self {
            params,
            memory_kib,
            salt,
            expected,
            signer: Some(signer),
        })
    }

    pub(super) fn verify(&self, password: &str) -> Result<bool, HashError> {
        let length = match self.signer {
            Some(_) => FIREBASE_KEY_BYTES,
            None => self.expected.len(),
        };
        let mut key = vec![0; length];
        scrypt::scrypt(password.as_bytes(), &self.salt, &self.params, &mut key)
            .map_err(|_| HashError::Failed)?;
        let made = match &self.signer {
            Some(signer) => encrypted(&key, signer)?,
            None => key,
        };
        Ok(made.ct_eq(&self.expected).into())
    }

    pub(super) const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }
}

fn scrypt_params(n: u32, costs: &str) -> Result<(scrypt::Params, u32), HashError> {
    let (r, p) = (cost(costs, "r=")?, cost(costs, "p=")?);
    if n > MAX_SCRYPT_N || r > MAX_SCRYPT_R || p > MAX_SCRYPT_P {
        return Err(HashError::TooCostly);
    }
    if n < 2 || !n.is_power_of_two() {
        return Err(HashError::Malformed);
    }
    let log_n = u8::try_from(n.ilog2()).map_err(|_| HashError::TooCostly)?;
    let params = scrypt::Params::new(log_n, r, p).map_err(|_| HashError::Malformed)?;
    Ok((params, n * r / 8))
}

/// The signer key under the derived key: AES-256 in counter mode from zero. The same key never
/// encrypts anything else, so that the fixed counter gives nothing away.
fn encrypted(key: &[u8], signer: &[u8]) -> Result<Vec<u8>, HashError> {
    let key = UnboundCipherKey::new(&AES_256, key).map_err(|_| HashError::Failed)?;
    let key = EncryptingKey::ctr(key).map_err(|_| HashError::Failed)?;
    let mut out = signer.to_vec();
    let zero = EncryptionContext::Iv128(FixedLength::from([0; 16]));
    key.less_safe_encrypt(&mut out, zero)
        .map_err(|_| HashError::Failed)?;
    Ok(out)
}

fn padded(text: &str) -> Result<Vec<u8>, HashError> {
    STANDARD.decode(text).map_err(|_| HashError::Malformed)
}

/// An empty key would fit every password, a long one costs work.
fn key_fits(key: &[u8]) -> Result<(), HashError> {
    match key.len() {
        0..4 => Err(HashError::Malformed),
        4..=MAX_KEY_BYTES => Ok(()),
        _ => Err(HashError::TooCostly),
    }
}
