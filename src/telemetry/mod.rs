//! Logs, the access log and metrics.

mod access_entry;
mod access_log;
mod config;
mod decided;
mod door;
mod log;
mod metrics;
mod queue;
mod request_id;
#[cfg(test)]
mod tests;

pub use access_entry::{AccessEntry, Who};
pub use access_log::{AccessLog, AccessLogError, AccessLogWriter};
pub use config::{AccessLogConfig, AccessLogOutput, Config, LogConfig, LogFormat, LogLevel};
pub use decided::Decided;
pub use door::Door;
pub use log::{LogError, LogGuard, LogOutput, announce_listening, announce_ready, start_log};
pub use metrics::{Counters, Durations, Histogram, Labels, METRICS_TYPE, Metrics, Sample, Traffic};
pub use queue::{QueueReceiver, QueueSender, queue};
pub use request_id::is_plain_request_id;
