//! What the command line asks for.

use std::path::PathBuf;

use crate::config::{Config, Origin};

/// The program can't start, or ended badly.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

/// How the demo is to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DemoOptions {
    /// Where its database is kept; `None`: in a temporary folder that is removed at the end.
    pub data: Option<PathBuf>,
    /// The proxy's port; `Some(0)`: free ports for everything; `None`: the usual ones.
    pub port: Option<u16>,
    /// Opens the bank in a browser.
    pub open: bool,
    /// One JSON object when ready, instead of a tour.
    pub json: bool,
    /// Colour is welcome.
    pub styled: bool,
}

/// How `serve` is to run.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Where the configuration came from, to be read again on SIGHUP.
    pub origin: Origin,
    /// Colour is welcome.
    pub styled: bool,
}

/// Runs the doors that are configured until the process is told to stop.
///
/// # Errors
/// A door can't be opened, or something it needs is not there.
pub fn serve(config: Config, options: ServeOptions) -> Result<(), StartError> {
    drop((config, options));
    Err(StartError("this build has no doors yet".to_owned()))
}

/// Runs the bank, the gateway and the identity service in one process, until told to stop.
///
/// # Errors
/// A port is taken, or the database can't be made.
pub fn demo(options: DemoOptions) -> Result<(), StartError> {
    drop(options);
    Err(StartError("this build has no demo yet".to_owned()))
}
