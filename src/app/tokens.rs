//! Tokens: those of other issuers, which come in as credentials.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::{Running, StartError};
use crate::bearer::Bearer;
use crate::clock::Clock;
use crate::config::Config;
use crate::outbound::{Outbound, Reach};
use crate::rules::{Watch, watch_files};
use crate::whoami::IdentityService;

/// What is known of tokens while the gateway runs.
pub(super) struct Tokens {
    bearer: Option<Bearer>,
    /// Ends the watch when it is dropped.
    watch: Option<Watch>,
}

impl Tokens {
    /// Reads the keys that are in files. The service answers for tokens and leaves the other
    /// credentials to `sessions`.
    pub(super) fn open(
        config: &Config,
        sessions: &Arc<dyn IdentityService>,
        runtime: &Handle,
        clock: &Clock,
    ) -> Result<(Self, Arc<dyn IdentityService>), StartError> {
        let mut tokens = Self {
            bearer: None,
            watch: None,
        };
        if config.bearer.is_empty() {
            return Ok((tokens, Arc::clone(sessions)));
        }
        let outbound = Outbound::new(Reach::default());
        let (issuers, sessions) = (config.bearer.clone(), Arc::clone(sessions));
        let bearer = Bearer::new(issuers, sessions, &outbound, clock, runtime)?;
        tokens.bearer = Some(bearer.clone());
        Ok((tokens, Arc::new(bearer)))
    }

    /// Reads what is in files again. What is broken stays as it was, and is logged.
    pub(super) fn reload(&self) {
        if let Some(bearer) = &self.bearer {
            bearer.reload();
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        self.bearer.as_ref().map(Bearer::files).unwrap_or_default()
    }
}

impl Running {
    /// Reads keys again when their files change, if `config` says so.
    pub(super) fn watch_keys(&mut self, config: &Config) -> Result<(), StartError> {
        let files = self.tokens.files();
        if !config.rules.watch || files.is_empty() {
            return Ok(());
        }
        let bearer = self.tokens.bearer.clone();
        let watch = watch_files(files, config.rules.debounce, move || {
            if let Some(bearer) = &bearer {
                bearer.reload();
            }
        })?;
        self.tokens.watch = Some(watch);
        Ok(())
    }
}
