//! Door 2: the decision for proxies of others. A proxy in front asks about each request before it
//! forwards it, over HTTP ([`ForwardAuth`]) or gRPC, and gets the answer that Stepgate's own proxy
//! would give: the same canonical request, the same rules, the same words.
//!
//! The room knows no listener: whoever has one hands in heads and hands out answers.

mod allowed;
mod asked;
mod asking;
mod config;
mod decider;
#[cfg(feature = "ext-authz")]
mod ext_authz;
mod forward_auth;
mod logged;
mod original_headers;
mod original_url;
mod parts_of_request;
mod reply;
mod route;
mod unread;
mod voice;
mod way;

pub use asked::{Asked, Decision};
pub use asking::Asking;
pub use config::{Config, Limits, OwnPlace};
pub use decider::{Decider, Parts};
#[cfg(feature = "ext-authz")]
pub use ext_authz::{AnswerBody, ExtAuthz, read_question};
pub use forward_auth::{ForwardAuth, original_request};
pub use logged::Question;
pub use original_headers::{Front, original_headers};
pub use parts_of_request::client_address;
pub use unread::Unread;
pub use way::Way;

pub use crate::telemetry::Door;

#[cfg(test)]
mod tests;
