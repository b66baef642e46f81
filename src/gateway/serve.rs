//! One client connection from its first byte to its last.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::client::{ClientConnection, Ending};
use super::config::Limits;
use super::listener::Door;
use super::preface;
use super::stream::{Plain, Stream};
use super::tunnel::carry;
use super::turn;
use super::watched::Watched;
use super::worker::{Admission, LocalExecutor, Worker};

/// What a client that speaks HTTP/2 without being asked sends first (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What a request body may leave behind for us to read before the connection is closed, so that
/// the answer is not lost to a reset.
const LINGER_BYTES: usize = 256 * 1024;
/// How long that may take.
const LINGER: Duration = Duration::from_secs(2);
/// Buffer for one HTTP/1.1 connection, at most; grows only as needed.
const BUFFER: usize = 64 * 1024;

const HEAD_TIMEOUT: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\
    content-type: application/json\r\ncontent-length: 118\r\n\r\n\
    {\"error\":{\"id\":\"timeout\",\"code\":408,\"status\":\"Request Timeout\",\
    \"reason\":\"the request head did not arrive in time\"}}\n";

/// Settings of the protocols, for all connections of a worker.
pub(super) struct Protocols {
    http1: http1::Builder,
    http2: http2::Builder<LocalExecutor>,
}

impl Protocols {
    pub(super) fn new(limits: &Limits) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .header_read_timeout(None)
            .max_header_size(limits.header_size)
            .max_buf_size(BUFFER.max(limits.header_size.saturating_add(8 * 1024)));
        if limits.header_count != 100 {
            http1.max_headers(limits.header_count);
        }
        let mut http2 = http2::Builder::new(LocalExecutor);
        http2
            .max_concurrent_streams(limits.h2_concurrent_streams)
            .max_header_list_size(u32::try_from(limits.header_size).unwrap_or(u32::MAX))
            .initial_stream_window_size(256 * 1024)
            .initial_connection_window_size(1024 * 1024)
            .max_send_buf_size(128 * 1024)
            .enable_connect_protocol();
        Self { http1, http2 }
    }
}

/// Serves a connection.
pub(super) async fn serve(
    worker: Rc<Worker>,
    door: Rc<Door>,
    stream: Plain,
    peer: IpAddr,
    admission: Admission,
) {
    let limit = worker.shared.config.timeouts.request_header;
    let known = if door.proxy_protocol {
        let reading = preface::read(&door, stream, peer);
        tokio::time::timeout(limit, Box::pin(reading)).await
    } else {
        Ok(Ok((stream, peer)))
    };
    match known {
        Ok(Ok((stream, peer))) => {
            let client = ClientConnection::new(&worker, &door, peer);
            if let Err(error) = begin(&worker, &door, stream, &client).await {
                tracing::trace!(%error, peer = %client.peer, "a connection ended");
            }
        }
        Ok(Err(fault)) => fault.tell(peer),
        Err(_elapsed) => preface::Fault::Silence.tell(peer),
    }
    drop(admission);
}

async fn begin(
    worker: &Rc<Worker>,
    door: &Door,
    stream: Plain,
    client: &Rc<ClientConnection>,
) -> io::Result<()> {
    let Some(tls) = &door.tls else {
        let mut stream = Stream::Plain(stream);
        let (first, h2) = first_bytes(&mut stream, client).await?;
        return if h2 {
            Box::pin(serve_http2(worker, stream, first, client)).await
        } else {
            serve_http1(worker, stream, first, client).await
        };
    };
    let handshake = Box::pin(tls.acceptor().accept(stream));
    let limit = worker.shared.config.timeouts.tls_handshake;
    let stream = tokio::time::timeout(limit, handshake).await??;
    let stream = Stream::Tls(Box::new(stream.into()));
    if stream.negotiated_h2() {
        Box::pin(serve_http2(worker, stream, Bytes::new(), client)).await
    } else {
        serve_http1(worker, stream, Bytes::new(), client).await
    }
}

/// Reads until it is clear whether the client speaks HTTP/2.
async fn first_bytes(stream: &mut Stream, client: &ClientConnection) -> io::Result<(Bytes, bool)> {
    let mut first = BytesMut::with_capacity(4 * 1024);
    loop {
        let size = {
            let mut reading = pin!(stream.read_buf(&mut first));
            poll_fn(|cx| match reading.as_mut().poll(cx) {
                Poll::Ready(read) => Poll::Ready(read),
                Poll::Pending if client.alarm.poll(cx).is_ready() => {
                    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
                }
                Poll::Pending => Poll::Pending,
            })
            .await?
        };
        if size == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let length = first.len().min(PREFACE.len());
        if first.get(..length) != PREFACE.get(..length) {
            return Ok((first.freeze(), false));
        }
        if length == PREFACE.len() {
            return Ok((first.freeze(), true));
        }
    }
}

async fn serve_http2(
    worker: &Rc<Worker>,
    stream: Stream,
    first: Bytes,
    client: &Rc<ClientConnection>,
) -> io::Result<()> {
    client.scan.borrow_mut().switch_off();
    let io = TokioIo::new(Watched::new(stream, first, Rc::clone(client)));
    let service = service_fn(|request| turn::serve(Rc::clone(client), request));
    let mut http = pin!(worker.protocols.http2.serve_connection(io, service));
    poll_fn(|cx| {
        if client.alarm.poll(cx).is_ready() {
            match client.answer_alarm() {
                Ending::Graceful => http.as_mut().graceful_shutdown(),
                Ending::HeadTimeout | Ending::Abort => {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
        http.as_mut().poll(cx).map_err(io::Error::other)
    })
    .await
}

/// How serving HTTP/1.1 came to its end.
enum Ended {
    ByItself(hyper::Result<()>),
    HeadTimeout,
    Aborted,
}

async fn serve_http1(
    worker: &Rc<Worker>,
    stream: Stream,
    first: Bytes,
    client: &Rc<ClientConnection>,
) -> io::Result<()> {
    let io = TokioIo::new(Watched::new(stream, first, Rc::clone(client)));
    let service = service_fn(|request| turn::serve(Rc::clone(client), request));
    let mut http = worker.protocols.http1.serve_connection(io, service);
    let ended = poll_fn(|cx| {
        if client.alarm.poll(cx).is_ready() {
            match client.answer_alarm() {
                Ending::Graceful => Pin::new(&mut http).graceful_shutdown(),
                Ending::HeadTimeout => return Poll::Ready(Ended::HeadTimeout),
                Ending::Abort => return Poll::Ready(Ended::Aborted),
            }
        }
        Pin::new(&mut http).poll(cx).map(Ended::ByItself)
    })
    .await;
    let tunnel = client.tunnel.borrow_mut().take();
    let parts = http.into_parts();
    let mut stream = parts.io.into_inner();
    match (ended, tunnel) {
        (Ended::ByItself(Ok(())), Some(tunnel)) => {
            client.scan.borrow_mut().switch_off();
            Box::pin(carry(stream, parts.read_buf, tunnel)).await;
            Ok(())
        }
        (Ended::ByItself(outcome), _) => {
            if outcome.as_ref().is_err_and(hyper::Error::is_parse) {
                client.unparsed();
            }
            if client.scan.borrow().in_body() {
                linger(&mut stream).await;
            }
            outcome.map_err(io::Error::other)
        }
        (Ended::HeadTimeout, _) => {
            client.unparsed();
            if stream.is_flushed() {
                let telling = async {
                    stream.write_all(HEAD_TIMEOUT).await?;
                    stream.shutdown().await
                };
                drop(tokio::time::timeout(LINGER, telling).await);
            }
            Err(io::ErrorKind::TimedOut.into())
        }
        (Ended::Aborted, _) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Reads what the client is still sending and throws it away, within bounds: closing with unread
/// bytes would reset the connection and take the answer with it.
async fn linger(stream: &mut Watched) {
    let reading = async {
        let mut waste = [0_u8; 4 * 1024];
        let mut left = LINGER_BYTES;
        while left > 0 {
            match stream.read(&mut waste).await {
                Ok(0) | Err(_) => return,
                Ok(size) => left = left.saturating_sub(size),
            }
        }
    };
    drop(tokio::time::timeout(LINGER, Box::pin(reading)).await);
}
