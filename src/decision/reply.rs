//! From a decision to what each proxy in front understands.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::Decision;
use super::decider::X_REQUEST_ID;
use super::route::Route;
use crate::authz::{Destination, Redirects};

/// Where to send people, for a proxy that takes no `Location` from a decision.
const X_STEPGATE_REDIRECT: HeaderName = HeaderName::from_static("x-stepgate-redirect");
/// The status that a refusal has, where the proxy in front would take it for a failure.
const X_STEPGATE_STATUS: HeaderName = HeaderName::from_static("x-stepgate-status");
/// The headers that a proxy in front is to remove.
const X_STEPGATE_REMOVE: HeaderName = HeaderName::from_static("x-stepgate-remove");
/// The same, in Envoy's words.
const X_ENVOY_REMOVE: HeaderName = HeaderName::from_static("x-envoy-auth-headers-to-remove");

/// What an answer depends on. Nobody may keep one: the next request is another.
const VARIES: HeaderValue = HeaderValue::from_static("Cookie, Authorization, Accept");

/// What the proxy in front gets that asked at `route`.
pub(super) fn reply(
    route: Route<'_>,
    redirects: Redirects,
    request_id: &HeaderValue,
    decision: Decision,
) -> Response<Bytes> {
    match decision {
        Decision::Allow {
            set,
            remove,
            response,
            way: _,
            facts: _,
        } => allow(route, request_id, set, &remove, &response),
        Decision::Refuse {
            status,
            headers,
            body,
            destination,
            facts: _,
        } => {
            let mut response = Response::new(body);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            match (route, redirects) {
                (Route::Nginx, _) => for_nginx(&mut response, destination.as_ref()),
                (_, Redirects::Elsewhere) => told_where(&mut response, destination.as_ref()),
                (_, Redirects::ForBrowsers | Redirects::ForAll) => {}
            }
            response
        }
    }
}

fn allow(
    route: Route<'_>,
    request_id: &HeaderValue,
    set: HeaderMap,
    remove: &[HeaderName],
    response: &HeaderMap,
) -> Response<Bytes> {
    let mut headers = set;
    if matches!(route, Route::ExtAuthz(_)) {
        // Envoy can take out what nobody has a value for, so that applications don't see it.
        let empty = headers.iter().filter(|(_, value)| value.is_empty());
        let names = remove.iter().chain(empty.map(|(name, _)| name));
        if let Some(names) = listed(names) {
            headers.insert(X_ENVOY_REMOVE, names);
        }
    }
    if let Some(names) = listed(remove.iter()) {
        headers.insert(X_STEPGATE_REMOVE, names);
    }
    // Who copies by pattern takes these along, and so empties what the client sent.
    for name in remove {
        headers.insert(name, HeaderValue::from_static(""));
    }
    // These are for the client, whatever a rule sets under their names for the application.
    headers.remove(SET_COOKIE);
    for (name, value) in response {
        headers.append(name, value.clone());
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, VARIES);
    headers.insert(X_REQUEST_ID, request_id.clone());
    let mut answer = Response::new(Bytes::new());
    *answer.headers_mut() = headers;
    answer
}

/// Names in one line; `None` without any.
fn listed<'a>(names: impl Iterator<Item = &'a HeaderName>) -> Option<HeaderValue> {
    let names: Vec<&str> = names.map(HeaderName::as_str).collect();
    if names.is_empty() {
        return None;
    }
    HeaderValue::from_maybe_shared(Bytes::from(names.join(", "))).ok()
}

/// For a proxy that hands on what it gets, but wants no redirects of others.
fn told_where(response: &mut Response<Bytes>, destination: Option<&Destination>) {
    if response.status().is_redirection() {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    let url = destination.and_then(|to| HeaderValue::from_str(&to.url).ok());
    if let Some(url) = url {
        response.headers_mut().insert(LOCATION, url);
    }
}

/// nginx knows two refusals, 401 and 403, and takes every other status for a failure. Of a failure
/// it makes a 500, which is right for an outage and wrong for a request that is refused.
fn for_nginx(response: &mut Response<Bytes>, destination: Option<&Destination>) {
    let status = response.status();
    let headers = response.headers_mut();
    let own = headers.remove(LOCATION);
    let url = destination.filter(|to| to.follow);
    let url = url.and_then(|to| HeaderValue::from_str(&to.url).ok());
    if let Some(url) = url.or(own) {
        headers.insert(X_STEPGATE_REDIRECT, url);
    }
    let known = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    if !known.contains(&status) {
        headers.insert(X_STEPGATE_STATUS, HeaderValue::from(status.as_u16()));
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
}
