//! What goes back over HTTP/2: messages, then the call's status in trailers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body::{Body, Frame};
use prost::Message;
use tokio::sync::watch;
use tonic::Code;

use super::message::PREFIX_BYTES;

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// The body of a gRPC answer.
pub struct AnswerBody(Left);

/// What is still to be sent.
enum Left {
    /// A message, then the call's end.
    Message(Bytes),
    /// A message now, and another when what it tells has changed.
    Watching(Bytes, Changed),
    /// Nothing until then.
    Waiting(Changed),
    /// The call's status.
    Status(Code),
    /// Nothing.
    Nothing,
}

/// The message that tells of the change, then the call's end.
type Changed = Pin<Box<dyn Future<Output = Bytes> + Send>>;

/// A call that went well, with its message.
pub(super) fn answered(message: &impl Message) -> Response<AnswerBody> {
    with_body(Left::Message(framed(message)))
}

/// A call that tells how something stands and, once, that it stands otherwise: `message` makes
/// the message. It ends then, so that it doesn't hold up what is about to end.
pub(super) fn watched<M: Message + 'static>(
    mut state: watch::Receiver<bool>,
    message: fn(bool) -> M,
) -> Response<AnswerBody> {
    let now = *state.borrow_and_update();
    let first = framed(&message(now));
    let changed = async move {
        let then = state.wait_for(|then| *then != now).await;
        // Who told has gone: nothing is ready any more.
        framed(&message(then.is_ok_and(|then| *then)))
    };
    with_body(Left::Watching(first, Box::pin(changed)))
}

/// A call that failed as a call. Never the answer to a check: a front that lets requests through
/// when calls fail must not take it for one.
pub(super) fn failed(code: Code, reason: &'static str) -> Response<AnswerBody> {
    let mut response = with_body(Left::Nothing);
    let headers = response.headers_mut();
    headers.insert(GRPC_STATUS, number(code));
    headers.insert(GRPC_MESSAGE, HeaderValue::from_static(reason));
    response
}

fn with_body(left: Left) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody(left));
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response
}

/// An answer that is no gRPC at all, without content.
pub(super) fn plain(status: http::StatusCode) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody(Left::Nothing));
    *response.status_mut() = status;
    response
}

fn number(code: Code) -> HeaderValue {
    HeaderValue::from(code as i32)
}

/// A message with its prefix.
fn framed(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut bytes = BytesMut::with_capacity(PREFIX_BYTES + length);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    // A BytesMut grows, so that there is room for every message.
    if message.encode(&mut bytes).is_err() {
        tracing::error!("a gRPC message could not be written");
    }
    bytes.freeze()
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let (frame, left) = match std::mem::replace(&mut self.0, Left::Nothing) {
            Left::Message(message) => (Frame::data(message), Left::Status(Code::Ok)),
            Left::Watching(message, changed) => (Frame::data(message), Left::Waiting(changed)),
            Left::Waiting(mut changed) => match changed.as_mut().poll(cx) {
                Poll::Ready(message) => (Frame::data(message), Left::Status(Code::Unavailable)),
                Poll::Pending => {
                    self.0 = Left::Waiting(changed);
                    return Poll::Pending;
                }
            },
            Left::Status(code) => {
                let mut trailers = HeaderMap::with_capacity(1);
                trailers.insert(GRPC_STATUS, number(code));
                (Frame::trailers(trailers), Left::Nothing)
            }
            Left::Nothing => return Poll::Ready(None),
        };
        self.0 = left;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Left::Nothing)
    }
}
