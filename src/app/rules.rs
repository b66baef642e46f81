//! The rules in force, and what reads them again.

use std::sync::Arc;

use super::StartError;
use crate::clock::Clock;
use crate::config::{Config, Environment};
use crate::rules::{self, Reloader, RuleStore, Watch};

/// What runs around the rules.
pub(super) struct Rules {
    pub(super) store: Arc<RuleStore>,
    pub(super) reloader: Arc<Reloader>,
    /// Ends the watch when it is dropped.
    _watch: Option<Watch>,
}

impl Rules {
    /// Reads the first rules; later ones as files change, if `config` says so.
    pub(super) fn start(
        config: &Config,
        environment: &Environment,
        clock: &Clock,
    ) -> Result<Self, StartError> {
        let context = config.rule_context(environment);
        let paths = config.rules.paths.clone();
        let first = rules::load(&paths, &context).map_err(StartError::Invalid)?;
        let store = Arc::new(RuleStore::new(first, clock.wall()));
        let reloader = Arc::new(Reloader::new(
            Arc::clone(&store),
            paths,
            context,
            clock.clone(),
        ));
        let watch = config.rules.watch;
        let watch = watch.then(|| rules::watch(Arc::clone(&reloader), config.rules.debounce));
        Ok(Self {
            store,
            reloader,
            _watch: watch.transpose()?,
        })
    }
}
