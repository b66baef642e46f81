//! Sending one request, a second time where that is safe.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;

use super::connect::{ConnectError, Opened, open};
use super::{Lease, Link, Upstream};
use crate::gateway::body::RequestBody;
use crate::gateway::exchange::{Exchange, Upload, UploadFault};
use crate::gateway::mount::Passage;
use crate::policy::{HostRewrite, Permit};
use crate::streams::Cause;

/// Why there is no answer to pass on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Failure {
    /// No connection.
    Unreachable,
    /// No connection in time, or no answer in time.
    TimedOut,
    /// The connection broke, or the answer is no proper HTTP.
    Broken,
    /// The client's own body is at fault.
    Client(UploadFault),
    /// The request is no longer allowed.
    Cut(Cause),
}

/// One try that did not work.
struct Attempt {
    failure: Failure,
    /// The request, where none of it was written.
    unsent: Option<Request<RequestBody>>,
    /// It was lost on a connection that may have been closed before the request came.
    stale: bool,
}

/// Sends a permitted request to its upstream and waits for the head of the answer.
pub(in crate::gateway) async fn send(
    permit: &Permit,
    upstream: &Rc<Upstream>,
    exchange: &Rc<Exchange>,
    request: Request<RequestBody>,
    key: &[u8],
    tunnel: bool,
) -> Result<(Response<Incoming>, Lease), Failure> {
    let manner = Manner {
        key,
        tunnel,
        host_of_endpoint: wants_host_of_endpoint(permit),
    };
    send_to(upstream, exchange, request, manner).await
}

/// How a request is to be sent.
#[derive(Clone, Copy)]
struct Manner<'a> {
    /// What a session's requests are kept together by.
    key: &'a [u8],
    /// The answer may switch protocols.
    tunnel: bool,
    /// `Host` is that of whichever endpoint is chosen.
    host_of_endpoint: bool,
}

impl Manner<'_> {
    fn name_host(&self, node: &super::Node, request: &mut Request<RequestBody>) {
        if self.host_of_endpoint
            && let Ok(host) = HeaderValue::from_str(&node.endpoint.authority)
        {
            request.headers_mut().insert(HOST, host);
        }
    }
}

fn wants_host_of_endpoint(permit: &Permit) -> bool {
    let changes = permit.rule().handling().changes();
    let rewrite = changes.and_then(|changes| changes.rewrite.as_ref());
    rewrite.is_some_and(|rewrite| rewrite.host == HostRewrite::Upstream)
}

/// The same for what belongs to no rule: the public API of the identity service.
pub(in crate::gateway) async fn send_to_identity(
    _passage: &Passage,
    upstream: &Rc<Upstream>,
    exchange: &Rc<Exchange>,
    request: Request<RequestBody>,
) -> Result<(Response<Incoming>, Lease), Failure> {
    let manner = Manner {
        key: &[],
        tunnel: false,
        host_of_endpoint: false,
    };
    send_to(upstream, exchange, request, manner).await
}

async fn send_to(
    upstream: &Rc<Upstream>,
    exchange: &Rc<Exchange>,
    mut request: Request<RequestBody>,
    manner: Manner<'_>,
) -> Result<(Response<Incoming>, Lease), Failure> {
    let (Manner { key, tunnel, .. }, worker) = (manner, &exchange.client.worker);
    let mut tried = Vec::new();
    let mut retries = upstream.config.retries;
    loop {
        let now = worker.alarms.now();
        let node = upstream
            .choose(now, key, &tried)
            .and_then(|index| Some((index, upstream.nodes.get(index)?)));
        let Some((index, node)) = node else {
            return Err(Failure::Unreachable);
        };
        manner.name_host(node, &mut request);
        let opened = open(worker, upstream, node, tunnel).await;
        let (opened, pooled) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                tracing::warn!(
                    upstream = %upstream.config.name,
                    endpoint = %node.endpoint.authority,
                    %error,
                    "no connection to an upstream"
                );
                node.health.failed(now, &upstream.config.health);
                if retries == 0 {
                    return Err(unreachable_because(&error));
                }
                retries -= 1;
                tried.push(index);
                continue;
            }
        };
        exchange.await_head(upstream.config.response_header_timeout);
        let copy = (pooled && retries > 0)
            .then(|| repeatable(&request))
            .flatten();
        let outcome = match opened {
            Opened::Http1(link) => over_http1(link, node, exchange, request).await,
            Opened::Http2(mut sender) => {
                let lease = Lease::new(node, None, now);
                for_http2(&mut request, node.endpoint.tls);
                let sending = sender.try_send_request(request);
                wait(sending, None, exchange)
                    .await
                    .map(|answer| (answer, lease))
            }
        };
        let attempt = match outcome {
            Ok((answer, lease)) => {
                node.health.answered();
                return check(answer, tunnel).map(|answer| (answer, lease));
            }
            Err(attempt) => attempt,
        };
        if let Failure::Client(_) = attempt.failure {
            return Err(attempt.failure);
        }
        let again = attempt.unsent.or_else(|| copy.filter(|_| attempt.stale));
        match again {
            Some(again) if retries > 0 => {
                retries -= 1;
                request = again;
            }
            Some(_) | None => {
                node.health.failed(now, &upstream.config.health);
                return Err(attempt.failure);
            }
        }
    }
}

const fn unreachable_because(error: &ConnectError) -> Failure {
    match error {
        ConnectError::TimedOut(_) => Failure::TimedOut,
        ConnectError::Io(_)
        | ConnectError::Tls(_)
        | ConnectError::Http(_)
        | ConnectError::NotHttp2 => Failure::Unreachable,
    }
}

/// A copy to send again: only of a request that does no harm when done twice (RFC 9110 section
/// 9.2.2) and has no body.
fn repeatable(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    let method = request.method();
    let idempotent = matches!(
        *method,
        Method::GET | Method::HEAD | Method::PUT | Method::DELETE | Method::OPTIONS
    );
    if !idempotent || !request.body().is_empty() {
        return None;
    }
    let mut copy = Request::new(RequestBody::Empty);
    copy.method_mut().clone_from(method);
    copy.uri_mut().clone_from(request.uri());
    *copy.version_mut() = request.version();
    copy.headers_mut().clone_from(request.headers());
    Some(copy)
}

/// HTTP/2 names the host in its own field, and delimits bodies itself.
fn for_http2(request: &mut Request<RequestBody>, tls: bool) {
    request.headers_mut().remove(TRANSFER_ENCODING);
    // Without `Host` it was made ready for an earlier try.
    let Some(host) = request.headers_mut().remove(HOST) else {
        return;
    };
    let mut parts = request.uri().clone().into_parts();
    parts.scheme = Some(if tls { Scheme::HTTPS } else { Scheme::HTTP });
    parts.authority = Authority::try_from(host.as_bytes()).ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

/// Undoes [`for_http2`], for a try on an endpoint that speaks the older protocol.
fn for_http1(request: &mut Request<RequestBody>) {
    let Some(authority) = request.uri().authority() else {
        return;
    };
    let host = HeaderValue::from_str(authority.as_str());
    let target = request.uri().path_and_query().cloned();
    if let (Ok(host), Some(target)) = (host, target) {
        request.headers_mut().insert(HOST, host);
        *request.uri_mut() = Uri::from(target);
    }
    if !request.body().is_empty() && request.body().size_hint().exact().is_none() {
        let chunked = HeaderValue::from_static("chunked");
        request.headers_mut().insert(TRANSFER_ENCODING, chunked);
    }
}

async fn over_http1(
    mut link: Box<Link>,
    node: &Rc<super::Node>,
    exchange: &Rc<Exchange>,
    mut request: Request<RequestBody>,
) -> Result<(Response<Incoming>, Lease), Attempt> {
    for_http1(&mut request);
    let sending = link.sender.try_send_request(request);
    let mut lease = Lease::new(node, Some(link), exchange.client.worker.alarms.now());
    let answer = wait(sending, Some(&mut lease), exchange).await?;
    Ok((answer, lease))
}

/// Waits for the head of the answer, and lets the connection work meanwhile.
async fn wait(
    sending: impl Future<Output = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>>,
    mut lease: Option<&mut Lease>,
    exchange: &Exchange,
) -> Result<Response<Incoming>, Attempt> {
    let mut sending = pin!(sending);
    let outcome = poll_fn(|cx| {
        if let Some(lease) = &mut lease {
            lease.drive(cx);
        }
        if let Poll::Ready(outcome) = sending.as_mut().poll(cx) {
            return Poll::Ready(Some(outcome));
        }
        exchange.alarm.poll(cx).map(|()| None)
    })
    .await;
    match outcome {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(mut error)) => {
            let unsent = error.take_message();
            let failure = match exchange.fault.get() {
                Some(fault) => Failure::Client(fault),
                None => Failure::Broken,
            };
            let error = error.into_error();
            tracing::debug!(%error, "a request to an upstream failed");
            // Lost before any byte of an answer came.
            let stale = error.is_incomplete_message() || error.is_closed() || is_reset(&error);
            Err(Attempt {
                failure,
                unsent,
                stale,
            })
        }
        None => {
            exchange.alarm.stop();
            let failure = match exchange.upload.get() {
                Upload::Client => Failure::Client(UploadFault::Idle),
                Upload::Upstream | Upload::Done => Failure::TimedOut,
            };
            Err(Attempt {
                failure,
                unsent: None,
                stale: false,
            })
        }
    }
}

fn is_reset(error: &hyper::Error) -> bool {
    use std::error::Error as _;
    use std::io::ErrorKind;
    error
        .source()
        .and_then(|source| source.downcast_ref::<std::io::Error>())
        .is_some_and(|error| {
            matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
            )
        })
}

/// Refuses an answer whose end different readers would see in different places, or that switches
/// protocols unasked.
fn check(mut answer: Response<Incoming>, tunnel: bool) -> Result<Response<Incoming>, Failure> {
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS && !tunnel {
        return Err(Failure::Broken);
    }
    if !well_framed(answer.headers()) {
        return Err(Failure::Broken);
    }
    if answer.status() == StatusCode::NO_CONTENT {
        answer.headers_mut().remove(CONTENT_LENGTH);
    }
    Ok(answer)
}

fn well_framed(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return true;
    };
    coding
        .as_bytes()
        .trim_ascii()
        .eq_ignore_ascii_case(b"chunked")
        && codings.next().is_none()
        && !headers.contains_key(CONTENT_LENGTH)
}
