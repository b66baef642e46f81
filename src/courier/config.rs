//! How messages are sent.

/// `courier` of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {}
