//! Where rules are, when they are read again, and what upstreams have in common.

use std::path::PathBuf;
use std::time::Duration;

use super::{NetworkSets, UpstreamSettings};

/// Configuration of the rules (`rules`, `reload`, `networks`, `proxy.upstream_defaults`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Files, and directories whose `*.yaml` files count.
    pub paths: Vec<PathBuf>,
    /// Whether a changed file is noticed without being told.
    pub watch: bool,
    /// Quiet time after a change before the files are read.
    pub debounce: Duration,
    /// What an upstream has that does not say otherwise.
    pub upstream_defaults: UpstreamSettings,
    /// Sets of networks that every rule file may name.
    pub networks: NetworkSets,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            paths: vec![PathBuf::from("rules/")],
            watch: true,
            debounce: Duration::from_millis(250),
            upstream_defaults: UpstreamSettings::default(),
            networks: NetworkSets::default(),
        }
    }
}
