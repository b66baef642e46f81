//! TLS towards upstreams.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_rustls::TlsConnector;

use super::super::tls::provider;
use crate::policy::{Endpoint, EndpointAddress, UpstreamProtocol, UpstreamTls};

/// By settings and offered protocols.
type Made = HashMap<(UpstreamTls, Vec<&'static [u8]>), Arc<ClientConfig>>;

/// TLS settings of upstreams, made when they are first used. Shared by all workers.
#[derive(Default)]
pub(in crate::gateway) struct Connectors {
    made: Mutex<Made>,
}

/// What is wrong with the TLS settings of an upstream.
#[derive(Debug, thiserror::Error)]
pub(in crate::gateway) enum TlsError {
    #[error("can't read certificates from {path}: {source}")]
    File {
        path: String,
        source: rustls_pki_types::pem::Error,
    },
    #[error("{0}")]
    Settings(#[from] rustls::Error),
    #[error("no usable authority: {0}")]
    Roots(#[from] rustls::client::VerifierBuilderError),
    #[error("{0} is no name to verify a certificate by")]
    Name(String),
}

impl Connectors {
    /// What to open TLS to `endpoint` with, and the name its certificate has to have.
    pub(super) fn of(
        &self,
        settings: &UpstreamTls,
        endpoint: &Endpoint,
        protocols: &[&'static [u8]],
    ) -> Result<(TlsConnector, ServerName<'static>), TlsError> {
        let name = server_name(settings, endpoint)?;
        let key = (settings.clone(), protocols.to_vec());
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let config = match made.get(&key) {
            Some(config) => Arc::clone(config),
            None => {
                let config = Arc::new(configure(settings, protocols)?);
                made.insert(key, Arc::clone(&config));
                config
            }
        };
        Ok((TlsConnector::from(config), name))
    }

    /// Forgets what was made, so that changed certificate files count.
    pub(in crate::gateway) fn forget(&self) {
        self.made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// Protocols to offer for `protocol`.
pub(super) const fn offered(protocol: UpstreamProtocol) -> &'static [&'static [u8]] {
    match protocol {
        UpstreamProtocol::Auto => &[b"h2", b"http/1.1"],
        UpstreamProtocol::Http1 => &[b"http/1.1"],
        UpstreamProtocol::H2 | UpstreamProtocol::H2c => &[b"h2"],
    }
}

fn server_name(
    settings: &UpstreamTls,
    endpoint: &Endpoint,
) -> Result<ServerName<'static>, TlsError> {
    let name = match (&settings.server_name, &endpoint.address) {
        (Some(name), _) => name,
        (None, EndpointAddress::Tcp { host, .. }) => host,
        (None, EndpointAddress::Unix(_)) => &endpoint.authority,
    };
    ServerName::try_from(name.to_string()).map_err(|_| TlsError::Name(name.to_string()))
}

fn configure(
    settings: &UpstreamTls,
    protocols: &[&'static [u8]],
) -> Result<ClientConfig, TlsError> {
    let builder =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let builder = match &settings.ca {
        None => builder.with_platform_verifier()?,
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate)?;
            }
            let verifier =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build()?;
            builder.with_webpki_verifier(verifier)
        }
    };
    let mut config = match &settings.client {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let key_der = PrivateKeyDer::from_pem_file(key).map_err(|source| TlsError::File {
                path: key.display().to_string(),
                source,
            })?;
            builder.with_client_auth_cert(certificates(chain)?, key_der)?
        }
    };
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::File {
        path: path.display().to_string(),
        source,
    };
    CertificateDer::pem_file_iter(path)
        .map_err(failed)?
        .collect::<Result<_, _>>()
        .map_err(failed)
}
