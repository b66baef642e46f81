//! From an answer in no protocol's words to HTTP.

use std::rc::Rc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::body::ResponseBody;
use super::exchange::Exchange;
use super::headers::{X_REQUEST_ID, add_hsts};
use crate::authz::{self, Answer, Body};
use crate::pages::{self, Locale, Page, Refusal};
use crate::policy::Request;

/// Renders a refusal.
pub(super) fn render(
    answer: Answer,
    set_cookies: Vec<HeaderValue>,
    language: Option<&HeaderValue>,
    request_id: &HeaderValue,
    exchange: &Rc<Exchange>,
) -> Response<ResponseBody> {
    let id = String::from_utf8_lossy(request_id.as_bytes()).into_owned();
    let mut headers = HeaderMap::with_capacity(12);
    let content = match &answer.body {
        Body::Empty => Bytes::new(),
        Body::Error => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Bytes::from(answer.error_json(&id))
        }
        Body::Page(page) => {
            let locale = language.and_then(|line| line.to_str().ok());
            let page = Page::Refusal(refusal(&answer, page, id));
            let pages = &exchange.client.worker.shared.pages;
            let html = pages.render(&page, Locale::from_accept_language(locale));
            html.write_headers(&mut headers);
            Bytes::from(html.into_body())
        }
    };
    for (name, value) in answer.headers {
        headers.insert(name, value);
    }
    for cookie in set_cookies {
        headers.append(http::header::SET_COOKIE, cookie);
    }
    headers.insert(X_REQUEST_ID, request_id.clone());
    add_hsts(&mut headers, &exchange.client);
    let mut response = Response::new(ResponseBody::full(content, Rc::clone(exchange)));
    *response.status_mut() = answer.status;
    *response.headers_mut() = headers;
    exchange.note(|entry| entry.status(answer.status));
    response
}

fn refusal(answer: &Answer, page: &authz::Page, request_id: String) -> Refusal {
    let wait = answer
        .headers
        .iter()
        .find(|(name, _)| *name == RETRY_AFTER)
        .and_then(|(_, value)| value.to_str().ok()?.parse().ok());
    Refusal {
        explanation: explanation(page.explanation),
        status: answer.status.as_u16(),
        request_id,
        reason: page.reason.as_deref().map(str::to_owned),
        proceed: page.proceed.as_deref().map(str::to_owned),
        back: page.back.as_deref().map(str::to_owned),
        retry_after_seconds: wait,
    }
}

const fn explanation(of: authz::Explanation) -> pages::Explanation {
    match of {
        authz::Explanation::LogIn => pages::Explanation::LogIn,
        authz::Explanation::StepUp => pages::Explanation::StepUp,
        authz::Explanation::Refresh => pages::Explanation::Refresh,
        authz::Explanation::Enrol => pages::Explanation::Enrol,
        authz::Explanation::Denied => pages::Explanation::Denied,
        authz::Explanation::NoProgress => pages::Explanation::NoProgress,
        authz::Explanation::NotFound => pages::Explanation::NotFound,
        authz::Explanation::UnknownHost => pages::Explanation::UnknownHost,
        authz::Explanation::MethodNotAllowed => pages::Explanation::MethodNotAllowed,
        authz::Explanation::BadRequest => pages::Explanation::BadRequest,
        authz::Explanation::AmbiguousCredentials => pages::Explanation::AmbiguousCredentials,
        authz::Explanation::Unavailable => pages::Explanation::Unavailable,
        authz::Explanation::TooMany => pages::Explanation::TooMany,
        authz::Explanation::UpstreamUnreachable => pages::Explanation::UpstreamUnreachable,
        authz::Explanation::UpstreamTimeout => pages::Explanation::UpstreamTimeout,
        authz::Explanation::TooLarge => pages::Explanation::TooLarge,
        authz::Explanation::Timeout => pages::Explanation::Timeout,
        authz::Explanation::Throttled => pages::Explanation::Throttled,
        authz::Explanation::Internal => pages::Explanation::Internal,
    }
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
