//! Plumbing that the doors of the identity service share: who is asking, bodies, cookies,
//! tokens against forged requests, cross-origin rules. Knows nothing of flows.

mod body;
mod client;
pub mod cors;
pub mod csrf;
mod negotiate;
mod query;
mod set_cookie;

pub use body::{BODY_LIMIT_BYTES, BodyError, Fields};
pub use client::Client;
pub use negotiate::{is_json_request, prefers_json};
pub use query::Query;
pub use set_cookie::SetCookie;
