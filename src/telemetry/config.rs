//! What is logged, how and where.

use std::path::PathBuf;

/// Configuration of logs (`telemetry`).
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The program's own log.
    pub log: LogConfig,
    /// One line a request.
    pub access_log: AccessLogConfig,
    /// The admin listener has `/metrics`.
    pub metrics: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            log: LogConfig::default(),
            access_log: AccessLogConfig::default(),
            metrics: true,
        }
    }
}

/// The program's own log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogConfig {
    /// How lines look.
    pub format: LogFormat,
    /// The least urgent level that is logged. Libraries stay at `warn`: what they say below that
    /// may hold credentials.
    pub level: LogLevel,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// The least urgent level that is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// What failed.
    Error,
    /// What may fail soon, too.
    Warn,
    /// What happened, too.
    #[default]
    Info,
    /// Why it happened, too.
    Debug,
    /// Every step.
    Trace,
}

/// The access log.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessLogConfig {
    /// Where it goes.
    pub output: AccessLogOutput,
    /// The share of requests that is logged, 0 to 1.
    pub sample: f64,
}

impl Default for AccessLogConfig {
    fn default() -> Self {
        Self {
            output: AccessLogOutput::Stdout,
            sample: 1.0,
        }
    }
}

/// Where the access log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessLogOutput {
    /// Nowhere.
    Off,
    /// Standard output.
    Stdout,
    /// The end of this file.
    File(PathBuf),
}
