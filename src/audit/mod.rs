//! The audit log: who was refused, stepped up, signed in, changed factors, or administered.
//!
//! One JSON line an event, in a chain: each line holds the SHA-256 of the line before it, so that
//! a line that was changed, removed or put in between is found by [`verify`]. What a chain can't
//! show is that its newest lines were cut off together; whoever must know keeps the newest hash
//! elsewhere.
//!
//! Nobody waits for the log. Events pass through a bounded queue to a thread of their own; what the
//! queue can't take is counted, and the chain says how many are missing.

mod chain;
mod entry;
mod file;
mod log;
#[cfg(test)]
mod tests;
mod verify;

pub use entry::{Entry, Event};
pub use file::AuditFileError;
pub use log::{Audit, AuditError, AuditWriter};
pub use verify::{Flaw, FlawKind, Verified, verify};

use crate::telemetry::AccessLogOutput;

/// Configuration of the audit log (`telemetry.audit_log`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where it goes.
    pub output: AccessLogOutput,
}

impl Default for Config {
    /// Off.
    fn default() -> Self {
        Self {
            output: AccessLogOutput::Off,
        }
    }
}
