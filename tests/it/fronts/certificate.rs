//! A certificate for the host that the rules are about, made for a test, as the files that fronts
//! read it from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;

use super::world::HOST;

/// The certificate, its key, and both in one file, in a folder that goes away with it.
pub(crate) struct Certificate {
    der: CertificateDer<'static>,
    folder: TempDir,
}

impl Certificate {
    pub(crate) fn make() -> Self {
        let made = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        write("tls.crt", &certificate).unwrap();
        write("tls.key", &key).unwrap();
        std::fs::create_dir(folder.path().join("both")).unwrap();
        write("both/tls.pem", &format!("{certificate}{key}")).unwrap();
        Self {
            der: made.cert.der().clone(),
            folder,
        }
    }

    /// The certificate's file, PEM.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("tls.crt")
    }

    /// Its key's file, PEM.
    pub(crate) fn key(&self) -> PathBuf {
        self.folder.path().join("tls.key")
    }

    /// A folder with a file that has both.
    pub(crate) fn both(&self) -> PathBuf {
        self.folder.path().join("both")
    }

    /// `text`, which names the files of a certificate below `folder`, with these instead.
    pub(crate) fn put_into(&self, text: &str, folder: &str) -> String {
        let (file, key) = (format!("{folder}/tls.crt"), format!("{folder}/tls.key"));
        assert!(text.contains(&file) && text.contains(&key), "{text}");
        text.replace(&file, &shown(&self.file()))
            .replace(&key, &shown(&self.key()))
    }

    /// What a client needs that believes this certificate alone, and speaks `protocol`.
    pub(crate) fn believed(&self, protocol: &[u8]) -> Arc<ClientConfig> {
        self.believed_by(None, protocol)
    }

    /// The same for a client with a certificate of its own.
    pub(crate) fn believed_by(&self, own: Option<&Holder>, protocol: &[u8]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some(own) => {
                let key = PrivateKeyDer::Pkcs8(own.key.serialize_der().into());
                builder
                    .with_client_auth_cert(vec![own.der.clone()], key)
                    .unwrap()
            }
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        Arc::new(config)
    }
}

/// Who has a certificate of an authority that fronts ask clients for.
pub(crate) struct Holder {
    der: CertificateDer<'static>,
    key: KeyPair,
    folder: TempDir,
}

impl Holder {
    /// Called `name`.
    pub(crate) fn make(name: &str) -> Self {
        let authority_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let names = &mut params.distinguished_name;
        names.push(DnType::CommonName, "the authority of clients");
        let authority = params.self_signed(&authority_key).unwrap();
        let issuer = Issuer::from_params(&params, &authority_key);
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("clients.pem"), authority.pem()).unwrap();
        Self {
            der: certificate.der().clone(),
            key,
            folder,
        }
    }

    /// The authority's certificate, PEM.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("clients.pem")
    }
}

/// A path as configurations write it.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}
