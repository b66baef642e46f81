//! Rules from files: YAML to a checked rule set, kept current.

mod config;
mod upstream_settings;

pub use config::Config;
pub use upstream_settings::UpstreamSettings;
