//! Password hashes: Argon2 and bcrypt, which are made here, and every form that Kratos imports.
//!
//! Costly on purpose (tens of milliseconds): call these where blocking is allowed. A hash that asks
//! for too much work is refused when it is brought and again when it is used.

mod argon;
mod crypt;
mod derived;
mod digest;
#[cfg(test)]
mod tests;

use argon2::Algorithm;

use argon::Phc;
use crypt::{Crypt, Variant};
use derived::{Pbkdf2, Prf, Scrypt};
use digest::{Digest, Function};

use crate::identity::settings::{HasherAlgorithm, Hashers};

const MIN_BCRYPT_COST: u32 = 4;
const MAX_BCRYPT_COST: u32 = 15;
/// The longest hash that is read: the longest form has 300 characters or so.
const MAX_HASH_BYTES: usize = 2048;
/// The most bytes of a password that are hashed: some forms take work that grows with its square.
const MAX_PASSWORD_BYTES: usize = 4096;

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
    Argon2(Phc),
    Bcrypt(String),
    Pbkdf2(Pbkdf2),
    Scrypt(Scrypt),
    Crypt(Crypt<'a>),
    Digest(Digest<'a>),
}

/// Hashes a password as configured.
///
/// # Errors
/// [`HashError::Failed`] when the configured costs are impossible.
pub fn make(password: &str, hashers: &Hashers) -> Result<String, HashError> {
    match hashers.algorithm {
        HasherAlgorithm::Argon2 => argon::make(password, hashers.argon2),
        HasherAlgorithm::Bcrypt => {
            bcrypt::hash(password, hashers.bcrypt.cost).map_err(|_| HashError::Failed)
        }
    }
}

/// Whether a password is the one that was hashed. One that is longer than any that was ever set
/// is not, after the same work.
///
/// # Errors
/// When the hash cannot be used.
pub fn verify(password: &str, hash: &str) -> Result<bool, HashError> {
    let whole = password.len() <= MAX_PASSWORD_BYTES;
    let hashed = password.get(..password.floor_char_boundary(MAX_PASSWORD_BYTES));
    let password = hashed.unwrap_or_default();
    let fits = match parse(hash)? {
        Parsed::Argon2(phc) => phc.verify(password)?,
        Parsed::Bcrypt(hash) => {
            bcrypt::verify(password, &hash).map_err(|_| HashError::Malformed)?
        }
        Parsed::Pbkdf2(pbkdf2) => pbkdf2.verify(password),
        Parsed::Scrypt(scrypt) => scrypt.verify(password)?,
        Parsed::Crypt(crypt) => crypt.verify(password),
        Parsed::Digest(digest) => digest.verify(password),
    };
    Ok(fits && whole)
}

/// Whether a hash that an administrator brings can be used.
///
/// # Errors
/// Why it cannot.
pub fn check(hash: &str) -> Result<(), HashError> {
    parse(hash).map(|_| ())
}

/// Whether a hash should be replaced by a new one at the next login: it is of another algorithm
/// than the configured one.
#[must_use]
pub fn is_outdated(hash: &str, hashers: &Hashers) -> bool {
    match (parse(hash), hashers.algorithm) {
        (Ok(Parsed::Argon2(phc)), HasherAlgorithm::Argon2) => !phc.is_current(),
        (Ok(Parsed::Bcrypt(_)), HasherAlgorithm::Bcrypt) => false,
        (Ok(_) | Err(_), HasherAlgorithm::Argon2 | HasherAlgorithm::Bcrypt) => true,
    }
}

/// The memory that checking a hash takes, in KiB; zero where it does not matter.
#[must_use]
pub fn memory_kib(hash: &str) -> u32 {
    match parse(hash) {
        Ok(Parsed::Argon2(phc)) => phc.memory_kib(),
        Ok(Parsed::Scrypt(scrypt)) => scrypt.memory_kib(),
        Ok(Parsed::Bcrypt(_) | Parsed::Pbkdf2(_) | Parsed::Crypt(_) | Parsed::Digest(_))
        | Err(_) => 0,
    }
}

fn parse(hash: &str) -> Result<Parsed<'_>, HashError> {
    if hash.len() > MAX_HASH_BYTES {
        return Err(HashError::Malformed);
    }
    for (prefix, function) in [
        ("{SSHA}", Function::Sha1),
        ("{SSHA256}", Function::Sha256),
        ("{SSHA512}", Function::Sha512),
    ] {
        if let Some(both) = hash.strip_prefix(prefix).filter(|both| !both.is_empty()) {
            return Ok(Parsed::Digest(Digest::Salted(function, both)));
        }
    }
    let parts: Vec<&str> = hash.split('$').collect();
    match *parts.as_slice() {
        ["", "argon2id", version, costs, salt, key] => {
            Phc::parse(Algorithm::Argon2id, [version, costs, salt, key]).map(Parsed::Argon2)
        }
        ["", "argon2i", version, costs, salt, key] => {
            Phc::parse(Algorithm::Argon2i, [version, costs, salt, key]).map(Parsed::Argon2)
        }
        ["", "2" | "2a" | "2b" | "2y" | "2z", cost, rest] => bcrypt_of(cost, rest),
        ["", "scrypt", costs, salt, key] => Scrypt::parse([costs, salt, key]).map(Parsed::Scrypt),
        ["", "firescrypt", costs, salt, hash, separator, signer] => {
            Scrypt::parse_firebase([costs, salt, hash, separator, signer]).map(Parsed::Scrypt)
        }
        ["", "md5-crypt", ref rest @ ..] => Crypt::parse(Variant::Md5, rest).map(Parsed::Crypt),
        ["", "sha256-crypt", ref rest @ ..] => {
            Crypt::parse(Variant::Sha256, rest).map(Parsed::Crypt)
        }
        ["", "sha512-crypt", ref rest @ ..] => {
            Crypt::parse(Variant::Sha512, rest).map(Parsed::Crypt)
        }
        ["", name, ref rest @ ..] => named(name, rest),
        _ => Err(HashError::Unsupported),
    }
}

/// The forms whose name tells a hash function.
fn named<'a>(name: &str, rest: &[&'a str]) -> Result<Parsed<'a>, HashError> {
    if let Some(name) = name.strip_prefix("pbkdf2-") {
        let prf = match name {
            "sha1" => Prf::Sha1,
            "sha224" => Prf::Sha224,
            "sha256" => Prf::Sha256,
            "sha384" => Prf::Sha384,
            "sha512" => Prf::Sha512,
            _ => return Err(HashError::Unsupported),
        };
        let &[costs, salt, key] = rest else {
            return Err(HashError::Malformed);
        };
        return Pbkdf2::parse(prf, [costs, salt, key]).map(Parsed::Pbkdf2);
    }
    if let Some(name) = name.strip_prefix("hmac-") {
        let function = Function::parse(name).ok_or(HashError::Unsupported)?;
        let &[digest, key] = rest else {
            return Err(HashError::Malformed);
        };
        return Ok(Parsed::Digest(Digest::Keyed {
            function,
            digest,
            key,
        }));
    }
    let function = match name {
        "md5" => Function::Md5,
        "sha1" => Function::Sha1,
        "sha256" => Function::Sha256,
        "sha512" => Function::Sha512,
        _ => return Err(HashError::Unsupported),
    };
    match *rest {
        [digest] if name == "md5" => Ok(Parsed::Digest(Digest::Bare(function, digest))),
        [pattern, salt, digest] => {
            let pattern = pattern.strip_prefix("pf=").ok_or(HashError::Malformed)?;
            Ok(Parsed::Digest(Digest::Pattern {
                function,
                pattern,
                salt,
                digest,
            }))
        }
        _ => Err(HashError::Malformed),
    }
}

/// One of the numbers in `a=1,b=2`, each of which may stand once.
fn cost(costs: &str, name: &str) -> Result<u32, HashError> {
    let mut found = costs.split(',').filter_map(|one| one.strip_prefix(name));
    let (Some(number), None) = (found.next(), found.next()) else {
        return Err(HashError::Malformed);
    };
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HashError::Malformed);
    }
    // Digits that do not fit are a number all the same, and too large.
    number.parse().map_err(|_| {
        if number.is_empty() {
            HashError::Malformed
        } else {
            HashError::TooCostly
        }
    })
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
