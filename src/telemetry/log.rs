//! The program's own log.

use std::io::{self, IsTerminal as _};

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;

use super::{LogConfig, LogFormat, LogLevel};

/// Lines that may wait for a slow output, per process; more are dropped. Room for all of them is
/// taken at the start: 32 bytes each.
const MAX_QUEUED_LINES: usize = 2 * 1024;

/// Target of the lines that say what listens where: told at every level, because whoever starts
/// the program on port 0 learns the port from them.
pub(super) const ANNOUNCEMENTS: &str = "stepgate::announcements";

/// A log was started already.
#[derive(Debug, thiserror::Error)]
#[error("the log was started already")]
pub struct LogError(#[source] tracing::subscriber::SetGlobalDefaultError);

/// Keeps the log running; what is queued is written when it is dropped.
#[must_use = "the log ends when this is dropped"]
#[derive(Debug)]
pub struct LogGuard {
    _writer: WorkerGuard,
}

/// Where the log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogOutput {
    /// Standard output.
    Standard,
    /// Standard error, for programs whose output says something else.
    Error,
}

/// Starts the log of this process. `styled` allows colour where the output is a terminal.
///
/// # Errors
/// A log was started already.
pub fn start_log(
    config: &LogConfig,
    output: LogOutput,
    styled: bool,
) -> Result<LogGuard, LogError> {
    let queue = NonBlockingBuilder::default()
        .buffered_lines_limit(MAX_QUEUED_LINES)
        .lossy(true)
        .thread_name("log");
    let (terminal, (writer, guard)) = match output {
        LogOutput::Standard => (io::stdout().is_terminal(), queue.finish(io::stdout())),
        LogOutput::Error => (io::stderr().is_terminal(), queue.finish(io::stderr())),
    };
    let level = config.level.filter();
    // Libraries may write headers, and so credentials, below `warn`.
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("stepgate", level)
        .with_target(ANNOUNCEMENTS, LevelFilter::INFO);
    let json = match config.format {
        LogFormat::Json => true,
        LogFormat::Pretty => false,
        LogFormat::Auto => !terminal,
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    let layer = if json {
        layer.json().flatten_event(true).boxed()
    } else {
        layer
            .compact()
            .with_ansi(terminal && styled)
            .with_target(false)
            .boxed()
    };
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(targets));
    tracing::subscriber::set_global_default(subscriber).map_err(LogError)?;
    Ok(LogGuard { _writer: guard })
}

/// Says that a door listens: `"message":"listening","door":..,"address":..`.
pub fn announce_listening(door: &str, address: &str) {
    tracing::info!(target: ANNOUNCEMENTS, door, address, "listening");
}

/// Says that all doors listen: `"message":"ready"`.
pub fn announce_ready(rules: usize) {
    tracing::info!(target: ANNOUNCEMENTS, rules, "ready");
}

impl LogLevel {
    const fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}
