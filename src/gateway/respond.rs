//! From an answer in no protocol's words to HTTP.

use std::rc::Rc;

use http::header::LOCATION;
use http::{HeaderValue, Response, StatusCode};

use super::body::ResponseBody;
use super::exchange::Exchange;
use super::headers::{X_REQUEST_ID, add_hsts};
use crate::authz::Answer;
use crate::policy::Request;

/// Renders a refusal.
pub(super) fn render(
    answer: Answer,
    set_cookies: Vec<HeaderValue>,
    language: Option<&HeaderValue>,
    request_id: &HeaderValue,
    exchange: &Rc<Exchange>,
) -> Response<ResponseBody> {
    let id = String::from_utf8_lossy(request_id.as_bytes());
    let pages = &exchange.client.worker.shared.pages;
    let status = answer.status;
    let (mut headers, content) = answer.render(pages, language, &id);
    for cookie in set_cookies {
        headers.append(http::header::SET_COOKIE, cookie);
    }
    headers.insert(X_REQUEST_ID, request_id.clone());
    add_hsts(&mut headers, &exchange.client);
    let mut response = Response::new(ResponseBody::full(content, Rc::clone(exchange)));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    exchange.note(|entry| entry.status(status));
    response
}

/// 308 to the same address over TLS. The port is the scheme's own: what listens there is for the
/// operator to see to.
pub(super) fn to_https(request: &Request, exchange: &Rc<Exchange>) -> Response<ResponseBody> {
    let url = ["https://", request.host.as_str(), &request.target()].concat();
    let mut response = Response::new(ResponseBody::empty(Rc::clone(exchange)));
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    if let Ok(url) = HeaderValue::from_str(&url) {
        response.headers_mut().insert(LOCATION, url);
    }
    exchange.note(|entry| entry.status(StatusCode::PERMANENT_REDIRECT));
    response
}
