//! Certificates of the listeners: chosen by the name that the client asks for, replaced while
//! running.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::config::{CertificateFiles, TlsConfig, TlsVersion};

/// Why certificates can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file can't be read, or is no PEM.
    #[error("can't read {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        source: rustls_pki_types::pem::Error,
    },
    /// The file has no certificate.
    #[error("{path} has no certificate")]
    Empty {
        /// The file.
        path: String,
    },
    /// The chain and the key don't belong together, or the key is of no supported kind.
    #[error("{cert} and {key} can't be used together: {source}")]
    Pair {
        /// The chain.
        cert: String,
        /// The key.
        key: String,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The settings don't fit together.
    #[error("TLS settings: {0}")]
    Settings(#[from] rustls::Error),
    /// The authorities for client certificates are unusable.
    #[error("client_ca: {0}")]
    ClientCa(#[from] rustls::server::VerifierBuilderError),
}

/// The cryptography that TLS uses here, named explicitly so that no other crate's choice counts.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// TLS of one listener. Cheap to clone; clones share the certificates.
#[derive(Clone)]
pub struct Tls {
    config: Arc<TlsConfig>,
    current: Arc<ArcSwap<ServerConfig>>,
}

impl Tls {
    /// Loads the certificates.
    ///
    /// # Errors
    /// A file that is missing, broken, or does not fit the others.
    pub fn load(config: &TlsConfig) -> Result<Self, CertificateError> {
        let server = configure(config)?;
        Ok(Self {
            config: Arc::new(config.clone()),
            current: Arc::new(ArcSwap::from_pointee(server)),
        })
    }

    /// Loads the certificates anew. On an error the ones in use stay. Tickets of sessions that
    /// began before are worth nothing afterwards.
    ///
    /// # Errors
    /// As [`Tls::load`].
    pub fn reload(&self) -> Result<(), CertificateError> {
        self.current.store(Arc::new(configure(&self.config)?));
        Ok(())
    }

    /// What accepts the next connection.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }
}

fn configure(config: &TlsConfig) -> Result<ServerConfig, CertificateError> {
    let versions: &[&rustls::SupportedProtocolVersion] = match config.min_version {
        TlsVersion::Tls12 => &[&rustls::version::TLS13, &rustls::version::TLS12],
        TlsVersion::Tls13 => &[&rustls::version::TLS13],
    };
    let builder =
        ServerConfig::builder_with_provider(provider()).with_protocol_versions(versions)?;
    let builder = match &config.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate)?;
            }
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build()?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let shelf = Shelf::load(&config.certificates)?;
    let mut server = builder.with_cert_resolver(Arc::new(shelf));
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(server)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let failed = |source| CertificateError::File {
        path: path.display().to_string(),
        source,
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(failed)?
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    if found.is_empty() {
        return Err(CertificateError::Empty {
            path: path.display().to_string(),
        });
    }
    Ok(found)
}

/// The certificates of a listener, by the names in them.
#[derive(Debug)]
struct Shelf {
    by_name: HashMap<Box<str>, Arc<CertifiedKey>>,
    first: Option<Arc<CertifiedKey>>,
}

impl Shelf {
    fn load(files: &[CertificateFiles]) -> Result<Self, CertificateError> {
        let mut shelf = Self {
            by_name: HashMap::new(),
            first: None,
        };
        for pair in files {
            let key = Arc::new(load_pair(pair)?);
            for name in names(&key) {
                shelf
                    .by_name
                    .entry(name)
                    .or_insert_with(|| Arc::clone(&key));
            }
            shelf.first.get_or_insert(key);
        }
        Ok(shelf)
    }

    fn find(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let exact = self.by_name.get(name.as_str());
        let wildcard = || {
            let (_, parent) = name.split_once('.')?;
            self.by_name.get(["*.", parent].concat().as_str())
        };
        exact.or_else(wildcard).map(Arc::clone)
    }
}

impl ResolvesServerCert for Shelf {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        hello
            .server_name()
            .and_then(|name| self.find(name))
            .or_else(|| self.first.clone())
    }
}

/// The names a certificate is good for. A certificate without names serves as the first only.
fn names(key: &CertifiedKey) -> Vec<Box<str>> {
    let Some(leaf) = key.cert.first() else {
        return Vec::new();
    };
    webpki::EndEntityCert::try_from(leaf)
        .map(|leaf| {
            leaf.valid_dns_names()
                .map(|name| name.to_ascii_lowercase().into_boxed_str())
                .collect()
        })
        .unwrap_or_default()
}

fn load_pair(files: &CertificateFiles) -> Result<CertifiedKey, CertificateError> {
    let chain = certificates(&files.cert)?;
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|source| CertificateError::File {
            path: files.key.display().to_string(),
            source,
        })?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(|source| CertificateError::Pair {
        cert: files.cert.display().to_string(),
        key: files.key.display().to_string(),
        source,
    })
}
