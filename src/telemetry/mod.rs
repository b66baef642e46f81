//! Logs and the access log.

mod access_entry;
mod access_log;
mod config;
mod door;
mod log;
mod request_id;
#[cfg(test)]
mod tests;

pub use access_entry::{AccessEntry, Who};
pub use access_log::{AccessLog, AccessLogError, AccessLogWriter};
pub use config::{AccessLogConfig, AccessLogOutput, Config, LogConfig, LogFormat, LogLevel};
pub use door::Door;
pub use log::{LogError, LogGuard, LogOutput, announce_listening, announce_ready, start_log};
pub use request_id::is_plain_request_id;
