//! Door 4: health, version, rules and sessions for operators.

mod config;

pub use config::Config;
