//! Opening connections: names, sockets, TLS, and which protocol is spoken then.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use hyper::client::conn::http2;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};

use super::super::body::RequestBody;
use super::super::stream::{Plain, Stream};
use super::super::worker::{LocalExecutor, Worker};
use super::tls::{TlsError, offered};
use super::{Connectors, Link, Node, Upstream};
use crate::clock::Monotonic;
use crate::policy::{self, Endpoint, EndpointAddress, UpstreamProtocol};

/// How long addresses of a name are used before it is looked up again.
const ADDRESSES_FRESH: Duration = Duration::from_secs(5);

/// Why no connection could be made.
#[derive(Debug, thiserror::Error)]
pub(in crate::gateway) enum ConnectError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Tls(#[from] TlsError),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("no connection within {} ms", .0.as_millis())]
    TimedOut(Duration),
    #[error("the other end does not speak HTTP/2")]
    NotHttp2,
}

/// An open connection.
pub(in crate::gateway) enum Opened {
    /// Serves one request at a time.
    Http1(Box<Link>),
    /// Serves many; clones share it.
    Http2(http2::SendRequest<RequestBody>),
}

/// Addresses of a name, as last looked up.
#[derive(Default)]
pub(super) struct Addresses(RefCell<Option<(Monotonic, Vec<SocketAddr>)>>);

/// Takes a pooled connection or opens one; the flag says that it is a pooled one. `http1` asks for
/// a connection that can be turned into a tunnel.
pub(in crate::gateway) async fn open(
    worker: &Worker,
    upstream: &Upstream,
    node: &Rc<Node>,
    http1: bool,
) -> Result<(Opened, bool), ConnectError> {
    if let Some(pooled) = pooled(node, http1) {
        return Ok((pooled, true));
    }
    let limit = upstream.config.connect_timeout;
    let opening = Box::pin(open_new(worker, upstream, node, http1));
    match tokio::time::timeout(limit, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(ConnectError::TimedOut(limit)),
    }
}

fn pooled(node: &Node, http1: bool) -> Option<Opened> {
    if !http1 {
        let mut shared = node.shared.borrow_mut();
        match &*shared {
            Some(sender) if !sender.is_closed() => return Some(Opened::Http2(sender.clone())),
            Some(_) => *shared = None,
            None => {}
        }
    }
    node.checkout().map(Opened::Http1)
}

async fn open_new(
    worker: &Worker,
    upstream: &Upstream,
    node: &Rc<Node>,
    http1: bool,
) -> Result<(Opened, bool), ConnectError> {
    let protocol = match upstream.config.protocol {
        UpstreamProtocol::Auto if http1 => UpstreamProtocol::Http1,
        protocol @ (UpstreamProtocol::Auto
        | UpstreamProtocol::Http1
        | UpstreamProtocol::H2
        | UpstreamProtocol::H2c) => protocol,
    };
    let may_share = match protocol {
        UpstreamProtocol::Http1 => false,
        UpstreamProtocol::Auto => node.endpoint.tls,
        UpstreamProtocol::H2 | UpstreamProtocol::H2c => true,
    };
    // One connection is enough for all who wait for a shared one.
    let _turn = if may_share {
        let turn = node.connecting.lock().await;
        if let Some(pooled) = pooled(node, http1) {
            return Ok((pooled, true));
        }
        Some(turn)
    } else {
        None
    };
    let connectors = &worker.shared.connectors;
    let config = &upstream.config;
    let plain = open_plain(&node.endpoint, Some((&node.addresses, worker.alarms.now()))).await?;
    let stream = secure(plain, config, &node.endpoint, connectors, offered(protocol)).await?;
    let h2 = match protocol {
        UpstreamProtocol::Http1 => false,
        UpstreamProtocol::Auto => stream.negotiated_h2(),
        UpstreamProtocol::H2 if !stream.negotiated_h2() => return Err(ConnectError::NotHttp2),
        UpstreamProtocol::H2 | UpstreamProtocol::H2c => true,
    };
    if !h2 {
        return Ok((Opened::Http1(worker.http1.handshake(stream).await?), false));
    }
    let (sender, connection) = http2::Builder::new(LocalExecutor)
        .initial_stream_window_size(1024 * 1024)
        .initial_connection_window_size(4 * 1024 * 1024)
        .handshake(TokioIo::new(stream))
        .await?;
    LocalExecutor::run(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to an upstream ended");
        }
    });
    *node.shared.borrow_mut() = Some(sender.clone());
    Ok((Opened::Http2(sender), false))
}

/// Opens a stream to an endpoint, TLS included. `protocols` overrides what is offered.
pub(super) async fn open_stream(
    upstream: &policy::Upstream,
    endpoint: &Endpoint,
    connectors: &Connectors,
    protocols: Option<&[&'static [u8]]>,
) -> Result<Stream, ConnectError> {
    let plain = open_plain(endpoint, None).await?;
    let protocols = protocols.unwrap_or_else(|| offered(upstream.protocol));
    secure(plain, upstream, endpoint, connectors, protocols).await
}

async fn secure(
    plain: Plain,
    upstream: &policy::Upstream,
    endpoint: &Endpoint,
    connectors: &Connectors,
    protocols: &[&'static [u8]],
) -> Result<Stream, ConnectError> {
    if !endpoint.tls {
        return Ok(Stream::Plain(plain));
    }
    let (connector, name) = connectors.of(&upstream.tls, endpoint, protocols)?;
    let tls = connector.connect(name, plain).await?;
    Ok(Stream::Tls(Box::new(tls.into())))
}

async fn open_plain(
    endpoint: &Endpoint,
    cache: Option<(&Addresses, Monotonic)>,
) -> Result<Plain, ConnectError> {
    let (host, port) = match &endpoint.address {
        EndpointAddress::Unix(path) => return Ok(Plain::Unix(UnixStream::connect(path).await?)),
        EndpointAddress::Tcp { host, port } => (host, *port),
    };
    let addresses = look_up(host, port, cache).await?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(Plain::Tcp(stream));
            }
            Err(error) => last = error,
        }
    }
    Err(last.into())
}

/// Addresses of `host`. When a name can't be looked up any more, the ones known before serve on.
async fn look_up(
    host: &str,
    port: u16,
    cache: Option<(&Addresses, Monotonic)>,
) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    if let Some((Addresses(known), now)) = cache
        && let Some((since, addresses)) = &*known.borrow()
        && now.since(*since) < ADDRESSES_FRESH
    {
        return Ok(addresses.clone());
    }
    match (tokio::net::lookup_host((host, port)).await, cache) {
        (Ok(found), cache) => {
            let found: Vec<SocketAddr> = found.collect();
            if let Some((Addresses(known), now)) = cache {
                *known.borrow_mut() = Some((now, found.clone()));
            }
            Ok(found)
        }
        (Err(error), Some((Addresses(known), _))) => match &*known.borrow() {
            Some((_, addresses)) => Ok(addresses.clone()),
            None => Err(error),
        },
        (Err(error), None) => Err(error),
    }
}
