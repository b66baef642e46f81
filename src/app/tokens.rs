//! Tokens: those of other issuers, which come in as credentials, and our own, which go out to
//! applications.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::{Running, StartError};
use crate::bearer::Bearer;
use crate::clock::Clock;
use crate::config::{Config, Origin};
use crate::document::{Rendering, to_text};
use crate::minting::Minter;
use crate::outbound::{Outbound, Reach};
use crate::rules::{Watch, watch_files};
use crate::whoami::IdentityService;

/// What is known of tokens while the gateway runs.
pub(super) struct Tokens {
    bearer: Option<Bearer>,
    minter: Option<Minter>,
    /// Each ends when it is dropped.
    watches: Vec<Watch>,
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
        let minter = config.upstream_jwt.as_ref().map(|jwt| {
            let (minting, keys) = (jwt.minting.clone(), jwt.keys.clone());
            Minter::new(minting, keys, clock.clone())
        });
        let mut tokens = Self {
            bearer: None,
            minter,
            watches: Vec::new(),
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

    /// Who makes tokens for applications.
    pub(super) const fn minter(&self) -> Option<&Minter> {
        self.minter.as_ref()
    }

    /// Reads issuers' keys in files again. What is broken stays as it was, and is logged.
    pub(super) fn reload(&self) {
        if let Some(bearer) = &self.bearer {
            bearer.reload();
        }
    }
}

fn take_keys(minter: &Minter, config: Option<Config>) {
    if let Some(jwt) = config.and_then(|config| config.upstream_jwt) {
        minter.replace_keys(jwt.keys);
    }
}

impl Running {
    /// Signs identity tokens with the keys of this configuration from now on. The former ones stay
    /// published while their tokens can be out.
    pub fn take_keys(&self, config: &Config) {
        if let (Some(minter), Some(jwt)) = (&self.tokens.minter, &config.upstream_jwt) {
            minter.replace_keys(jwt.keys.clone());
        }
    }

    /// Reads issuers' keys again when their files change, if `config` says so.
    pub(super) fn watch_keys(&mut self, config: &Config) -> Result<(), StartError> {
        let Some(bearer) = self.tokens.bearer.clone() else {
            return Ok(());
        };
        let files = bearer.files();
        if config.rules.watch && !files.is_empty() {
            let reload = move || bearer.reload();
            let watch = watch_files(files, config.rules.debounce, reload)?;
            self.tokens.watches.push(watch);
        }
        Ok(())
    }

    /// Reads the keys of identity tokens again when their files change, if `config` says so.
    pub(super) fn watch_own_keys(
        &mut self,
        config: &Config,
        origin: &Origin,
        files: Vec<PathBuf>,
    ) -> Result<(), StartError> {
        let Some(minter) = self.tokens.minter.clone() else {
            return Ok(());
        };
        if !config.rules.watch || files.is_empty() {
            return Ok(());
        }
        let origin = origin.clone();
        let reload = move || {
            let loaded = origin.load();
            if loaded.config.is_none() {
                let problems = to_text(&loaded.problems, Rendering::Plain);
                tracing::error!(%problems, "new keys can't be used; the present ones stay");
            }
            take_keys(&minter, loaded.config);
        };
        let watch = watch_files(files, config.rules.debounce, reload)?;
        self.tokens.watches.push(watch);
        Ok(())
    }
}
