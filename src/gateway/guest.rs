//! Listeners that are lent to another door: accepted, limited and drained like the proxy's own,
//! answered by somebody else.

use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Incoming;

use super::LocalBody;
use super::body::ResponseBody;
use super::failing::failure_answer;
use super::proxy::Passing;
use super::upstream::Failure;

/// Bytes of a request body that a guest may read. None of them asks for more than the head of
/// somebody else's request.
const BODY_BYTES: usize = 8 * 1024 * 1024;

/// Who sent a request to a guest.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The address of the other end; the loopback address for a unix socket.
    pub peer: IpAddr,
    /// It is one of the listener's `trusted_proxies`.
    pub trusted: bool,
    /// The request's id: the caller's own where it is trusted.
    pub request_id: HeaderValue,
}

/// An answer of a guest under way. It stays on the worker that asked.
pub type GuestAnswer = Pin<Box<dyn Future<Output = Response<LocalBody>>>>;

/// A guest, and the name of its door.
pub type NamedGuest = (&'static str, std::sync::Arc<dyn Guest>);

/// What answers on a listener that is not the proxy's.
pub trait Guest: Send + Sync + 'static {
    /// Answers a request. Called on a worker: nothing in it may block.
    fn call(&self, request: Request<LocalBody>, caller: Caller) -> GuestAnswer;
}

/// Has `guest` answer a request.
pub(super) async fn serve(
    guest: &dyn Guest,
    mut passing: Passing<'_>,
    body: Incoming,
) -> Response<ResponseBody> {
    let exchange = Rc::clone(passing.exchange);
    let client = &exchange.client;
    let body: LocalBody = if http_body::Body::is_end_stream(&body) {
        Empty::new().map_err(|never| match never {}).boxed_unsync()
    } else {
        Limited::new(body, BODY_BYTES).boxed_unsync()
    };
    let caller = Caller {
        peer: client.peer,
        trusted: client.peer_trusted,
        request_id: passing.request_id.clone(),
    };
    exchange.await_head(client.timeouts().request_body_idle);
    let request = passing.take_request(body);
    let mut answering = guest.call(request, caller);
    let answered = std::future::poll_fn(|cx| match answering.as_mut().poll(cx) {
        Poll::Ready(response) => Poll::Ready(Some(response)),
        Poll::Pending => exchange.alarm.poll(cx).map(|()| None),
    })
    .await;
    let Some(answered) = answered else {
        exchange.alarm.stop();
        return passing.refuse(failure_answer(Failure::TimedOut, passing.kind(), None));
    };
    let (head, body) = answered.into_parts();
    let mut response = Response::new(ResponseBody::local(body, Rc::clone(&exchange)));
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    response
}
