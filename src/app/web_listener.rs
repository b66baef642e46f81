//! Listeners of the service runtime: the admin API and, where it has an address of its own, the
//! identity service. The proxy has its own, on the workers.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{ServiceBuilder, ServiceExt};

use crate::gateway::Tls;

/// How long a request head, and a TLS handshake, may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest request head.
const HEAD_SIZE_BYTES: usize = 64 * 1024;
/// Pause after the system refused to hand out a connection (no file descriptor left, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A router on an address of its own.
pub(super) struct WebListener {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
    router: Router,
}

impl WebListener {
    /// Takes the address. Nothing is accepted until [`WebListener::run`].
    pub(super) async fn bind(
        address: SocketAddr,
        tls: Option<Tls>,
        router: Router,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            tls,
            router,
        })
    }

    /// Where it really listens (port 0 took a free one).
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then lets requests under way finish.
    pub(super) async fn run(self, stop: CancellationToken) {
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let tls = self.tls.as_ref().map(Tls::acceptor);
                    let router = self.router.clone();
                    connections.spawn(serve(stream, peer, tls, router, stop.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        connections.close();
        connections.wait().await;
    }
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's algorithm");
    }
    let Some(acceptor) = tls else {
        return converse(stream, peer, router, stop).await;
    };
    match tokio::time::timeout(HEAD_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => converse(stream, peer, router, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_elapsed) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn converse<S>(stream: S, peer: SocketAddr, router: Router, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = ServiceBuilder::new()
        .map_request(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.map(axum::body::Body::new)
        })
        .service(router)
        .map_err(|never: std::convert::Infallible| match never {});
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_SIZE_BYTES);
    builder.http2().timer(TokioTimer::new());
    let connection =
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
