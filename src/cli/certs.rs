//! `certs dev`: a local authority and a certificate for this machine.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::arguments::CertsArguments;
use super::{Ending, output};

const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

#[derive(Debug, thiserror::Error)]
enum CertsError {
    #[error("the certificate can't be made")]
    Make(#[from] rcgen::Error),
    #[error("{} can't be written", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

pub(super) fn dev(arguments: &CertsArguments) -> Ending {
    match make(&arguments.directory, &arguments.host) {
        Ok(told) => {
            output::tell(&told);
            Ending::Well
        }
        Err(error) => {
            output::failure(&error);
            Ending::Failed
        }
    }
}

/// Makes both anew: an authority whose key is never written can sign nothing else.
fn make(directory: &Path, hosts: &[String]) -> Result<String, CertsError> {
    let authority_key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let names = &mut params.distinguished_name;
    names.push(DnType::CommonName, "Stepgate development authority");
    let authority = params.self_signed(&authority_key)?;
    let issuer = Issuer::from_params(&params, &authority_key);

    let names = LOCAL_NAMES.into_iter().map(str::to_owned);
    let names: Vec<String> = names.chain(hosts.iter().cloned()).collect();
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, &issuer)?;

    let chain = format!("{}{}", certificate.pem(), authority.pem());
    let files = [
        ("dev-ca.crt", authority.pem(), Access::Everyone),
        ("dev.crt", chain, Access::Everyone),
        ("dev.key", key.serialize_pem(), Access::Owner),
    ];
    for (name, content, access) in files {
        let path = directory.join(name);
        write(&path, &content, access).map_err(|source| CertsError::Write { path, source })?;
    }
    let folder = directory.display();
    Ok(format!(
        "wrote {folder}/dev.crt and {folder}/dev.key, and the authority {folder}/dev-ca.crt\n\
         Trust it for one request: curl --cacert {folder}/dev-ca.crt https://localhost:4455/\n"
    ))
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Everyone,
    Owner,
}

fn write(path: &Path, content: &str, access: Access) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // A file that is there already keeps its mode when it is opened; a new one gets ours.
    let stale = std::fs::remove_file(path);
    if let Err(error) = stale
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(match access {
            Access::Everyone => 0o644,
            Access::Owner => 0o600,
        });
    }
    options.open(path)?.write_all(content.as_bytes())
}
