//! How the command line wants things run.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::config::Origin;

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

/// How the demo's bank is to run by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BankOptions {
    /// Where it listens.
    pub listen: SocketAddr,
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
