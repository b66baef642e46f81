//! One bounded exchange.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::{OnceCell, Semaphore};
use tower::Service;
use url::{Host, Url};

use super::address::is_private;

/// Largest body that is read, in bytes.
const BODY_LIMIT_BYTES: usize = 1024 * 1024;
/// Calls at a time; further ones wait for their turn within their own time.
const MAX_CALLS: usize = 64;
const IDLE: Duration = Duration::from_secs(60);
const IDLE_PER_HOST: usize = 8;

/// Which addresses may be called.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Whether private addresses are out of reach (`clients.http.disallow_private_ip_ranges`).
    pub public_only: bool,
    /// URLs that are within reach all the same, to the letter.
    pub exceptions: Vec<String>,
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Its headers, but for `Host` and those about the connection.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// How long it may take, turn, connection and answer together.
    pub timeout: Duration,
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why there is no answer. None of them names headers or bodies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The address is not one that may be called.
    #[error("the address is private, and `clients.http.disallow_private_ip_ranges` is on")]
    Private,
    /// It took too long.
    #[error("no answer in time")]
    TooLate,
    /// It can't be reached, or does not speak HTTP, or says too much.
    #[error("{0}")]
    Unreachable(String),
}

type Line<R> = Client<HttpsConnector<HttpConnector<R>>, Full<Bytes>>;

/// The client. Cheap to clone; clones share connections and limits.
#[derive(Clone, Debug)]
pub struct Outbound(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    reach: Reach,
    turns: Semaphore,
    /// Made at the first call: reading the system's certificates takes a while.
    anywhere: OnceCell<Line<GaiResolver>>,
    public: OnceCell<Line<PublicResolver>>,
}

impl Outbound {
    /// A client that stays within `reach`.
    #[must_use]
    pub fn new(reach: Reach) -> Self {
        Self(Arc::new(Inner {
            reach,
            turns: Semaphore::new(MAX_CALLS),
            anywhere: OnceCell::new(),
            public: OnceCell::new(),
        }))
    }

    /// Sends a call and reads its answer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn send(&self, call: Call) -> Result<Reply, OutboundError> {
        let timeout = call.timeout;
        match tokio::time::timeout(timeout, self.send_in_turn(call)).await {
            Ok(reply) => reply,
            Err(_late) => Err(OutboundError::TooLate),
        }
    }

    async fn send_in_turn(&self, call: Call) -> Result<Reply, OutboundError> {
        let inner = &*self.0;
        let turn = inner.turns.acquire().await;
        let _turn = turn.map_err(|_closed| OutboundError::TooLate)?;
        let excepted = inner
            .reach
            .exceptions
            .iter()
            .any(|url| *url == call.url.as_str());
        if !inner.reach.public_only || excepted {
            let line = inner
                .anywhere
                .get_or_try_init(|| async { line(GaiResolver::new()) });
            return exchange(line.await?, call).await;
        }
        // A literal address is never resolved.
        let literal = match call.url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => None,
        };
        if literal.is_some_and(is_private) {
            return Err(OutboundError::Private);
        }
        let line = inner
            .public
            .get_or_try_init(|| async { line(PublicResolver::new()) });
        exchange(line.await?, call).await
    }
}

async fn exchange<R>(line: &Line<R>, call: Call) -> Result<Reply, OutboundError>
where
    HttpsConnector<HttpConnector<R>>: hyper_util::client::legacy::connect::Connect + Clone,
    HttpsConnector<HttpConnector<R>>: Send + Sync + 'static,
{
    let mut request = Request::new(Full::new(call.body));
    *request.method_mut() = call.method;
    *request.headers_mut() = call.headers;
    let uri = call.url.as_str().parse();
    *request.uri_mut() = uri.map_err(|_| unreachable("the URL can't be called"))?;
    let response = line.request(request).await;
    let response = response.map_err(|error| told(&error))?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, BODY_LIMIT_BYTES).collect().await;
    let body = body.map_err(|error| told(&*error))?.to_bytes();
    Ok(Reply {
        status: head.status,
        headers: head.headers,
        body,
    })
}

fn line<R: Clone>(resolver: R) -> Result<Line<R>, OutboundError>
where
    HttpsConnector<HttpConnector<R>>: hyper_util::client::legacy::connect::Connect + Clone,
{
    let mut tcp = HttpConnector::new_with_resolver(resolver);
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(&provider));
    let verifier = verifier.map_err(|error| unreachable(&error.to_string()))?;
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unreachable(&error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .build(connector))
}

/// Resolves names to addresses of the public network alone, at the very moment of the call: a name
/// that changes its mind gains nothing.
#[derive(Clone, Debug)]
struct PublicResolver(GaiResolver);

impl PublicResolver {
    fn new() -> Self {
        Self(GaiResolver::new())
    }
}

impl Service<Name> for PublicResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = std::pin::Pin<
        Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send + 'static>,
    >;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolving = self.0.call(name);
        Box::pin(async move {
            let found: Vec<SocketAddr> = resolving.await?.collect();
            let public = |address: &SocketAddr| !is_private(address.ip());
            let public: Vec<SocketAddr> = found.into_iter().filter(public).collect();
            if public.is_empty() {
                return Err(Box::new(OutboundError::Private) as Self::Error);
            }
            Ok(public.into_iter())
        })
    }
}

fn unreachable(why: &str) -> OutboundError {
    OutboundError::Unreachable(why.to_owned())
}

/// The error with its causes. They name addresses, never headers.
fn told(error: &(dyn Error + 'static)) -> OutboundError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(ours) = error.downcast_ref::<OutboundError>() {
            return ours.clone();
        }
        text = format!("{text}: {error}");
        cause = error.source();
    }
    OutboundError::Unreachable(text)
}
