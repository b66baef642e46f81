//! A client that speaks TLS: HTTP/2 as browsers do, with a field for each cookie, or HTTP/1.1 byte
//! for byte.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, Method, Request, Uri, Version};
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use socket2::{Domain, Socket, Type};
use tokio_rustls::TlsConnector;

use super::case::Case;
use super::certificate::{Certificate, Holder};
use super::world::{HOST, STRANGER};
use crate::gateway::http2::block_on;
use crate::support::message::{Message, Response};

/// How long an answer may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reaches one address.
pub(super) struct Client {
    address: SocketAddr,
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
}

impl Client {
    pub(super) fn of(address: SocketAddr, certificate: &Certificate) -> Self {
        Self {
            address,
            http1: certificate.believed(b"http/1.1"),
            http2: certificate.believed(b"h2"),
        }
    }

    /// The same with a certificate of its own.
    pub(super) fn with(address: SocketAddr, certificate: &Certificate, own: &Holder) -> Self {
        Self {
            address,
            http1: certificate.believed_by(Some(own), b"http/1.1"),
            http2: certificate.believed_by(Some(own), b"h2"),
        }
    }

    /// Asks by HTTP/2 where the request can be put into its frames, else by HTTP/1.1. Gives the
    /// answer, and what a WebSocket answered.
    pub(super) fn ask(
        &self,
        case: &Case,
        round: usize,
        cookies: &[String],
    ) -> Option<(Response, String)> {
        match as_http2(case, round, cookies) {
            Some(request) => {
                let body = Bytes::from(case.body.unwrap_or_default());
                let answer = self.by_http2(case.from, request, body)?;
                Some((answer, String::new()))
            }
            None => {
                let to_head = case.method == "HEAD";
                self.by_http1(case.from, &case.bytes(round, cookies), to_head)
            }
        }
    }

    /// Whether the front shows the certificate and knows its routes: some accept connections before
    /// they have read all of their configuration.
    pub(super) fn is_served(&self) -> bool {
        let name = HOST.try_into().unwrap();
        let session = ClientConnection::new(Arc::clone(&self.http1), name).unwrap();
        let stream = self.connect(STRANGER);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut line = BufReader::new(StreamOwned::new(session, stream));
        let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
        let sent = line.get_mut().write_all(request.as_bytes());
        let answer = sent.ok().and_then(|()| Response::read(&mut line, false));
        answer.is_some_and(|answer| answer.status != 404)
    }

    fn by_http1(&self, from: IpAddr, bytes: &[u8], to_head: bool) -> Option<(Response, String)> {
        let stream = self.connect(from);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = HOST.try_into().unwrap();
        let session = ClientConnection::new(Arc::clone(&self.http1), name).unwrap();
        let mut line = BufReader::new(StreamOwned::new(session, stream));
        line.get_mut().write_all(bytes).unwrap();
        let answer = Response::read(&mut line, to_head)?;
        let mut shouted = [0; 5];
        if answer.status == 101 {
            line.get_mut().write_all(b"hello").unwrap();
            line.read_exact(&mut shouted).unwrap();
        }
        let shouted = String::from_utf8_lossy(&shouted);
        Some((answer, shouted.trim_matches('\0').to_owned()))
    }

    fn by_http2(&self, from: IpAddr, request: Request<()>, body: Bytes) -> Option<Response> {
        block_on(async {
            let sender = self.speak_http2(from).await;
            let mut sender = sender.ready().await.ok()?;
            let is_all = body.is_empty();
            let (answer, mut stream) = sender.send_request(request, is_all).ok()?;
            if !is_all {
                // Who has answered already may want no more of it.
                let _ = stream.send_data(body, true);
            }
            let (head, mut body) = answer.await.ok()?.into_parts();
            let mut bytes = Vec::new();
            while let Some(data) = body.data().await {
                let data = match data {
                    Ok(data) => data,
                    // The same, said behind the whole answer.
                    Err(error) if error.is_remote() && error.is_reset() => break,
                    Err(_) => return None,
                };
                body.flow_control().release_capacity(data.len()).ok()?;
                bytes.extend_from_slice(&data);
            }
            Some(Response {
                status: head.status.as_u16(),
                framed: true,
                message: message(&head.headers, bytes),
            })
        })
    }

    /// Opens a WebSocket by HTTP/2 (RFC 8441) and says `hello`.
    pub(super) fn socket_by_http2(&self, case: &Case) -> Socket2 {
        block_on(async {
            let sender = self.speak_http2(case.from).await;
            // What the front offers has come by the time of an answer.
            let mut sender = sender.ready().await.unwrap();
            let first = as_http2(&super::case::case("first", "GET", "/public/a"), 1, &[]);
            let (answer, _) = sender.send_request(first.unwrap(), true).unwrap();
            answer.await.unwrap();
            let mut request = as_http2(case, 1, &[]).unwrap();
            *request.method_mut() = Method::CONNECT;
            let protocol = h2::ext::Protocol::from_static("websocket");
            request.extensions_mut().insert(protocol);
            let mut sender = sender.ready().await.unwrap();
            let on_offer = sender.is_extended_connect_protocol_enabled();
            let shouted = match sender.send_request(request, false) {
                Ok((answer, stream)) => shouted(answer, stream).await,
                Err(_) => None,
            };
            Socket2 { on_offer, shouted }
        })
    }

    async fn speak_http2(&self, from: IpAddr) -> SendRequest<Bytes> {
        let stream = self.connect(from);
        stream.set_nonblocking(true).unwrap();
        let stream = tokio::net::TcpStream::from_std(stream).unwrap();
        let stream = TlsConnector::from(Arc::clone(&self.http2))
            .connect(HOST.try_into().unwrap(), stream)
            .await
            .unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    fn connect(&self, from: IpAddr) -> TcpStream {
        let socket = Socket::new(Domain::for_address(self.address), Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::new(from, 0).into()).unwrap();
        socket.connect(&self.address.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true).unwrap();
        stream
    }
}

/// What came of a WebSocket by HTTP/2.
#[derive(Debug)]
pub(super) struct Socket2 {
    /// Whether the front says that it has such.
    pub(super) on_offer: bool,
    /// What came back; `None` where it was refused, in whatever way.
    pub(super) shouted: Option<String>,
}

async fn shouted(answer: ResponseFuture, mut stream: SendStream<Bytes>) -> Option<String> {
    let answer = answer.await.ok()?;
    if answer.status() != 200 {
        return None;
    }
    stream.send_data(Bytes::from_static(b"hello"), false).ok()?;
    let data = answer.into_body().data().await?.ok()?;
    Some(String::from_utf8_lossy(&data).into_owned())
}

/// The case as HTTP/2, with each cookie in a field of its own; `None` for what can't be said there:
/// targets that are no path, and headers of a connection.
pub(super) fn as_http2(case: &Case, round: usize, cookies: &[String]) -> Option<Request<()>> {
    let target = case.target;
    let uri = Uri::builder()
        .scheme("https")
        .authority(case.host)
        .path_and_query(target)
        .build()
        .ok()?;
    let as_written = uri.path_and_query().is_some_and(|it| it.as_str() == target);
    // Targets are written with a character for each byte.
    if !target.starts_with('/') || !target.is_ascii() || !as_written {
        return None;
    }
    let mut request = Request::builder()
        .method(case.method)
        .uri(uri)
        .version(Version::HTTP_2);
    for (name, value) in &case.headers {
        let value = value.replace("ROUND", &round.to_string());
        if name.eq_ignore_ascii_case("connection") {
            return None;
        } else if name.eq_ignore_ascii_case("cookie") {
            for cookie in value.split("; ") {
                request = request.header("cookie", cookie);
            }
        } else {
            request = request.header(*name, value);
        }
    }
    for cookie in cookies {
        request = request.header("cookie", cookie);
    }
    Some(request.body(()).unwrap())
}

fn message(headers: &HeaderMap, body: Vec<u8>) -> Message {
    let mut head = String::from("HTTP/2\r\n");
    for (name, value) in headers {
        let value: String = value.as_bytes().iter().copied().map(char::from).collect();
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    Message {
        head,
        body,
        whole: true,
        ..Message::default()
    }
}
