//! The same listener on a unix socket and behind TLS.

use std::sync::Arc;

use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::client::{CHECK, Front};
use super::{World, about, allowed};

#[tokio::test]
async fn a_unix_socket_serves_whoever_may_open_it() {
    let world = World::listening("listen: 'unix:grpc.sock'", &[]);
    let socket = world.program.folder().join("grpc.sock");
    let mut front = Front::over(UnixStream::connect(socket).await.unwrap()).await;
    let answer: CheckResponse = front.ask(CHECK, &about("/public/x", &[])).await;
    allowed(&answer);
}

/// A name, its certificate and its key.
struct Party {
    certificate: String,
    key: String,
}

fn party(name: &str) -> Party {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    Party {
        certificate: made.cert.pem(),
        key: made.signing_key.serialize_pem(),
    }
}

async fn connect(world: &World, server: &Party, own: Option<&Party>) -> std::io::Result<Front> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(server.certificate.as_bytes()).unwrap();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let chain = CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![chain], key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(world.address()).await?;
    let name = ServerName::try_from("stepgate.test").unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    Ok(Front::over(stream).await)
}

#[tokio::test]
async fn tls_serves_fronts_that_know_its_certificate() {
    let server = party("stepgate.test");
    let files = [("tls.crt", &*server.certificate), ("tls.key", &*server.key)];
    let grpc = "listen: '127.0.0.1:0', tls: { certificates: [{ cert: tls.crt, key: tls.key }] }";
    let world = World::listening(grpc, &files);
    let mut front = connect(&world, &server, None).await.unwrap();
    let answer: CheckResponse = front.ask(CHECK, &about("/public/x", &[])).await;
    allowed(&answer);
}

#[tokio::test]
async fn mutual_tls_serves_only_fronts_with_a_certificate() {
    let (server, envoy) = (party("stepgate.test"), party("envoy.test"));
    let files = [
        ("tls.crt", &*server.certificate),
        ("tls.key", &*server.key),
        ("clients.pem", &*envoy.certificate),
    ];
    let grpc = "listen: '127.0.0.1:0', tls: { certificates: [{ cert: tls.crt, key: tls.key }], \
                client_ca: clients.pem }";
    let world = World::listening(grpc, &files);
    let mut front = connect(&world, &server, Some(&envoy)).await.unwrap();
    let answer: CheckResponse = front.ask(CHECK, &about("/public/x", &[])).await;
    allowed(&answer);
    // With TLS 1.3 a client learns only afterwards that it was refused.
    if let Ok(mut stranger) = connect(&world, &server, None).await {
        assert!(stranger.ended().await);
    }
}
