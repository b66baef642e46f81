//! Certificates that are replaced while the gateway runs.

use std::path::PathBuf;

use super::{Running, StartError};
use crate::config::{Config, Identity};
use crate::gateway::{Tls, TlsConfig};
use crate::rules::watch_files;

/// Loads the certificates of `listeners` anew. Where the new ones can't be used, the present ones
/// stay, and the log says why.
pub(super) fn reload(listeners: &[Tls]) {
    for tls in listeners {
        match tls.reload() {
            Ok(()) => tracing::info!("certificates were read again"),
            Err(error) => {
                tracing::error!(%error, "new certificates can't be used; the present ones stay");
            }
        }
    }
}

impl Running {
    /// Reloads certificates when their files change, if `config` says so.
    pub(super) fn watch_certificates(&mut self, config: &Config) -> Result<(), StartError> {
        let paths = files(config);
        if !config.rules.watch || paths.is_empty() {
            return Ok(());
        }
        let listeners = self.certificates.clone();
        let watch = watch_files(paths, config.rules.debounce, move || reload(&listeners))?;
        self.certificate_watch = Some(watch);
        Ok(())
    }
}

/// Every file that a listener's TLS is made of.
fn files(config: &Config) -> Vec<PathBuf> {
    let proxy = config.proxy.iter().flat_map(|proxy| &proxy.listeners);
    let proxy = proxy.filter_map(|listener| listener.tls.as_ref());
    let identity = match &config.identity {
        Identity::Embedded(embedded) => embedded.own_listener().and_then(|(_, tls)| tls),
        Identity::External(_) => None,
    };
    let all = proxy.chain(&config.admin_tls).chain(identity);
    all.flat_map(files_of).collect()
}

fn files_of(tls: &TlsConfig) -> impl Iterator<Item = PathBuf> + '_ {
    let pairs = tls.certificates.iter();
    let pairs = pairs.flat_map(|pair| [pair.cert.clone(), pair.key.clone()]);
    pairs.chain(tls.client_ca.clone())
}
