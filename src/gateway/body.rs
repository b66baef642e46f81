//! Bodies on their way through, in both directions, never collected.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::LocalBody;
use super::exchange::{Exchange, Upload, UploadFault};
use super::upstream::Lease;
use crate::streams::Cause;

/// Status codes of gRPC.
const PERMISSION_DENIED: &str = "7";
const UNAVAILABLE: &str = "14";
const UNAUTHENTICATED: &str = "16";

/// Why a body ended before its end. The other side's message is aborted, never ended cleanly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    /// A request body over the limit.
    #[error("the request body is larger than allowed")]
    TooLarge,
    /// The client broke off, or its framing is wrong.
    #[error("the request body is broken")]
    Client,
    /// The upstream broke off, or its framing is wrong.
    #[error("the answer of the upstream is broken")]
    Upstream,
    /// Nothing moved for too long.
    #[error("nothing moved for too long")]
    Idle,
    /// It is no longer allowed.
    #[error("the session has ended or no longer does")]
    Cut,
}

/// A request body on its way to an upstream.
pub(super) enum RequestBody {
    /// None.
    Empty,
    /// As it comes from the client.
    Client(ClientBody),
    /// It is here already.
    Whole(Bytes),
}

/// A request body as it comes from the client.
pub(super) struct ClientBody {
    incoming: Incoming,
    exchange: Rc<Exchange>,
    /// Bytes that may still come.
    left: u64,
}

impl RequestBody {
    /// Wraps what the client sends.
    pub(super) fn new(incoming: Incoming, exchange: &Rc<Exchange>) -> Self {
        if incoming.is_end_stream() {
            return Self::Empty;
        }
        exchange.upload.set(Upload::Client);
        Self::Client(ClientBody {
            incoming,
            exchange: Rc::clone(exchange),
            left: exchange.client.worker.shared.config.limits.body_size,
        })
    }

    /// What was read before.
    pub(super) fn whole(bytes: Bytes) -> Self {
        if bytes.is_empty() {
            Self::Empty
        } else {
            Self::Whole(bytes)
        }
    }

    /// Whether there is none.
    pub(super) const fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Client(_) | Self::Whole(_) => false,
        }
    }
}

impl ClientBody {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let exchange = &self.exchange;
        if exchange.cut_for().is_some() {
            return Poll::Ready(Some(Err(BodyError::Cut)));
        }
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Pending => {
                exchange.upload.set(Upload::Client);
                Poll::Pending
            }
            Poll::Ready(None) => {
                exchange.upload_done();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(_))) => {
                exchange.fault.set(Some(UploadFault::Broken));
                Poll::Ready(Some(Err(BodyError::Client)))
            }
            Poll::Ready(Some(Ok(frame))) => {
                let size = frame.data_ref().map_or(0, Bytes::len);
                let Some(left) = self.left.checked_sub(size as u64) else {
                    exchange.fault.set(Some(UploadFault::TooLarge));
                    return Poll::Ready(Some(Err(BodyError::TooLarge)));
                };
                self.left = left;
                exchange.uploaded(size);
                if self.incoming.is_end_stream() {
                    exchange.upload_done();
                }
                Poll::Ready(Some(Ok(self.clean(frame))))
            }
        }
    }

    /// Trailers may say no more than headers may.
    fn clean(&self, frame: Frame<Bytes>) -> Frame<Bytes> {
        match frame.into_trailers() {
            Ok(trailers) => {
                let strip = &self.exchange.client.worker.shared.strip;
                let kept: HeaderMap = trailers
                    .iter()
                    .filter(|(name, _)| strip.may_be_trailer(name))
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect();
                Frame::trailers(kept)
            }
            Err(frame) => frame,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        match this {
            Self::Empty => Poll::Ready(None),
            Self::Client(body) => body.poll(cx),
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                *this = Self::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Client(body) => body.incoming.is_end_stream(),
            Self::Whole(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Client(body) => body.incoming.size_hint(),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
        }
    }
}

/// The body of an answer on its way to the client.
pub(super) struct ResponseBody {
    source: Source,
    exchange: Rc<Exchange>,
    /// It is a gRPC stream to an HTTP/2 client, which can be told why it ends.
    grpc: bool,
}

enum Source {
    /// Nothing more.
    Empty,
    /// Made here.
    Full(Bytes),
    /// From an HTTP/1.1 upstream; the connection is ours until the end.
    Http1(Incoming, Option<Lease>),
    /// From an HTTP/2 upstream.
    Http2(
        Incoming,
        #[allow(dead_code, reason = "counts as under way until dropped")] Lease,
    ),
    /// From a service of this process.
    Local(LocalBody),
}

impl ResponseBody {
    pub(super) fn empty(exchange: Rc<Exchange>) -> Self {
        Self::new(Source::Empty, exchange)
    }

    pub(super) fn full(bytes: Bytes, exchange: Rc<Exchange>) -> Self {
        Self::new(Source::Full(bytes), exchange)
    }

    pub(super) fn local(body: LocalBody, exchange: Rc<Exchange>) -> Self {
        exchange.await_body();
        Self::new(Source::Local(body), exchange)
    }

    fn new(source: Source, exchange: Rc<Exchange>) -> Self {
        let this = Self {
            source,
            exchange,
            grpc: false,
        };
        if this.is_end_stream() {
            this.exchange.complete.set(true);
        }
        this
    }

    /// The body of an upstream's answer. The connection goes back to its pool at the end.
    pub(super) fn upstream(incoming: Incoming, lease: Lease, exchange: Rc<Exchange>) -> Self {
        exchange.await_body();
        let source = if lease.is_http1() {
            if incoming.is_end_stream() {
                lease.give_back();
                Source::Empty
            } else {
                Source::Http1(incoming, Some(lease))
            }
        } else {
            Source::Http2(incoming, lease)
        };
        Self::new(source, exchange)
    }

    /// The same, for an answer whose end can carry a gRPC status.
    pub(super) const fn with_grpc_status(mut self, grpc: bool) -> Self {
        self.grpc = grpc;
        self
    }

    /// Leaves out content that was made here, and gives its length: there is none in an answer to
    /// HEAD. What comes from elsewhere knows that already.
    pub(super) fn leave_out(&mut self) -> Option<u64> {
        let Source::Full(bytes) = &self.source else {
            return None;
        };
        let length = bytes.len() as u64;
        self.source = Source::Empty;
        self.exchange.complete.set(true);
        Some(length)
    }

    const fn is_from_upstream(&self) -> bool {
        match self.source {
            Source::Http1(..) | Source::Http2(..) => true,
            Source::Empty | Source::Full(_) | Source::Local(_) => false,
        }
    }

    /// Ends what is no longer allowed: never as if it were whole, but a gRPC stream with a status.
    fn cut_short(&mut self, cause: Cause) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.source = Source::Empty;
        // It was ours to end, not the client's doing.
        self.exchange.complete.set(true);
        self.exchange.alarm.stop();
        Poll::Ready(Some(if self.grpc {
            Ok(Frame::trailers(grpc_status(cause)))
        } else {
            Err(BodyError::Cut)
        }))
    }

    fn poll_source(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.source {
            Source::Empty => Poll::Ready(None),
            Source::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.source = Source::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Source::Http1(incoming, lease) => poll_http1(incoming, lease, cx),
            Source::Http2(incoming, _) => Pin::new(incoming)
                .poll_frame(cx)
                .map_err(|_| BodyError::Upstream),
            Source::Local(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|_| BodyError::Upstream),
        }
    }
}

/// Polls the body, and, where that does not help, the connection that feeds it.
fn poll_http1(
    incoming: &mut Incoming,
    lease: &mut Option<Lease>,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
    for _ in 0..2 {
        match Pin::new(&mut *incoming).poll_frame(cx) {
            Poll::Ready(frame) => {
                let at_end = match &frame {
                    Some(Ok(frame)) => frame.is_trailers() || incoming.is_end_stream(),
                    None => true,
                    Some(Err(_)) => {
                        *lease = None;
                        false
                    }
                };
                if at_end && let Some(lease) = lease.take() {
                    lease.give_back();
                }
                return Poll::Ready(frame.map(|frame| frame.map_err(|_| BodyError::Upstream)));
            }
            Poll::Pending => {
                if let Some(lease) = lease {
                    lease.drive(cx);
                }
            }
        }
    }
    Pin::new(incoming)
        .poll_frame(cx)
        .map_err(|_| BodyError::Upstream)
}

/// The trailers that end a gRPC stream.
fn grpc_status(cause: Cause) -> HeaderMap {
    let status = match cause {
        Cause::Revoked | Cause::Expired | Cause::BelowRule => UNAUTHENTICATED,
        Cause::NoRule => PERMISSION_DENIED,
        Cause::Unverified => UNAVAILABLE,
    };
    let mut trailers = HeaderMap::with_capacity(2);
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    trailers.insert("grpc-message", HeaderValue::from_static(cause.reason()));
    trailers
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        // An answer of our own says why, and is given whole.
        if let Some(cause) = this.exchange.cut_for()
            && this.is_from_upstream()
        {
            return this.cut_short(cause);
        }
        let polled = this.poll_source(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let size = frame.data_ref().map_or(0, Bytes::len);
                this.exchange.downloaded(size);
                if this.is_end_stream() {
                    this.exchange.complete.set(true);
                }
            }
            Poll::Ready(None) => this.exchange.complete.set(true),
            Poll::Ready(Some(Err(_))) => {}
            Poll::Pending => {
                if this.exchange.alarm.poll(cx).is_ready() {
                    this.exchange.alarm.stop();
                    return Poll::Ready(Some(Err(BodyError::Idle)));
                }
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Empty => true,
            Source::Full(bytes) => bytes.is_empty(),
            Source::Http1(incoming, _) | Source::Http2(incoming, _) => incoming.is_end_stream(),
            Source::Local(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Empty => SizeHint::with_exact(0),
            Source::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Http1(incoming, _) | Source::Http2(incoming, _) => incoming.size_hint(),
            Source::Local(body) => body.size_hint(),
        }
    }
}
