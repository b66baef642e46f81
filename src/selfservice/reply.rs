//! Answers as HTTP responses, with the headers that Kratos' clients know.

use std::any::Any;

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, SET_COOKIE, VARY,
};
use http::{Method, StatusCode};
use serde_json::Value;

use crate::flows::Problem;
use crate::web::SetCookie;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const ERROR_JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JAVASCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const NO_CACHE: HeaderValue =
    HeaderValue::from_static("private, no-cache, no-store, must-revalidate");

/// A response with this body.
fn response(status: StatusCode, kind: Option<HeaderValue>, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    if let Some(kind) = kind {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response
}

/// JSON, ending in a line break.
pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    response(status, Some(JSON), format!("{body}\n"))
}

/// A script. Nobody may take it for anything else.
pub(super) fn script(source: &'static str) -> Response {
    let mut response = response(StatusCode::OK, Some(JAVASCRIPT), source);
    set(&mut response, "x-content-type-options", "nosniff");
    response
}

/// A refusal; `request_id` is the id that the client sent.
pub(super) fn problem(problem: &Problem, request_id: Option<&str>) -> Response {
    let mut envelope = problem.envelope.clone();
    envelope.error.request = request_id.map(str::to_owned);
    let body = serde_json::to_string(&envelope).unwrap_or_default();
    let mut response = response(problem.status, Some(ERROR_JSON), format!("{body}\n"));
    let id = envelope.error.id.unwrap_or_default();
    set(&mut response, "ory-error-id", &id);
    response
}

/// A redirect; answers to GET say in a line of HTML where to.
pub(super) fn redirect(method: &Method, status: StatusCode, to: &str) -> Response {
    let mut response = if *method == Method::GET {
        let name = status.canonical_reason().unwrap_or_default();
        let shown = to
            .replace('&', "&amp;")
            .replace('"', "&#34;")
            .replace('<', "&lt;");
        response(
            status,
            Some(HTML),
            format!("<a href=\"{shown}\">{name}</a>.\n\n"),
        )
    } else {
        response(status, None, Body::empty())
    };
    match HeaderValue::from_str(to) {
        Ok(to) => {
            response.headers_mut().insert(LOCATION, to);
            response
        }
        Err(_) => problem(&Problem::internal(), None),
    }
}

/// Nothing but a status.
pub(super) fn empty(status: StatusCode) -> Response {
    response(status, None, Body::empty())
}

/// 404 in plain text.
pub(super) fn not_found() -> Response {
    response(StatusCode::NOT_FOUND, Some(TEXT), "404 page not found\n")
}

/// 405 in plain text.
pub(super) fn method_not_allowed(allow: &'static str) -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let mut response = response(status, Some(TEXT), "Method Not Allowed\n");
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// Sets a header; a value that cannot be one is left out.
pub(super) fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
}

/// Adds cookies, in order.
pub(super) fn set_cookies<'c>(
    response: &mut Response,
    cookies: impl IntoIterator<Item = &'c SetCookie>,
) {
    for header in cookies.into_iter().filter_map(SetCookie::header) {
        response.headers_mut().append(SET_COOKIE, header);
    }
}

/// What every answer has: nothing to GET may be kept, and cookies matter.
pub(super) fn finish(response: &mut Response, method: &Method, vary: bool) {
    let headers = response.headers_mut();
    if *method == Method::GET && !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, NO_CACHE);
    }
    if vary {
        headers.append(VARY, HeaderValue::from_static("Cookie"));
    }
}

/// What is left of a panic: the log has the rest.
pub(super) fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a request to the identity service ended in a panic");
    problem(&Problem::internal(), None)
}
