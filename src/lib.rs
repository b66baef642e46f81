//! Stepgate, an authentication gateway: a reverse proxy that knows from a Kratos-style session who
//! asks and how strongly they proved it, and enforces per route what is required.
//!
//! The modules stand in floor order: each imports only from floors below it. `ARCHITECTURE.md`
//! has the map; a test holds it.

// Floor 0: words that everyone uses.
pub mod aal;
pub mod clock;
pub mod cookies;
pub mod document;
pub mod expression;
#[cfg(feature = "identity")]
pub mod jsonnet;
pub mod locale;
pub mod rate;
pub mod secret;
pub mod signing;
pub mod telemetry;

// Floor 1: pure.
pub mod contract;
#[cfg(feature = "identity")]
pub mod identity;
pub mod keyring;
pub mod policy;

// Floor 2: rules from files, sessions from the identity service, rows from the database, tokens of
// others.
pub mod bearer;
pub mod outbound;
pub mod rules;
#[cfg(feature = "identity")]
pub mod store;
pub mod whoami;

// Floor 3: the shared walk, mail, and the plumbing of doors.
pub mod audit;
pub mod authz;
#[cfg(feature = "identity")]
pub mod courier;
pub mod minting;
pub mod pages;
pub mod resume;
pub mod streams;
#[cfg(feature = "identity")]
pub mod web;

// Floor 4: what people do with their identity; decisions tried out with nobody there.
#[cfg(feature = "identity")]
pub mod flows;
pub mod rehearsal;

// Floor 5: the doors. None imports another.
pub mod admin;
pub mod decision;
pub mod gateway;
pub mod layer;
#[cfg(feature = "identity")]
pub mod selfservice;

// Floors 6 to 8: the sum of configurations, the composition root, the command line.
pub mod app;
pub mod cli;
pub mod config;
