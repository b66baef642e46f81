//! The command line.

use std::process::ExitCode;

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> ExitCode {
    ExitCode::SUCCESS
}
