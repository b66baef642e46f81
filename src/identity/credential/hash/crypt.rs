//! The `crypt(3)` forms: MD5, SHA-256 and SHA-512 in many rounds.

use md5::Md5;
use sha2::Digest as _;
use subtle::ConstantTimeEq;

use super::HashError;

/// A second of work or so; `crypt(3)` itself knows no limit.
const MAX_ROUNDS: u32 = 1_000_000;
const MAX_SALT_BYTES: usize = 16;
const MD5_ROUNDS: u32 = 1000;
const MD5_SALT_BYTES: usize = 8;
const LETTERS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Which bytes of a digest stand together; past the end stands a zero.
const MD5_ORDER: [[usize; 3]; 6] = [
    [0, 6, 12],
    [1, 7, 13],
    [2, 8, 14],
    [3, 9, 15],
    [4, 10, 5],
    [NONE, NONE, 11],
];
const NONE: usize = usize::MAX;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    Md5,
    Sha256,
    Sha512,
}

pub(super) struct Crypt<'a> {
    variant: Variant,
    rounds: Option<sha_crypt::Params>,
    salt: &'a str,
    digest: &'a str,
}

impl<'a> Crypt<'a> {
    /// Reads `[rounds=N$]salt$digest`, split at `$`.
    pub(super) fn parse(variant: Variant, parts: &[&'a str]) -> Result<Self, HashError> {
        let (rounds, salt, digest) = match *parts {
            [salt, digest] => (None, salt, digest),
            [rounds, salt, digest] if variant != Variant::Md5 => {
                let rounds = rounds.strip_prefix("rounds=").ok_or(HashError::Malformed)?;
                let rounds: u32 = rounds.parse().map_err(|_| HashError::Malformed)?;
                if rounds > MAX_ROUNDS {
                    return Err(HashError::TooCostly);
                }
                let rounds = sha_crypt::Params::new(rounds).map_err(|_| HashError::Malformed)?;
                (Some(rounds), salt, digest)
            }
            _ => return Err(HashError::Malformed),
        };
        let (letters, salt_bytes) = match variant {
            Variant::Md5 => (22, MD5_SALT_BYTES),
            Variant::Sha256 => (43, MAX_SALT_BYTES),
            Variant::Sha512 => (86, MAX_SALT_BYTES),
        };
        let known = |byte: u8| LETTERS.contains(&byte);
        if digest.len() != letters || !digest.bytes().all(known) || salt.len() > salt_bytes {
            return Err(HashError::Malformed);
        }
        Ok(Self {
            variant,
            rounds,
            salt,
            digest,
        })
    }

    pub(super) fn verify(&self, password: &str) -> bool {
        let (password, salt) = (password.as_bytes(), self.salt.as_bytes());
        let rounds = self.rounds.unwrap_or_default();
        let mut made = match self.variant {
            Variant::Md5 => written(&md5_crypt(password, salt), MD5_ORDER.into_iter()),
            Variant::Sha256 => {
                let digest = sha_crypt::sha256_crypt(password, salt, rounds);
                written(&digest, sha256_order())
            }
            Variant::Sha512 => {
                let digest = sha_crypt::sha512_crypt(password, salt, rounds);
                written(&digest, sha512_order())
            }
        };
        made.truncate(self.digest.len());
        made.ct_eq(self.digest.as_bytes()).into()
    }
}

fn sha256_order() -> impl Iterator<Item = [usize; 3]> {
    let next = |[a, b, c]: &[usize; 3]| Some([c + 1, a + 1, b + 1]);
    let first = std::iter::successors(Some([0, 10, 20]), next).take(10);
    first.chain([[NONE, 31, 30]])
}

fn sha512_order() -> impl Iterator<Item = [usize; 3]> {
    let next = |[a, b, c]: &[usize; 3]| Some([b + 1, c + 1, a + 1]);
    let first = std::iter::successors(Some([0, 21, 42]), next).take(21);
    first.chain([[NONE, NONE, 63]])
}

/// Three bytes as four letters, the last bits first; the caller cuts what is too much.
fn written(digest: &[u8], order: impl Iterator<Item = [usize; 3]>) -> Vec<u8> {
    let byte = |at: usize| u32::from(digest.get(at).copied().unwrap_or(0));
    let letters = order.flat_map(|[high, middle, low]| {
        let bits = byte(high) << 16 | byte(middle) << 8 | byte(low);
        [0, 6, 12, 18].map(|shift| {
            let at = usize::try_from(bits >> shift & 63).unwrap_or(0);
            LETTERS.get(at).copied().unwrap_or(b'.')
        })
    });
    letters.collect()
}

fn md5_crypt(password: &[u8], salt: &[u8]) -> Vec<u8> {
    let both = Md5::new().chain_update(password).chain_update(salt);
    let both = both.chain_update(password).finalize();
    let mut first = Md5::new();
    first.update(password);
    first.update(b"$1$");
    first.update(salt);
    first.update(
        both.iter()
            .cycle()
            .take(password.len())
            .copied()
            .collect::<Vec<u8>>(),
    );
    let mut bits = password.len();
    while bits > 0 {
        if bits & 1 == 1 {
            first.update([0]);
        } else {
            first.update(password.get(..1).unwrap_or_default());
        }
        bits >>= 1;
    }
    let mut digest = first.finalize().to_vec();
    for round in 0..MD5_ROUNDS {
        let mut next = Md5::new();
        let odd = round & 1 == 1;
        next.update(if odd { password } else { &digest });
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(if odd { &digest } else { password });
        digest = next.finalize().to_vec();
    }
    digest
}
