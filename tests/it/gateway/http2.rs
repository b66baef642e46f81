//! HTTP/2: by prior knowledge, over TLS, towards applications, and what it carries.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use stepgate::gateway::{CertificateFiles, TlsConfig, TlsVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::world::{Plan, World};
use crate::support::server::Server;

pub(crate) type Body = Full<Bytes>;

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async { tokio::time::timeout(Duration::from_secs(30), future).await })
        .unwrap()
}

pub(crate) async fn h2c(address: SocketAddr) -> SendRequest<Body> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    sender
}

pub(super) fn get(path: &str) -> Request<Body> {
    Request::get(format!("http://app.test{path}"))
        .body(Body::default())
        .unwrap()
}

pub(super) async fn text(answer: Response<Incoming>) -> String {
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn http2_without_tls_is_spoken_to_those_who_begin_with_it() {
    let app = Server::hello();
    let world = World::before(&app);
    block_on(async {
        let mut sender = h2c(world.address()).await;
        let mut request = get("/a?b=c");
        let headers = request.headers_mut();
        headers.append("cookie", HeaderValue::from_static("a=b"));
        headers.append("cookie", HeaderValue::from_static("session=alice-aal1"));
        headers.append("cookie", HeaderValue::from_static("c=d"));
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(text(answer).await, "hello");
        let refused = sender.send_request(get("/admin/x")).await.unwrap();
        assert_eq!(refused.status(), 401);
    });
    let seen = app.only();
    assert_eq!(seen.line(), "GET /a?b=c HTTP/1.1");
    assert_eq!(seen.one("host"), Some("app.test"));
    assert_eq!(seen.one("cookie"), Some("a=b; c=d"));
}

#[test]
fn many_streams_share_a_connection_and_few_connections_serve_them() {
    let app = Server::hello();
    let world = World::before(&app);
    block_on(async {
        let sender = h2c(world.address()).await;
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let mut sender = sender.clone();
            asking.spawn(async move { sender.send_request(get("/a")).await.unwrap().status() });
        }
        while let Some(status) = asking.join_next().await {
            assert_eq!(status.unwrap(), 200);
        }
    });
    assert_eq!(app.received().len(), 100);
}

#[test]
fn an_authority_that_differs_from_host_is_refused() {
    let app = Server::hello();
    let world = World::before(&app);
    block_on(async {
        let mut sender = h2c(world.address()).await;
        let mut request = get("/a");
        let host = HeaderValue::from_static("other.test");
        request.headers_mut().insert("host", host);
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 400);
    });
    assert!(app.received().is_empty());
}

#[test]
fn a_refused_head_is_answered_without_content() {
    let app = Server::hello();
    let world = World::before(&app);
    block_on(async {
        let mut sender = h2c(world.address()).await;
        for _ in 0..3 {
            let mut request = get("/admin/x");
            *request.method_mut() = http::Method::HEAD;
            let answer = sender.send_request(request).await.unwrap();
            assert_eq!(answer.status(), 401);
            let length = answer.headers()["content-length"].to_str().unwrap();
            assert!(length.parse::<u32>().unwrap() > 100, "{length}");
            assert_eq!(text(answer).await, "");
        }
    });
}

#[test]
fn a_cut_answer_resets_the_stream_instead_of_ending_it() {
    let app = Server::serving(|line, _| {
        let Some(_) = line.request() else { return };
        line.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    });
    let world = World::before(&app);
    block_on(async {
        let mut sender = h2c(world.address()).await;
        // The reset may overtake the head.
        if let Ok(answer) = sender.send_request(get("/a")).await {
            assert!(answer.into_body().collect().await.is_err());
        }
        // The other streams of the connection live on.
        let answer = sender.send_request(get("/admin/x")).await.unwrap();
        assert_eq!(answer.status(), 401);
    });
}

/// An application that speaks HTTP/2 without TLS: gives the body back with a trailer.
async fn h2_app() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper::service::service_fn(|request: Request<Incoming>| async move {
                let (head, body) = request.into_parts();
                let te = head.headers.get("te").cloned();
                let authority = head.uri.authority().map(ToString::to_string);
                let bytes = body.collect().await.unwrap().to_bytes();
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", HeaderValue::from_static("0"));
                let end = std::future::ready(Some(Ok(trailers)));
                let mut answer = Response::new(Full::new(bytes).with_trailers(end));
                if let Some(te) = te {
                    answer.headers_mut().insert("seen-te", te);
                }
                let authority = HeaderValue::from_str(&authority.unwrap_or_default()).unwrap();
                answer.headers_mut().insert("seen-authority", authority);
                Ok::<_, Infallible>(answer)
            });
            tokio::spawn(
                hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    address
}

#[test]
fn grpc_passes_with_its_trailers() {
    block_on(async {
        let address = h2_app().await;
        let rules = format!(
            "upstreams:\n  app: {{ url: \"http://{address}\", protocol: h2c }}\nrules:\n  \
             - {{ id: all, match: {{ path: /** }}, required_aal: none, upstream: app }}\n"
        );
        let world = Plan::with_rules(&rules).start();
        let mut sender = h2c(world.address()).await;
        for _ in 0..3 {
            let request = Request::post("http://app.test/pkg.Service/Call")
                .header("content-type", "application/grpc")
                .header("te", "trailers")
                .body(Body::from("message"))
                .unwrap();
            let answer = sender.send_request(request).await.unwrap();
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.headers()["seen-te"], "trailers");
            assert_eq!(answer.headers()["seen-authority"], "app.test");
            let body = answer.into_body().collect().await.unwrap();
            assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
            assert_eq!(body.to_bytes(), "message");
        }
        // The same application for a client of HTTP/1.1.
        let address = world.address();
        let answer = tokio::task::spawn_blocking(move || {
            crate::support::client::Connection::open(address).ask(
                "POST /a HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n\
                 3\r\nabc\r\n0\r\n\r\n",
            )
        })
        .await
        .unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, "abc"));
    });
}

#[test]
fn a_websocket_over_http2_becomes_an_upgrade_towards_the_application() {
    let app = Server::serving(|line, _| {
        let Some(seen) = line.request() else { return };
        let key = seen.one("sec-websocket-key").unwrap().to_owned();
        let accept = tungstenite_accept(&key);
        line.write(
            format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\nearly"
            )
            .as_bytes(),
        );
        super::upgrades::shout(line);
    });
    let world = World::before(&app);
    block_on(async {
        let mut sender = h2c(world.address()).await;
        // The settings that allow it come with the first answer at the latest.
        drop(sender.send_request(get("/admin/x")).await.unwrap());
        let connect = |path: &str| {
            let mut request = Request::connect(format!("http://app.test{path}"))
                .body(Body::default())
                .unwrap();
            let protocol = hyper::ext::Protocol::from_static("websocket");
            request.extensions_mut().insert(protocol);
            request
        };
        let refused = sender.send_request(connect("/admin/ws")).await.unwrap();
        assert_eq!(refused.status(), 401);
        let answer = sender.send_request(connect("/ws")).await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut stream = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
        let mut bytes = [0; 5];
        stream.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"early");
        stream.write_all(b"hello").await.unwrap();
        stream.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"HELLO");
    });
    let seen = app.only();
    assert_eq!(seen.line(), "GET /ws HTTP/1.1");
    assert_eq!(seen.one("upgrade"), Some("websocket"));
    assert_eq!(seen.one("sec-websocket-version"), Some("13"));
}

fn tungstenite_accept(key: &str) -> String {
    tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes())
}

/// Writes a self-signed certificate for `names` and gives its files.
pub(super) fn certificate(folder: &Path, file: &str, names: &[&str]) -> CertificateFiles {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let (cert, key) = paths(folder, file);
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    CertificateFiles { cert, key }
}

fn paths(folder: &Path, file: &str) -> (PathBuf, PathBuf) {
    (
        folder.join(format!("{file}.crt")),
        folder.join(format!("{file}.key")),
    )
}

/// Connects by TLS, trusting `trusted` only.
async fn tls(
    address: SocketAddr,
    name: &str,
    trusted: &Path,
    alpn: &[u8],
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await.unwrap();
    tls_over(stream, name, trusted, alpn).await
}

/// The same over a connection that stands.
pub(super) async fn tls_over(
    stream: TcpStream,
    name: &str,
    trusted: &Path,
    alpn: &[u8],
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    use rustls_pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    let cert = rustls_pki_types::CertificateDer::from_pem_file(trusted).unwrap();
    roots.add(cert).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(name.to_owned().try_into().unwrap(), stream)
        .await
}

#[test]
fn tls_serves_both_protocols_by_the_certificate_of_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let first = certificate(folder.path(), "first", &["app.test"]);
    let second = certificate(folder.path(), "second", &["*.other.test"]);
    let app = Server::hello();
    let mut plan = Plan::for_app(&app);
    plan.config.listeners[0].hsts = Duration::from_secs(300);
    plan.config.listeners[0].tls = Some(TlsConfig {
        certificates: vec![first.clone(), second.clone()],
        client_ca: None,
        min_version: TlsVersion::Tls12,
    });
    let world = plan.start();
    block_on(async {
        let stream = tls(world.address(), "app.test", &first.cert, b"h2")
            .await
            .unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .unwrap();
        tokio::spawn(connection);
        let answer = sender
            .send_request(
                Request::get("https://app.test/a")
                    .body(Body::default())
                    .unwrap(),
            )
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=300");
        let mut stream = tls(world.address(), "www.other.test", &second.cert, b"http/1.1")
            .await
            .unwrap();
        stream
            .write_all(b"GET /a HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        // A name that no certificate has gets the first one.
        assert!(
            tls(world.address(), "app.test", &second.cert, b"h2")
                .await
                .is_err()
        );
    });
    assert_eq!(app.received()[0].one("x-forwarded-proto"), Some("https"));
}

#[test]
fn new_certificates_count_once_they_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let files = certificate(folder.path(), "cert", &["app.test"]);
    let old = folder.path().join("old.crt");
    std::fs::copy(&files.cert, &old).unwrap();
    let app = Server::hello();
    let mut plan = Plan::for_app(&app);
    plan.config.listeners[0].tls = Some(TlsConfig {
        certificates: vec![files.clone()],
        client_ca: None,
        min_version: TlsVersion::Tls13,
    });
    let world = plan.start();
    let running = world.gate.as_ref().unwrap();
    block_on(async {
        // Half-way through a rotation the key does not belong to the certificate.
        let (new_cert, new_key) = paths(folder.path(), "new");
        certificate(folder.path(), "new", &["app.test"]);
        std::fs::copy(&new_cert, &files.cert).unwrap();
        assert!(
            running
                .certificates()
                .iter()
                .all(|tls| tls.reload().is_err())
        );
        assert!(tls(world.address(), "app.test", &old, b"h2").await.is_ok());
        std::fs::copy(&new_key, &files.key).unwrap();
        assert!(
            running
                .certificates()
                .iter()
                .all(|tls| tls.reload().is_ok())
        );
        assert!(
            tls(world.address(), "app.test", &new_cert, b"h2")
                .await
                .is_ok()
        );
        assert!(tls(world.address(), "app.test", &old, b"h2").await.is_err());
    });
}

#[test]
fn a_handshake_that_stalls_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let files = certificate(folder.path(), "cert", &["app.test"]);
    let app = Server::hello();
    let mut plan = Plan::for_app(&app);
    plan.config.timeouts.tls_handshake = Duration::from_millis(200);
    plan.config.listeners[0].tls = Some(TlsConfig {
        certificates: vec![files],
        client_ca: None,
        min_version: TlsVersion::Tls12,
    });
    let world = plan.start();
    let mut client = world.client();
    client.send([0x16, 0x03, 0x01, 0x00]);
    assert!(client.is_closed());
}

#[test]
fn a_client_that_resets_one_request_after_the_other_is_cut_off() {
    let app = Server::serving(|line, _| {
        let _ = line.request();
        line.read(&mut [0; 1]);
    });
    let world = World::before(&app);
    block_on(async {
        let mut sender = h2c(world.address()).await;
        let mut refused = false;
        for _ in 0..2000 {
            if sender.ready().await.is_err() {
                refused = true;
                break;
            }
            let asking = sender.send_request(get("/a"));
            // Long enough to reach the gateway, then taken back.
            let _ = tokio::time::timeout(Duration::from_millis(1), asking).await;
        }
        assert!(refused);
    });
}
