//! Tokens of other issuers as a credential: a JWT says itself who its bearer is.
//!
//! [`Bearer`] stands where the identity service stands and answers for such tokens itself; nobody
//! is asked but, now and then, the issuer for its keys. A token passes only if everything about it
//! is plain: how it is written ([`Jws::parse`]), whose key signed it, whom it is for and when.

mod claims;
mod config;
mod keys;
mod level;
mod service;
mod session;
mod token;
mod unknown;

pub use claims::ClaimError;
pub use config::{Issuer, KeySource, SubjectSource};
pub use service::{Bearer, NoKeys};
pub use token::{Jws, Malformed};

#[cfg(test)]
mod tests;
