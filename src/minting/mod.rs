//! Who is asking, told to applications: in headers, and signed in a JWT that they can verify with
//! the keys that are published beside it.
//!
//! [`Introduction`] is what goes with one request, for every door that lets requests through.
//! A token is made once for a session and an audience, kept for a part of its life, and never
//! outlives the session. Nothing that a person can write into their own profile stands where a
//! claim of the gateway's stands.

mod introduction;
mod keys;
mod minter;

use std::time::Duration;

use http::HeaderName;

pub use introduction::{Introduction, names};
pub use minter::Minter;

/// Claims that say who vouches for what: nobody else may set them.
pub const RESERVED: [&str; 15] = [
    "iss",
    "aud",
    "sub",
    "iat",
    "nbf",
    "exp",
    "jti",
    "sid",
    "aal",
    "acr",
    "amr",
    "auth_time",
    "azp",
    "cnf",
    "act",
];

/// `upstream_identity.jwt`, but for its keys.
#[derive(Clone, Debug)]
pub struct Config {
    /// The header that the token goes in. In `Authorization` it stands behind `Bearer`.
    pub header: HeaderName,
    /// `iss`.
    pub issuer: Box<str>,
    /// `aud`; `None`: the upstream's name.
    pub audience: Option<Box<str>>,
    /// Longest life of a token.
    pub ttl: Duration,
}

#[cfg(test)]
mod tests;
