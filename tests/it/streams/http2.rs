//! Streams on HTTP/2: one is cut, the connection and the others on it go on.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};

use super::world::{RULES, World};
use crate::support::gateway::session;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(async { tokio::time::timeout(Duration::from_secs(30), future).await })
        .unwrap()
}

/// One message and then nothing, with trailers that never come.
struct Endless {
    begun: bool,
    /// The request is not over either.
    _request: Incoming,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if std::mem::replace(&mut self.begun, true) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"\0\0\0\0\x01a")))))
    }
}

async fn app() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper::service::service_fn(|request: Request<Incoming>| async move {
                let kind = request.headers().get("content-type").cloned();
                let mut answer = Response::new(Endless {
                    begun: false,
                    _request: request.into_body(),
                });
                if let Some(kind) = kind {
                    answer.headers_mut().insert("content-type", kind);
                }
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

fn world(app: SocketAddr) -> World {
    let url = format!("url: \"http://{app}\", protocol: h2c");
    let rules = RULES.replace("url: \"UPSTREAM\"", &url);
    tokio::task::block_in_place(|| World::with(&rules, "", ""))
}

async fn h2c(address: SocketAddr) -> SendRequest<Empty<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    sender
}

async fn open(
    sender: &mut SendRequest<Empty<Bytes>>,
    target: &str,
    person: &str,
    kind: &str,
) -> Incoming {
    let request = Request::get(format!("http://app.test{target}"))
        .header("cookie", session(person))
        .header("content-type", kind)
        .body(Empty::new())
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body();
    let first = body.frame().await.unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "\0\0\0\0\x01a");
    body
}

async fn until_running(world: &World, streams: usize) {
    for _ in 0..500 {
        if world.gateway.running.streams().running() == streams {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{}", world.gateway.running.streams().running());
}

#[test]
fn a_grpc_stream_ends_with_a_status_that_says_why() {
    block_on(async {
        let world = world(app().await);
        let mut sender = h2c(world.gateway.address).await;
        let kind = "application/grpc+proto";
        let mut ada = open(&mut sender, "/one/call", "ada", kind).await;
        let mut bob = open(&mut sender, "/one/call", "bob", kind).await;
        until_running(&world, 2).await;
        tokio::task::block_in_place(|| world.revoke("ada"));
        let trailers = ada.frame().await.unwrap().unwrap().into_trailers().unwrap();
        assert_eq!(trailers["grpc-status"], "16");
        assert_eq!(trailers["grpc-message"], "the session has ended");
        assert!(ada.frame().await.is_none());
        until_running(&world, 1).await;
        // The same connection goes on, and so does the other stream.
        let _open = open(&mut sender, "/open/call", "nobody", kind).await;
        let quiet = tokio::time::timeout(Duration::from_millis(200), bob.frame()).await;
        assert!(quiet.is_err());
        tokio::task::block_in_place(|| world.revoke("bob"));
        assert!(bob.frame().await.unwrap().unwrap().is_trailers());
    });
}

#[test]
fn another_stream_is_reset() {
    block_on(async {
        let world = world(app().await);
        let mut sender = h2c(world.gateway.address).await;
        let mut ada = open(&mut sender, "/one/events", "ada", "text/event-stream").await;
        until_running(&world, 1).await;
        tokio::task::block_in_place(|| world.revoke("ada"));
        let broken = ada.frame().await.unwrap().unwrap_err();
        assert!(!broken.is_canceled(), "{broken:?}");
        let _bob = open(&mut sender, "/one/events", "bob", "text/event-stream").await;
    });
}
