//! Rules from files: YAML to a checked rule set, kept current.
//!
//! [`load`] reads files and tells every problem at once; [`RuleStore`] holds the generation that
//! requests are judged by; [`Reloader`] replaces it when files change, all or nothing.

mod check;
mod compile;
mod config;
mod context;
mod endpoint;
mod load;
mod networks;
mod raw;
mod reload;
mod store;
#[cfg(test)]
mod tests;
mod upstream_settings;
mod variable;
mod watch;

pub use config::Config;
pub use context::{Context, Reserved, SessionReach, Strips, Variables};
pub use load::{compile, holds_cases, load};
pub use networks::NetworkSets;
pub use reload::Reloader;
pub use store::{Reload, ReloadOutcome, Reloads, RuleStore};
pub use upstream_settings::UpstreamSettings;
pub use variable::variable_of;
pub use watch::{Watch, WatchError, watch, watch_files};
