//! The composition root: the only place that knows every room.
//!
//! [`start`] puts the rooms together and returns a [`Running`] gateway; [`serve`] runs one until
//! the system asks it to stop. There are two kinds of runtime: one thread with a runtime of its own
//! per core for the proxy, and one multi-threaded service runtime for everything that talks to
//! databases and to the identity service.

mod admin_client;
mod certificates;
mod decisions;
pub mod demo;
mod embedded;
mod error;
mod form_targets;
mod identity;
mod kept_in_database;
mod local;
mod options;
mod own_pages;
mod places;
mod resuming;
mod rules;
mod running;
mod serve;
mod signals;
mod stand_alone;
mod start;
mod tasks;
mod tokens;
mod web_listener;

pub use admin_client::{AdminClient, AdminError, AdminPage};
pub use error::StartError;
pub use options::{BankOptions, DemoOptions, ServeOptions};
pub use running::{Door, Running};
pub use serve::{demo, demo_bank, serve};
pub use stand_alone::serve_identity;
pub use start::{Surroundings, start};
