//! Password hashes: Argon2 and bcrypt, in the spellings that Kratos reads and writes.
//!
//! Costly on purpose (tens of milliseconds): call these where blocking is allowed.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;

use crate::identity::settings::{Argon2Settings, HasherAlgorithm, Hashers};

/// The most memory an accepted Argon2 hash may ask for: 1 GiB.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_ITERATIONS: u32 = 10;
const MAX_PARALLELISM: u32 = 16;
const MIN_BCRYPT_COST: u32 = 4;
const MAX_BCRYPT_COST: u32 = 15;

/// Why a hash cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum HashError {
    /// The prefix is unknown.
    #[error("the hash algorithm is not supported")]
    Unsupported,
    /// It does not read as the algorithm says.
    #[error("the hash does not have the form of its algorithm")]
    Malformed,
    /// Checking it would take too much work or memory.
    #[error("the hash asks for too much work or memory")]
    TooCostly,
    /// The algorithm refused to work.
    #[error("the hash could not be computed")]
    Failed,
}

enum Parsed<'a> {
    Argon2(Phc<'a>),
    Bcrypt(String),
}

struct Phc<'a> {
    algorithm: Algorithm,
    settings: Argon2Settings,
    salt: &'a str,
    key: &'a str,
}

/// Hashes a password as configured.
///
/// # Errors
/// [`HashError::Failed`] when the configured costs are impossible.
pub fn make(password: &str, hashers: &Hashers) -> Result<String, HashError> {
    match hashers.algorithm {
        HasherAlgorithm::Argon2 => {
            let settings = hashers.argon2;
            let salt: Vec<u8> = std::iter::repeat_with(rand::random)
                .take(settings.salt_length)
                .collect();
            let key = argon2(Algorithm::Argon2id, settings, password, &salt)?;
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
        HasherAlgorithm::Bcrypt => {
            bcrypt::hash(password, hashers.bcrypt.cost).map_err(|_| HashError::Failed)
        }
    }
}

/// Whether a password is the one that was hashed.
///
/// # Errors
/// When the hash cannot be used.
pub fn verify(password: &str, hash: &str) -> Result<bool, HashError> {
    match parse(hash)? {
        Parsed::Argon2(phc) => {
            let decode = |text| {
                STANDARD_NO_PAD
                    .decode(text)
                    .map_err(|_| HashError::Malformed)
            };
            let (salt, expected) = (decode(phc.salt)?, decode(phc.key)?);
            let mut settings = phc.settings;
            settings.key_length = expected.len();
            let key = argon2(phc.algorithm, settings, password, &salt)?;
            Ok(key.ct_eq(&expected).into())
        }
        Parsed::Bcrypt(hash) => bcrypt::verify(password, &hash).map_err(|_| HashError::Malformed),
    }
}

/// Whether a hash that an administrator brings can be used.
///
/// # Errors
/// Why it cannot.
pub fn check(hash: &str) -> Result<(), HashError> {
    match parse(hash)? {
        Parsed::Argon2(phc) => {
            let decodes = |text: &str| STANDARD_NO_PAD.decode(text).is_ok_and(|one| one.len() >= 4);
            if decodes(phc.salt) && decodes(phc.key) {
                Ok(())
            } else {
                Err(HashError::Malformed)
            }
        }
        Parsed::Bcrypt(_) => Ok(()),
    }
}

/// Whether a hash should be replaced by a new one at the next login: it is of another algorithm
/// than the configured one.
#[must_use]
pub fn is_outdated(hash: &str, hashers: &Hashers) -> bool {
    match (parse(hash), hashers.algorithm) {
        (Ok(Parsed::Argon2(phc)), HasherAlgorithm::Argon2) => phc.algorithm != Algorithm::Argon2id,
        (Ok(Parsed::Bcrypt(_)), HasherAlgorithm::Bcrypt) => false,
        (Ok(_) | Err(_), HasherAlgorithm::Argon2 | HasherAlgorithm::Bcrypt) => true,
    }
}

fn argon2(
    algorithm: Algorithm,
    settings: Argon2Settings,
    password: &str,
    salt: &[u8],
) -> Result<Vec<u8>, HashError> {
    let Argon2Settings {
        memory_kib,
        iterations,
        parallelism,
        key_length,
        ..
    } = settings;
    let params = Params::new(memory_kib, iterations, parallelism, Some(key_length))
        .map_err(|_| HashError::Failed)?;
    let mut key = vec![0; key_length];
    Argon2::new(algorithm, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut key)
        .map_err(|_| HashError::Failed)?;
    Ok(key)
}

fn parse(hash: &str) -> Result<Parsed<'_>, HashError> {
    let parts: Vec<&str> = hash.split('$').collect();
    match parts.as_slice() {
        ["", "argon2id", version, costs, salt, key] => {
            phc(Algorithm::Argon2id, version, costs, salt, key)
        }
        ["", "argon2i", version, costs, salt, key] => {
            phc(Algorithm::Argon2i, version, costs, salt, key)
        }
        ["", "2" | "2a" | "2b" | "2y" | "2z", cost, rest] => bcrypt_of(cost, rest),
        _ => Err(HashError::Unsupported),
    }
}

fn phc<'a>(
    algorithm: Algorithm,
    version: &str,
    costs: &str,
    salt: &'a str,
    key: &'a str,
) -> Result<Parsed<'a>, HashError> {
    if version != "v=19" {
        return Err(HashError::Malformed);
    }
    let cost = |name: &str| -> Result<u32, HashError> {
        costs
            .split(',')
            .find_map(|one| one.strip_prefix(name))
            .and_then(|number| number.parse().ok())
            .ok_or(HashError::Malformed)
    };
    let (memory_kib, iterations, parallelism) = (cost("m=")?, cost("t=")?, cost("p=")?);
    let bounded = memory_kib <= MAX_MEMORY_KIB
        && iterations <= MAX_ITERATIONS
        && parallelism <= MAX_PARALLELISM;
    if !bounded {
        return Err(HashError::TooCostly);
    }
    let settings = Argon2Settings {
        memory_kib,
        iterations,
        parallelism,
        ..Argon2Settings::default()
    };
    Ok(Parsed::Argon2(Phc {
        algorithm,
        settings,
        salt,
        key,
    }))
}

/// bcrypt in one spelling: the variants differ for passwords that no current library hashes.
fn bcrypt_of(cost: &str, rest: &str) -> Result<Parsed<'static>, HashError> {
    let number: u32 = cost.parse().map_err(|_| HashError::Malformed)?;
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/';
    if cost.len() != 2 || rest.len() != 53 || !rest.bytes().all(letters) {
        return Err(HashError::Malformed);
    }
    if !(MIN_BCRYPT_COST..=MAX_BCRYPT_COST).contains(&number) {
        return Err(HashError::TooCostly);
    }
    Ok(Parsed::Bcrypt(format!("$2b${cost}${rest}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::settings::BcryptSettings;

    /// "imported-Secret-5", made by another program.
    const BCRYPT: &str = "$2b$04$OlqGDrfdfkiQnM83NKaB7ejgtVTgGMtI/6d9cLD8USfWhs.gtRG0S";

    fn quick(algorithm: HasherAlgorithm) -> Hashers {
        Hashers {
            algorithm,
            argon2: Argon2Settings {
                memory_kib: 64,
                iterations: 1,
                ..Argon2Settings::default()
            },
            bcrypt: BcryptSettings { cost: 4 },
        }
    }

    #[test]
    fn a_hash_fits_its_password_only_and_differs_each_time() {
        for algorithm in [HasherAlgorithm::Argon2, HasherAlgorithm::Bcrypt] {
            let hashers = quick(algorithm);
            let hash = make("correct horse", &hashers).unwrap();
            assert!(verify("correct horse", &hash).unwrap(), "{hash}");
            assert!(!verify("correct horsf", &hash).unwrap());
            assert_ne!(make("correct horse", &hashers).unwrap(), hash);
            assert_eq!(check(&hash), Ok(()));
        }
    }

    #[test]
    fn the_default_is_argon2id_with_19_mebibytes() {
        let hash = make("x", &Hashers::default()).unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
    }

    #[test]
    fn hashes_of_other_programs_are_read() {
        for prefix in ["$2b$", "$2a$", "$2y$", "$2z$", "$2$"] {
            let hash = BCRYPT.replace("$2b$", prefix);
            assert!(verify("imported-Secret-5", &hash).unwrap(), "{prefix}");
            assert!(!verify("imported-Secret-6", &hash).unwrap());
        }
        // From the reference implementation's test vectors.
        let argon2i = "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ\
                       $wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA";
        assert!(verify("password", argon2i).unwrap());
    }

    #[test]
    fn hashes_that_cannot_be_used_are_told_apart() {
        let long = "$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHQ$AAAAAAAA";
        for (hash, error) in [
            ("plain", HashError::Unsupported),
            ("$6$salt$hash", HashError::Unsupported),
            (
                "$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAA",
                HashError::Malformed,
            ),
            (
                "$argon2id$v=19$m=64,t=1$c29tZXNhbHQ$AAAAAAAA",
                HashError::Malformed,
            ),
            (
                "$argon2id$v=19$m=64,t=1,p=1$!$AAAAAAAA",
                HashError::Malformed,
            ),
            ("$2b$04$short", HashError::Malformed),
            (long, HashError::TooCostly),
            (&BCRYPT.replace("$04$", "$16$"), HashError::TooCostly),
        ] {
            assert_eq!(check(hash), Err(error), "{hash}");
        }
    }

    #[test]
    fn a_hash_of_another_algorithm_is_outdated() {
        let hashers = quick(HasherAlgorithm::Argon2);
        assert!(is_outdated(BCRYPT, &hashers));
        assert!(!is_outdated(&make("x", &hashers).unwrap(), &hashers));
        assert!(!is_outdated(BCRYPT, &quick(HasherAlgorithm::Bcrypt)));
    }
}
