//! Questions of proxies in front, before an identity service that says what it is told.

mod agreement;
mod answers;
mod bad_questions;
#[cfg(feature = "ext-authz")]
mod ext_authz;
mod headers;
mod nginx;
mod nginx_answer;
mod world;
