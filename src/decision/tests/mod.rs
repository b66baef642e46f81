//! Questions of proxies in front, before an identity service that says what it is told.

mod bad_questions;
mod world;
