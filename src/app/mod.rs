//! The composition root: the only place that knows every room.
//!
//! [`start`] puts the rooms together and returns a [`Running`] gateway; [`serve`] runs one until
//! the system asks it to stop. There are two kinds of runtime: one thread with a runtime of its own
//! per core for the proxy, and one multi-threaded service runtime for everything that talks to
//! databases and to the identity service.

mod admin_client;
mod certificates;
mod decisions;
#[cfg(feature = "identity")]
pub mod demo;
#[cfg(feature = "identity")]
mod embedded;
mod error;
mod form_targets;
mod identity;
#[cfg(feature = "identity")]
mod kept_in_database;
mod local;
mod metrics;
mod options;
#[cfg(feature = "identity")]
mod own;
#[cfg(not(feature = "identity"))]
#[path = "no_own.rs"]
mod own;
mod own_pages;
#[cfg(feature = "identity")]
mod places;
mod resuming;
mod rules;
mod running;
mod serve;
mod signals;
#[cfg(feature = "identity")]
mod stand_alone;
mod start;
mod tasks;
mod tokens;
mod web_listener;

pub use admin_client::{AdminClient, AdminError, AdminPage};
pub use error::StartError;
pub use options::{BankOptions, DemoOptions, ServeOptions};
pub use own::Mailbox;
#[cfg(not(feature = "identity"))]
pub use own::{demo, demo_bank, serve_identity};
pub use running::{Door, Running};
pub use serve::serve;
pub use start::{Surroundings, start};
#[cfg(feature = "identity")]
pub use {demo::run as demo, demo::run_bank as demo_bank, stand_alone::serve_identity};
