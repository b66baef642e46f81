//! The gate in front of a service.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::{ConnectInfo, MatchedPath, OriginalUri};
use bytes::Bytes;
use http::header::SET_COOKIE;
use http::{Request, Response, Uri};
use http_body::Body;
use http_body_util::{Either, Full};
use tower::{Layer, Service};

use super::gate::{Connection, Gate};

/// Puts a [`Gate`] in front of services.
///
/// The client's address is taken from the request's extensions: a [`Connection`], or axum's
/// `ConnectInfo<SocketAddr>` (serve with `into_make_service_with_connect_info`). Without either it
/// is `0.0.0.0`, which no network of a rule should hold.
///
/// Around a whole service the layer also brings each request into its canonical form. Inside an
/// axum `Router` (`Router::layer`) the route is chosen before the layer is asked, so a request whose
/// target is not in that form is refused with 400 there: the route could be another than the one
/// that was judged.
#[derive(Clone)]
pub struct GateLayer {
    gate: Gate,
}

impl GateLayer {
    /// The layer of this gate.
    #[must_use]
    pub const fn new(gate: Gate) -> Self {
        Self { gate }
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = GateService<S>;

    fn layer(&self, inner: S) -> GateService<S> {
        GateService {
            gate: self.gate.clone(),
            inner,
        }
    }
}

/// A service behind a [`Gate`].
#[derive(Clone)]
pub struct GateService<S> {
    gate: Gate,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for GateService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<Either<R, Full<Bytes>>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let gate = self.gate.clone();
        // What was made ready is what has to be called.
        let waiting = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, waiting);
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            let connection = connection(&head.extensions);
            let checked = match routed(&head) {
                Some(asked) => gate.check_routed(&mut head, asked, connection).await,
                None => {
                    let checked = gate.check(&mut head, connection).await;
                    // What comes behind the gate is asked for the canonical address.
                    if let Some(OriginalUri(asked)) = head.extensions.get_mut::<OriginalUri>() {
                        asked.clone_from(&head.uri);
                    }
                    checked
                }
            };
            match checked {
                Ok(passed) => {
                    let mut response = inner.call(Request::from_parts(head, body)).await?;
                    for cookie in passed.set_cookies {
                        response.headers_mut().append(SET_COOKIE, cookie);
                    }
                    Ok(response.map(Either::Left))
                }
                Err(refused) => Ok(refused.map(|content| Either::Right(Full::new(content)))),
            }
        })
    }
}

/// The address that was asked for, where an axum router went by it already: it matched a route, or
/// took a prefix off.
fn routed(head: &http::request::Parts) -> Option<Uri> {
    let asked = head.extensions.get::<OriginalUri>();
    let asked = asked.map_or(&head.uri, |OriginalUri(asked)| asked);
    let matched = head.extensions.get::<MatchedPath>().is_some();
    (matched || *asked != head.uri).then(|| asked.clone())
}

fn connection(extensions: &http::Extensions) -> Connection {
    if let Some(connection) = extensions.get::<Connection>() {
        return *connection;
    }
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    Connection {
        peer: peer.map_or(unknown, |ConnectInfo(peer)| peer.ip()),
    }
}
