//! From an answer in no protocol's words to HTTP.

use std::rc::Rc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::body::ResponseBody;
use super::exchange::Exchange;
use super::headers::{X_REQUEST_ID, add_hsts, finish_response};
use super::proxy::Passing;
use crate::authz::{Answer, Forward, Preflighted, render_static};
use crate::pages::{Locale, Page};
use crate::policy::{Request, StaticAnswer};

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
        headers.append(SET_COOKIE, cookie);
    }
    finish(status, headers, content, request_id, exchange)
}

/// Renders a page of our own that refuses nothing, or says more than a refusal can.
pub(super) fn render_page(
    status: StatusCode,
    page: &Page,
    set_cookies: Vec<HeaderValue>,
    passing: &Passing<'_>,
) -> Response<ResponseBody> {
    let exchange = passing.exchange;
    let mut headers = HeaderMap::with_capacity(12);
    let locale = passing.language().and_then(|line| line.to_str().ok());
    let pages = &exchange.client.worker.shared.pages;
    let html = pages.render(page, Locale::from_accept_language(locale));
    html.write_headers(&mut headers);
    for cookie in set_cookies {
        headers.append(SET_COOKIE, cookie);
    }
    let content = Bytes::from(html.into_body());
    finish(status, headers, content, &passing.request_id, exchange)
}

fn finish(
    status: StatusCode,
    mut headers: HeaderMap,
    content: Bytes,
    request_id: &HeaderValue,
    exchange: &Rc<Exchange>,
) -> Response<ResponseBody> {
    headers.insert(X_REQUEST_ID, request_id.clone());
    add_hsts(&mut headers, &exchange.client);
    let mut response = Response::new(ResponseBody::full(content, Rc::clone(exchange)));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    exchange.note(|entry| entry.status(status));
    response
}

/// Lets a page of another origin send what it asks about.
pub(super) fn preflight(
    granted: Preflighted,
    request_id: &HeaderValue,
    exchange: &Rc<Exchange>,
) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::empty(Rc::clone(exchange)));
    *response.status_mut() = StatusCode::NO_CONTENT;
    *response.headers_mut() = granted.into_headers();
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, request_id.clone());
    add_hsts(headers, &exchange.client);
    exchange.note(|entry| entry.status(StatusCode::NO_CONTENT));
    response
}

/// The answer that a rule holds, for those whom it lets through.
pub(super) fn by_rule(
    answer: &StaticAnswer,
    passing: &Passing<'_>,
    forward: &Forward,
) -> Response<ResponseBody> {
    let exchange = passing.exchange;
    let (status, mut headers, body) = render_static(answer);
    if !forward.permit.rule().is_public() {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(X_REQUEST_ID, passing.request_id.clone());
    let changes = passing.changes.as_deref();
    finish_response(&mut headers, status, &exchange.client, forward, changes);
    let mut response = Response::new(ResponseBody::full(body, Rc::clone(exchange)));
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
