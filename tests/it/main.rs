//! The integration tests: the product over real sockets.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and runs real programs in real time"
)]

mod answers;
mod audit;
mod browser;
mod commands;
mod conditions;
mod corpora;
mod crash;
mod demo;
mod documents;
#[cfg(feature = "ext-authz")]
mod ext_authz;
mod faults;
mod forward_auth;
mod fronts;
mod gateway;
mod identity;
mod import;
mod layer;
mod mail;
mod matching;
mod metrics;
mod native;
mod operator;
mod policy_tools;
mod readings;
mod requirements;
mod resume;
mod serving;
mod sessions;
mod sidecar;
mod streams;
mod support;
mod systemd;
mod tidy;
mod tokens;
mod vectors;
mod whoami;
