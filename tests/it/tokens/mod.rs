//! Tokens that come in as credentials, and tokens that go out to applications.

mod attacks;
mod issuer;
mod keys;
mod outgoing;
mod rotation;
mod rules;
mod vectors;
