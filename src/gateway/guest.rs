//! Listeners that are lent to another door: accepted, limited and drained like the proxy's own,
//! answered by somebody else.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Incoming;

use super::LocalBody;
use super::body::ResponseBody;
use super::proxy::Passing;

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
pub type NamedGuest = (&'static str, Arc<dyn Guest>);

/// What answers on a listener that is not the proxy's.
pub trait Guest: Send + Sync + 'static {
    /// Answers a request. Called on a worker: nothing in it may block.
    ///
    /// The body fails with [`io::ErrorKind::TimedOut`] once the time for it is up.
    fn call(&self, request: Request<LocalBody>, caller: Caller) -> GuestAnswer;

    /// Answers a request that [`Guest::call`] had no answer to in time, and that is given up now.
    fn late(&self, uri: &Uri, caller: Caller) -> Response<LocalBody>;
}

/// A request body that is waited for only so long.
struct Awaited {
    body: Limited<Incoming>,
    is_late: Arc<AtomicBool>,
}

impl Body for Awaited {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.is_late.load(Ordering::Relaxed) {
            return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())));
        }
        Poll::Ready(ready!(Pin::new(&mut self.body).poll_frame(cx)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

/// A request body for a guest, and how it learns that its time is up.
fn awaited(body: Incoming) -> (LocalBody, Option<Arc<AtomicBool>>) {
    if body.is_end_stream() {
        let nothing = Empty::new().map_err(|never| match never {});
        return (nothing.boxed_unsync(), None);
    }
    let is_late = Arc::new(AtomicBool::new(false));
    let awaited = Awaited {
        body: Limited::new(body, BODY_BYTES),
        is_late: Arc::clone(&is_late),
    };
    (awaited.boxed_unsync(), Some(is_late))
}

/// Has `guest` answer a request.
pub(super) async fn serve(
    guest: &dyn Guest,
    mut passing: Passing<'_>,
    body: Incoming,
) -> Response<ResponseBody> {
    let exchange = Rc::clone(passing.exchange);
    let client = &exchange.client;
    let (body, is_late) = awaited(body);
    let caller = Caller {
        peer: client.peer,
        trusted: client.peer_trusted,
        request_id: passing.request_id.clone(),
    };
    exchange.await_head(client.timeouts().request_body_idle);
    let request = passing.take_request(body);
    let mut answering = guest.call(request, caller.clone());
    let answered = std::future::poll_fn(|cx| {
        if let Poll::Ready(response) = answering.as_mut().poll(cx) {
            return Poll::Ready(Some(response));
        }
        ready!(exchange.alarm.poll(cx));
        // Who waits for the body learns that no more of it comes, and has a last word.
        if let Some(is_late) = &is_late {
            is_late.store(true, Ordering::Relaxed);
        }
        match answering.as_mut().poll(cx) {
            Poll::Ready(response) => Poll::Ready(Some(response)),
            Poll::Pending => Poll::Ready(None),
        }
    })
    .await;
    let answered = answered.unwrap_or_else(|| guest.late(&passing.head.uri, caller));
    let (head, body) = answered.into_parts();
    let mut response = Response::new(ResponseBody::local(body, Rc::clone(&exchange)));
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    response
}
