//! The walk that every door takes with a request: find its rule, resolve its credential where the
//! rule needs one, decide, and say what the client gets.
//!
//! [`Checker::check`] is the one entry; [`Answer`] is a reply in no protocol's words, which a door
//! puts into its own.

mod answer;
mod audited;
mod checker;
mod client;
mod client_certificates;
mod config;
mod cookies;
mod error_id;
mod facts;
mod foresight;
mod forwarded;
mod head;
mod keep;
mod limiting;
mod logged;
mod loop_guard;
mod objection;
mod page;
mod preflight;
mod refusing;
mod render;
mod return_to;
mod strip;
mod walk;

pub use answer::{Answer, Body, Destination, Redirects};
pub use audited::{audit_refused, audit_unread};
pub use checker::{Checker, Forward, Inquiry, Preflighted, Refusal, Verdict};
pub use client::Client;
pub use client_certificates::is_certificate_header;
pub use config::{Config, IdentityBase};
pub use cookies::{
    guard_set_cookies, is_session_token, join_cookies, joined_cookies, other_cookies, sets_session,
    strip_cookies,
};
pub use error_id::ErrorId;
pub use facts::Facts;
pub use foresight::{Answers, Foreseen, foresee, foresee_ambiguous};
pub use forwarded::{
    ForwardedFamily, Hearsay, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO, forwarded_for,
    forwarded_scheme, hearsay,
};
pub use head::{MethodFault, read_host, read_method, read_target};
pub use keep::{Keep, Resuming};
pub use logged::{log_asked, log_decided};
pub use loop_guard::LOOP_GUARD_COOKIE;
pub use objection::{Permitted, objection};
pub use page::{Explanation, Keeping, Page};
pub use render::render_static;
pub use strip::{Lifted, Strip};

pub use crate::telemetry::Decided;

#[cfg(test)]
mod tests;
