//! One turn of a connection: a request is answered, whatever goes wrong, and it is settled whether
//! another one may follow.

use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;

use super::body::ResponseBody;
use super::client::ClientConnection;
use super::exchange::Exchange;
use super::proxy;
use super::respond::render;
use crate::authz::{Answer, Client, ErrorId};

/// Serves one request. Whatever goes wrong is an answer.
pub(super) async fn serve(
    client: Rc<ClientConnection>,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Infallible> {
    let exchange = Exchange::begin(&client);
    let http1 = request.version() < Version::HTTP_2;
    let last = client.count_request() && http1;
    // HTTP/1.1 has this seen to by hyper, HTTP/2 not.
    let without_content = !http1 && *request.method() == Method::HEAD;
    let mut answering = pin!(proxy::answer(&exchange, request));
    // A defect in the handling of one request must not take the other connections of this worker
    // with it.
    let mut response =
        poll_fn(
            |cx| match catch_unwind(AssertUnwindSafe(|| answering.as_mut().poll(cx))) {
                Ok(polled) => polled,
                Err(_) => Poll::Ready(broken(&exchange)),
            },
        )
        .await;
    if without_content && let Some(length) = response.body_mut().leave_out() {
        let headers = response.headers_mut();
        headers.entry(CONTENT_LENGTH).or_insert(length.into());
    }
    let leaving = client.worker.leaving();
    if leaving && !http1 {
        client.send_away();
    }
    if last || (leaving && http1) {
        close_after(&mut response);
    }
    Ok(response)
}

/// Nothing follows on this connection, unless it becomes a tunnel.
pub(super) fn close_after(response: &mut Response<ResponseBody>) {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
}

fn broken(exchange: &Rc<Exchange>) -> Response<ResponseBody> {
    let reason = "the request could not be handled";
    let answer = Answer::refusal(ErrorId::InternalError, Client::Api, None, reason);
    let id = exchange.client.worker.ids.next();
    tracing::error!(request_id = ?id, "the handling of a request failed");
    render(answer, Vec::new(), None, &id, exchange)
}
