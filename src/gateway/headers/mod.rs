//! What a client may not say, and what we say instead.
//!
//! The order matters: first everything goes that is not the client's to say, then the connection's
//! own headers, and only then come ours, so that nothing a client sends can remove or double them.

mod changes;

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, FORWARDED, HOST, STRICT_TRANSPORT_SECURITY, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

pub(super) use changes::AnswerChanges;

use super::client::ClientConnection;
use super::mount::Passage;
use crate::authz::{
    Forward, ForwardedFamily, Lifted, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO,
    guard_set_cookies, is_session_token, join_cookies, strip_cookies,
};
use crate::minting::Introduction;
use crate::policy::{self, Permit, Scheme};
use crate::whoami::Record;

/// The id of a request, towards applications and clients.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// How the body of the request is delimited towards the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// No body, or one of known length: `Content-Length` says it.
    Known,
    /// Chunked.
    Chunked,
}

/// Prepares the headers of a permitted request.
pub(super) fn prepare(
    permit: &Permit,
    headers: &mut HeaderMap,
    client: &ClientConnection,
    session: Option<&Record>,
    request_id: &HeaderValue,
    framing: Framing,
) {
    let config = &client.worker.shared.config;
    let lifted = Lifted {
        trusted_peer: client.peer_trusted,
        method_override: permit.rule().switches().allow_method_override,
    };
    let shared = &client.worker.shared;
    let request = permit.request();
    // Before anything is removed: expressions see the request as the client sent it.
    let introduction = Introduction::of(permit, session, headers, || shared.clock.wall());
    common(headers, client, request, request_id, framing, lifted);
    let changes = permit.rule().handling().changes();
    let told = changes.and_then(|changes| changes.told.as_ref());
    let keep_cookies = told.and_then(|told| told.keep_cookies);
    if keep_cookies.unwrap_or(config.identity.keep_session_cookie) {
        join_cookies(headers);
    } else {
        strip_cookies(headers, &config.session_cookie);
    }
    if is_session_token(headers) {
        headers.remove(AUTHORIZATION);
    }
    introduction.put(headers, shared.minter.as_ref());
    if let Some(rewrite) = changes.and_then(|changes| changes.rewrite.as_ref()) {
        changes::rewrite(headers, rewrite);
    }
}

/// Prepares the headers of a request to the identity service: credentials stay, and it learns
/// where the client believes to be.
pub(super) fn prepare_for_identity(
    _passage: &Passage,
    headers: &mut HeaderMap,
    client: &ClientConnection,
    request: &policy::Request,
    request_id: &HeaderValue,
    framing: Framing,
) {
    let token = headers.get(&X_SESSION_TOKEN).cloned();
    let lifted = Lifted {
        trusted_peer: false,
        method_override: false,
    };
    common(headers, client, request, request_id, framing, lifted);
    join_cookies(headers);
    // Kratos reads one line with one value each, and believes it.
    let address = HeaderValue::from_str(&request.client_ip.to_string());
    headers.insert(
        X_FORWARDED_FOR,
        address.unwrap_or_else(|_| client.peer_value.clone()),
    );
    let scheme = HeaderValue::from_static(request.scheme.as_str());
    headers.insert(X_FORWARDED_PROTO, scheme);
    headers.remove(FORWARDED);
    if let Some(host) = headers.get(HOST).cloned() {
        headers.insert(X_FORWARDED_HOST, host);
    }
    if let Some(token) = token {
        headers.insert(X_SESSION_TOKEN, token);
    }
}

pub(super) const X_SESSION_TOKEN: HeaderName = HeaderName::from_static("x-session-token");

fn common(
    headers: &mut HeaderMap,
    client: &ClientConnection,
    request: &policy::Request,
    request_id: &HeaderValue,
    framing: Framing,
    lifted: Lifted,
) {
    let shared = &client.worker.shared;
    let chain = client
        .peer_trusted
        .then(|| chain(headers, shared.config.forwarded))
        .flatten();
    let trailers = wants_trailers(headers);
    remove(headers, |name| shared.strip.takes(name, lifted));
    for name in shared.strip.believed() {
        // Of two, one may be the client's.
        if headers.get_all(name).iter().nth(1).is_some() {
            headers.remove(name);
        }
    }
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    match framing {
        Framing::Known => {
            headers.remove(TRAILER);
        }
        Framing::Chunked => {
            headers.remove(CONTENT_LENGTH);
            headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
    }
    let host = host_value(headers, request);
    match shared.config.forwarded {
        ForwardedFamily::XForwarded => {
            headers.insert(X_FORWARDED_FOR, appended(chain, &client.peer_value));
            headers.insert(
                X_FORWARDED_PROTO,
                HeaderValue::from_static(request.scheme.as_str()),
            );
            headers.insert(X_FORWARDED_HOST, host.clone());
        }
        ForwardedFamily::Rfc7239 => {
            let element = format!(
                "for=\"{}\";proto={};host=\"{}\"",
                bracketed(client),
                request.scheme.as_str(),
                request.authority()
            );
            if let Ok(element) = HeaderValue::from_str(&element) {
                headers.insert(FORWARDED, appended(chain, &element));
            }
        }
    }
    headers.insert(HOST, host);
    headers.insert(X_REQUEST_ID, request_id.clone());
}

fn remove(headers: &mut HeaderMap, takes: impl Fn(&HeaderName) -> bool) {
    let doomed: Vec<HeaderName> = headers.keys().filter(|name| takes(name)).cloned().collect();
    for name in &doomed {
        headers.remove(name);
    }
}

/// What trusted proxies said of the way here, as one line.
fn chain(headers: &HeaderMap, family: ForwardedFamily) -> Option<Vec<u8>> {
    let name = match family {
        ForwardedFamily::XForwarded => X_FORWARDED_FOR,
        ForwardedFamily::Rfc7239 => FORWARDED,
    };
    let lines: Vec<&[u8]> = headers
        .get_all(name)
        .iter()
        .map(HeaderValue::as_bytes)
        .filter(|line| !line.is_empty())
        .collect();
    (!lines.is_empty()).then(|| lines.join(&b", "[..]))
}

fn appended(chain: Option<Vec<u8>>, last: &HeaderValue) -> HeaderValue {
    let Some(mut line) = chain else {
        return last.clone();
    };
    line.extend_from_slice(b", ");
    line.extend_from_slice(last.as_bytes());
    HeaderValue::from_maybe_shared(bytes::Bytes::from(line)).unwrap_or_else(|_| last.clone())
}

fn bracketed(client: &ClientConnection) -> String {
    match client.peer {
        std::net::IpAddr::V4(address) => address.to_string(),
        std::net::IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// `Host` for the upstream: the client's own value where it is canonical already.
fn host_value(headers: &HeaderMap, request: &policy::Request) -> HeaderValue {
    if let Some(own) = headers.get(HOST)
        && request.port.is_none()
        && own.as_bytes() == request.host.as_str().as_bytes()
    {
        return own.clone();
    }
    let authority = request.authority();
    match headers.get(HOST) {
        Some(own) if own.as_bytes() == authority.as_bytes() => own.clone(),
        Some(_) | None => HeaderValue::from_maybe_shared(bytes::Bytes::from(authority))
            .unwrap_or_else(|_| HeaderValue::from_static("")),
    }
}

/// Whether the client reads trailers, which gRPC needs.
fn wants_trailers(headers: &HeaderMap) -> bool {
    headers.get_all(TE).iter().any(|line| {
        line.as_bytes()
            .split(|&byte| byte == b',')
            .any(|entry| entry.trim_ascii().eq_ignore_ascii_case(b"trailers"))
    })
}

/// Cleans the head of an answer that the rule lets through, and adds what the client gets besides.
pub(super) fn finish_response(
    headers: &mut HeaderMap,
    status: StatusCode,
    client: &ClientConnection,
    forward: &Forward,
    changes: Option<&AnswerChanges>,
) {
    let session = &client.worker.shared.config.session_cookie;
    strip_connection(headers);
    if status == StatusCode::NO_CONTENT {
        headers.remove(CONTENT_LENGTH);
    }
    if let Some(changes) = changes {
        changes.apply(headers, &forward.permit);
    }
    guard_set_cookies(headers, session, &forward.set_cookies);
    add_hsts(headers, client);
}

/// Cleans the head of the identity service's answer; its cookies stay.
pub(super) fn finish_identity_response(headers: &mut HeaderMap, client: &ClientConnection) {
    strip_connection(headers);
    add_hsts(headers, client);
}

fn strip_connection(headers: &mut HeaderMap) {
    for name in [
        CONNECTION,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        TRANSFER_ENCODING,
        UPGRADE,
    ] {
        headers.remove(name);
    }
}

/// Adds `Strict-Transport-Security` where the listener says so.
pub(super) fn add_hsts(headers: &mut HeaderMap, client: &ClientConnection) {
    if let Some(value) = &client.door.hsts
        && client.door.scheme == Scheme::Https
    {
        headers.insert(STRICT_TRANSPORT_SECURITY, value.clone());
    }
}
