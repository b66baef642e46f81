//! Argon2, in PHC strings.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;

use super::{HashError, cost};
use crate::identity::settings::Argon2Settings;

/// The most memory an accepted hash may ask for: 1 GiB.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_ITERATIONS: u32 = 10;
const MAX_PARALLELISM: u32 = 16;
/// Less salt the algorithm refuses.
const MIN_SALT_BYTES: usize = 8;
const MIN_KEY_BYTES: usize = 4;

pub(super) struct Phc {
    algorithm: Algorithm,
    settings: Argon2Settings,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl Phc {
    /// Reads `$v=19$m=..,t=..,p=..$salt$key`, split at `$`.
    pub(super) fn parse(algorithm: Algorithm, parts: [&str; 4]) -> Result<Self, HashError> {
        let [version, costs, salt, key] = parts;
        if version != "v=19" {
            return Err(HashError::Malformed);
        }
        let (memory_kib, iterations, parallelism) =
            (cost(costs, "m=")?, cost(costs, "t=")?, cost(costs, "p=")?);
        let bounded = memory_kib <= MAX_MEMORY_KIB
            && iterations <= MAX_ITERATIONS
            && parallelism <= MAX_PARALLELISM;
        if !bounded {
            return Err(HashError::TooCostly);
        }
        let decode = |text| {
            STANDARD_NO_PAD
                .decode(text)
                .map_err(|_| HashError::Malformed)
        };
        let (salt, key) = (decode(salt)?, decode(key)?);
        let settings = Argon2Settings {
            memory_kib,
            iterations,
            parallelism,
            salt_length: salt.len(),
            key_length: key.len(),
        };
        if salt.len() < MIN_SALT_BYTES || key.len() < MIN_KEY_BYTES || params(settings).is_err() {
            return Err(HashError::Malformed);
        }
        Ok(Self {
            algorithm,
            settings,
            salt,
            key,
        })
    }

    pub(super) fn verify(&self, password: &str) -> Result<bool, HashError> {
        let key = derive(self.algorithm, self.settings, password, &self.salt)?;
        Ok(key.ct_eq(&self.key).into())
    }

    pub(super) const fn memory_kib(&self) -> u32 {
        self.settings.memory_kib
    }

    /// Whether it is of the variant that new hashes are made with.
    pub(super) fn is_current(&self) -> bool {
        self.algorithm == Algorithm::Argon2id
    }
}

/// A new Argon2id hash.
pub(super) fn make(password: &str, settings: Argon2Settings) -> Result<String, HashError> {
    let salt: Vec<u8> = std::iter::repeat_with(rand::random)
        .take(settings.salt_length)
        .collect();
    let key = derive(Algorithm::Argon2id, settings, password, &salt)?;
    let Argon2Settings {
        memory_kib,
        iterations,
        parallelism,
        ..
    } = settings;
    Ok(format!(
        "$argon2id$v=19$m={memory_kib},t={iterations},p={parallelism}${}${}",
        STANDARD_NO_PAD.encode(&salt),
        STANDARD_NO_PAD.encode(&key),
    ))
}

fn params(settings: Argon2Settings) -> Result<Params, HashError> {
    let Argon2Settings {
        memory_kib,
        iterations,
        parallelism,
        key_length,
        ..
    } = settings;
    Params::new(memory_kib, iterations, parallelism, Some(key_length))
        .map_err(|_| HashError::Failed)
}

fn derive(
    algorithm: Algorithm,
    settings: Argon2Settings,
    password: &str,
    salt: &[u8],
) -> Result<Vec<u8>, HashError> {
    let mut key = vec![0; settings.key_length];
    Argon2::new(algorithm, Version::V0x13, params(settings)?)
        .hash_password_into(password.as_bytes(), salt, &mut key)
        .map_err(|_| HashError::Failed)?;
    Ok(key)
}
