//! One bounded exchange over kept connections.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Semaphore;

use crate::whoami::WhoamiError;

/// Largest body that is read, in bytes.
const BODY_LIMIT: usize = 256 * 1024;
/// Requests that may wait for a connection, for each connection.
const QUEUE_PER_CONNECTION: usize = 16;
/// Idle connections are dropped before Kratos (120 s) drops them.
const IDLE: Duration = Duration::from_secs(60);

/// An answer, whole.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A pooled client with limits on everything. Follows no redirect, decodes no compression.
pub(super) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    connections: Semaphore,
    queue: usize,
    waiting: AtomicUsize,
}

impl Transport {
    /// At most `connections` at a time; `tls` says whether any address needs it.
    ///
    /// # Errors
    /// The system's trusted certificates can't be read.
    pub(super) fn new(connections: usize, tls: bool) -> Result<Self, rustls::Error> {
        let connections = connections.max(1);
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls_config(tls)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(connections)
            .http1_max_buf_size(BODY_LIMIT)
            .build(connector);
        Ok(Self {
            client,
            connections: Semaphore::new(connections),
            queue: connections.saturating_mul(QUEUE_PER_CONNECTION),
            waiting: AtomicUsize::new(0),
        })
    }

    /// Sends `request` and reads the answer whole, within `timeout`.
    pub(super) async fn exchange(
        &self,
        request: Request<Empty<Bytes>>,
        timeout: Duration,
    ) -> Result<Reply, WhoamiError> {
        match tokio::time::timeout(timeout, self.queue_and_send(request)).await {
            Ok(reply) => reply,
            Err(_) => Err(unreachable("no answer in time")),
        }
    }

    async fn queue_and_send(&self, request: Request<Empty<Bytes>>) -> Result<Reply, WhoamiError> {
        let place = Place::take(&self.waiting, self.queue)?;
        let permit = self
            .connections
            .acquire()
            .await
            .map_err(|_| WhoamiError::Overloaded)?;
        drop(place);
        let reply = self.send(request).await;
        drop(permit);
        reply
    }

    async fn send(&self, request: Request<Empty<Bytes>>) -> Result<Reply, WhoamiError> {
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| unreachable(&chain(&error)))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, BODY_LIMIT)
            .collect()
            .await
            .map_err(|error| unreachable(&chain(&*error)))?
            .to_bytes();
        Ok(Reply {
            status: head.status,
            headers: head.headers,
            body,
        })
    }
}

impl Reply {
    /// Whether it says that its body is plain JSON.
    pub(super) fn is_json(&self) -> bool {
        let media_type = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let json = media_type.is_some_and(|value| {
            let essence = value.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/json")
        });
        json && !self.headers.contains_key(CONTENT_ENCODING)
    }
}

/// A place in the queue, given back however the wait ends.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, limit: usize) -> Result<Self, WhoamiError> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::AcqRel) >= limit {
            return Err(WhoamiError::Overloaded);
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Reading the system's certificates takes a while, so it is left out where nothing needs it.
fn tls_config(needed: bool) -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    if !needed {
        let none = rustls::RootCertStore::empty();
        return Ok(builder.with_root_certificates(none).with_no_client_auth());
    }
    let verifier = Arc::new(rustls_platform_verifier::Verifier::new(provider)?);
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

fn unreachable(why: &str) -> WhoamiError {
    WhoamiError::Unreachable(why.into())
}

/// The error with its causes, for the log. They name addresses, never headers.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
