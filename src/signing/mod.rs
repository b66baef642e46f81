//! Signed tokens (JWT) and the keys that sign them (JWK).
//!
//! A key says itself which algorithm it is for, and is used for no other. No private part of a key
//! is ever shown: not by `Debug`, not in an error.

mod jwk;
mod key;
mod token;

pub use key::{Algorithm, KeyError, SigningKey};
pub use token::SignError;

#[cfg(test)]
mod tests;
