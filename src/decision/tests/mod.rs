//! Questions of proxies in front, before an identity service that says what it is told.

mod bad_questions;
#[cfg(feature = "ext-authz")]
mod ext_authz;
mod nginx_answer;
mod world;
