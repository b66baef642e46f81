//! Signed tokens (JWT) and the keys that sign them (JWK).
//!
//! A key says itself which algorithm it is for, and is used for no other. No private part of a key
//! is ever shown: not by `Debug`, not in an error.

mod jwk;
mod key;
mod pem;
mod token;
mod verify;

pub use key::{Algorithm, KeyError, SigningKey};
pub use pem::PemError;
pub use token::SignError;
pub use verify::{ASYMMETRIC, VerifyingKey};

#[cfg(test)]
mod tests;
