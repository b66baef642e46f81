//! Tokens that come in as credentials, and tokens that go out to applications.

mod attacks;
mod http2;
mod issuer;
mod keys;
mod mistakes;
mod outgoing;
mod rotation;
mod rules;
mod vectors;
