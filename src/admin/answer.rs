//! Answers of the admin API, in Kratos' shapes.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use crate::contract::Problem;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const ERROR_JSON: HeaderValue = HeaderValue::from_static("application/json");
const NOT_KEPT: HeaderValue =
    HeaderValue::from_static("private, no-cache, no-store, must-revalidate");
const ERROR_ID: HeaderName = HeaderName::from_static("ory-error-id");

/// What a handler gives.
pub(super) type Answer = Result<Response, Refusal>;

/// A refusal on its way out; [`finish`] writes it.
#[derive(Clone, Debug)]
pub(super) struct Refusal(Box<Problem>);

impl Refusal {
    pub(super) fn new(status: StatusCode, reason: &str) -> Self {
        Self(Box::new(Problem::new(status, None, Some(reason))))
    }

    pub(super) fn bad_request(reason: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    pub(super) fn not_found() -> Self {
        Self(Box::new(Problem::not_found()))
    }

    #[cfg(test)]
    pub(super) const fn status(&self) -> StatusCode {
        self.0.status
    }

    #[cfg(feature = "identity")]
    pub(super) const fn problem(&self) -> &Problem {
        &self.0
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// JSON with a line feed at its end, as Kratos writes it.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let mut response = status.into_response();
    if let Ok(mut text) = serde_json::to_vec(value) {
        text.push(b'\n');
        *response.body_mut() = Body::from(text);
        response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    } else {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    response
}

/// Success without a body.
pub(super) fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

#[cfg(feature = "identity")]
/// Adds a header, if the value can be one.
pub(super) fn with_header(mut response: Response, name: &'static str, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(feature = "identity")]
/// Reads a JSON body. Of a key given twice the last one counts, as in Kratos.
pub(super) fn read<T: serde::de::DeserializeOwned>(body: &bytes::Bytes) -> Result<T, Refusal> {
    let refused = |error: serde_json::Error| {
        Refusal::bad_request(&format!("The request body can not be read: {error}"))
    };
    let value: serde_json::Value = serde_json::from_slice(body).map_err(refused)?;
    serde_json::from_value(value).map_err(refused)
}

/// Writes refusals with the caller's request id, and forbids keeping what a GET answered.
pub(super) async fn finish(request: Request, next: Next) -> Response {
    let is_get = request.method() == Method::GET;
    let request_id = text_of(request.headers(), "x-request-id");
    let mut response = next.run(request).await;
    if let Some(refusal) = refused_by_the_framework(&response) {
        response = refusal.into_response();
    }
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        let mut envelope = refusal.0.envelope.clone();
        envelope.error.request = request_id;
        let id = envelope.error.id.clone().unwrap_or_default();
        response = json(refusal.0.status, &envelope);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, ERROR_JSON);
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert(ERROR_ID, id);
        }
    }
    if is_get {
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, NOT_KEPT);
    }
    response
}

/// Bodies that are too large and paths that are no text are refused before a handler sees them;
/// clients get one shape of error all the same.
fn refused_by_the_framework(response: &Response) -> Option<Refusal> {
    let status = response.status();
    let is_plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    let reason = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "The request body is too large.",
        StatusCode::BAD_REQUEST => "The request can not be read.",
        _ => return None,
    };
    is_plain.then(|| Refusal::new(status, reason))
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}
