//! The decision for programs: a [`tower`] layer that a service puts in front of itself.
//!
//! A [`Gate`] is the proxy's decision without the proxy: the same rules, the same session check, the
//! same answers. [`GateLayer`] puts it in front of any service that speaks `http` types, such as an
//! axum router or a hyper service; [`Gate::check`] is for everything else.
//!
//! ```no_run
//! use stepgate::layer::{Gate, GateLayer, Verified};
//! use axum::{Extension, Router, routing::get};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let rules = "
//! rules:
//! - { id: public, match: { path: / }, required_aal: none }
//! - { id: account, match: { path: /account/** }, required_aal: aal1 }
//! - { id: transfer, match: { path: /transfer/** }, required_aal: aal2, max_age: 10m }
//! ";
//! let gate = Gate::behind_kratos("http://127.0.0.1:4433")?
//!     .public_url("https://bank.example.com")
//!     .rules_text("rules.yaml", rules)
//!     .start(tokio::runtime::Handle::current())?;
//! let account = |Extension(who): Extension<Verified>| async move {
//!     format!("hello {}", who.identity_id())
//! };
//! let app: Router = Router::new()
//!     .route("/account", get(account))
//!     .layer(GateLayer::new(gate));
//! # Ok(())
//! # }
//! ```
//!
//! What a rule changes on the way of a request (rewrites, header changes, answers of its own,
//! kept bodies) is the proxy's work: a gate does not start with rules that ask for it.

mod builder;
mod gate;
#[cfg(feature = "pingora")]
pub mod pingora;
mod service;
mod verified;

pub use builder::{GateBuilder, GateError};
pub use gate::{Connection, Gate, Passed, Refused};
pub use service::{GateLayer, GateService};
pub use verified::Verified;
