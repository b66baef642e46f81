//! How much is kept, for how long, and where.

use std::time::Duration;

/// `step_up.keep_body`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Bytes of one body.
    pub max_size: usize,
    /// How long a request waits.
    pub expires: Duration,
    /// Where it waits.
    pub place: Place,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_size: 256 * 1024,
            expires: Duration::from_secs(600),
            place: Place::Memory,
        }
    }
}

/// Where requests wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// In this process, under a key that ends with it.
    #[default]
    Memory,
    /// In the database of the embedded identity service, so that another process can go on.
    Database,
}
