//! WebSockets: an HTTP/1.1 upgrade, or an extended CONNECT over HTTP/2 (RFC 8441), judged like any
//! other request and tunnelled only once the application has agreed.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version};
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;

use super::body::{RequestBody, ResponseBody};
use super::exchange::Exchange;
use super::failing::failure_answer;
use super::headers;
use super::live;
use super::proxy::{Passing, balance_key, prepare};
use super::tunnel::carry;
use super::upstream::{Failure, Lease, send};
use super::worker::LocalExecutor;
use crate::authz::Forward;
use crate::policy::RuleId;

/// What the server appends to a key before hashing it (RFC 6455 section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// An upgrade that a request asks for. Others than WebSocket are not served: their headers are
/// dropped and the request is an ordinary one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// `Upgrade: websocket` on HTTP/1.1.
    Http1,
    /// `:protocol: websocket` on HTTP/2.
    Http2,
}

impl Wanted {
    /// The upgrade that a request head asks for.
    pub(super) fn find(head: &http::request::Parts) -> Option<Self> {
        match head.version {
            Version::HTTP_11 if head.method == Method::GET => {
                let asked = names_upgrade(&head.headers) && is_websocket(&head.headers);
                asked.then_some(Self::Http1)
            }
            Version::HTTP_2 if head.method == Method::CONNECT => {
                let protocol = head.extensions.get::<Protocol>()?;
                protocol
                    .as_str()
                    .eq_ignore_ascii_case("websocket")
                    .then_some(Self::Http2)
            }
            _ => None,
        }
    }
}

fn names_upgrade(headers: &HeaderMap) -> bool {
    headers.get_all(CONNECTION).iter().any(|line| {
        line.as_bytes()
            .split(|&byte| byte == b',')
            .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
    })
}

/// Exactly one `Upgrade` line with exactly this token.
fn is_websocket(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(UPGRADE).iter();
    let only = lines.next().filter(|_| lines.next().is_none());
    only.is_some_and(|line| {
        line.as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"websocket")
    })
}

/// A tunnel that is agreed on with the upstream.
pub(super) struct Tunnel {
    pub(super) lease: Lease,
    pub(super) exchange: Rc<Exchange>,
    /// The rule that it was opened under.
    pub(super) rule: RuleId,
}

/// Asks the upstream for the upgrade.
pub(super) async fn open(
    mut passing: Passing<'_>,
    forward: Forward,
    wanted: Wanted,
) -> Response<ResponseBody> {
    let exchange = Rc::clone(passing.exchange);
    let worker = &exchange.client.worker;
    let on_upgrade = passing.head.extensions.remove::<OnUpgrade>();
    let Some(upstream) = worker.upstreams.of(&forward.permit, &worker.shared.board) else {
        exchange.decided(&forward.facts);
        return passing.refuse(failure_answer(Failure::Unreachable, passing.kind(), None));
    };
    let mut request = match prepare(&mut passing, &forward, RequestBody::Empty) {
        Ok(request) => request,
        Err(why) => return passing.refuse_target(&forward, why),
    };
    exchange.decided(&forward.facts);
    let key = ask(request.headers_mut(), wanted);
    exchange.sent(&upstream.config.name);
    let near = balance_key(&forward);
    let sending = send(&forward.permit, &upstream, &exchange, request, &near, true);
    let (answer, lease) = match live::while_allowed(&exchange, &forward, sending).await {
        Ok(answered) => answered,
        Err(failure) => {
            let rule = Some(forward.permit.rule().id());
            return passing.refuse(failure_answer(failure, passing.kind(), rule));
        }
    };
    exchange.answered(&upstream.config.name);
    let (mut head, body) = answer.into_parts();
    exchange.note(|entry| entry.status(head.status));
    if head.status != StatusCode::SWITCHING_PROTOCOLS {
        // The application declined: an ordinary answer.
        let body = ResponseBody::upstream(body, lease, Rc::clone(&exchange));
        let mut response = Response::new(body);
        let changes = passing.changes.as_deref();
        let client = &exchange.client;
        headers::finish_response(&mut head.headers, head.status, client, &forward, changes);
        *response.status_mut() = head.status;
        *response.headers_mut() = head.headers;
        exchange.settle(forward);
        return response;
    }
    if !agrees(&head.headers, key.as_ref()) {
        let rule = Some(forward.permit.rule().id());
        return passing.refuse(failure_answer(Failure::Broken, passing.kind(), rule));
    }
    let (client, changes) = (&exchange.client, passing.changes.as_deref());
    headers::finish_response(&mut head.headers, head.status, client, &forward, changes);
    let tunnel = Tunnel {
        lease,
        exchange: Rc::clone(&exchange),
        rule: forward.permit.rule().id().clone(),
    };
    exchange.settle(forward);
    accept(wanted, tunnel, on_upgrade, head.headers)
}

/// Makes the request one for a WebSocket; gives the key where we made it.
fn ask(headers: &mut HeaderMap, wanted: Wanted) -> Option<HeaderValue> {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
    match wanted {
        Wanted::Http1 => headers.get(SEC_WEBSOCKET_KEY).cloned(),
        Wanted::Http2 => {
            let nonce: [u8; 16] = rand::random();
            let key = HeaderValue::from_str(&BASE64.encode(nonce)).ok()?;
            headers.insert(SEC_WEBSOCKET_KEY, key.clone());
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            Some(key)
        }
    }
}

/// Whether a 101 answers our request: it switches to WebSocket, and proves that it read the key.
fn agrees(headers: &HeaderMap, key: Option<&HeaderValue>) -> bool {
    let Some(key) = key else { return false };
    let digest = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY,
        &[key.as_bytes().trim_ascii(), GUID].concat(),
    );
    let expected = BASE64.encode(digest);
    names_upgrade(headers)
        && is_websocket(headers)
        && headers
            .get(SEC_WEBSOCKET_ACCEPT)
            .is_some_and(|accept| accept.as_bytes().trim_ascii() == expected.as_bytes())
}

fn accept(
    wanted: Wanted,
    tunnel: Tunnel,
    on_upgrade: Option<OnUpgrade>,
    mut fields: HeaderMap,
) -> Response<ResponseBody> {
    let exchange = Rc::clone(&tunnel.exchange);
    let status = match wanted {
        Wanted::Http1 => {
            fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
            fields.insert(UPGRADE, HeaderValue::from_static("websocket"));
            *exchange.client.tunnel.borrow_mut() = Some(tunnel);
            StatusCode::SWITCHING_PROTOCOLS
        }
        Wanted::Http2 => {
            fields.remove(SEC_WEBSOCKET_ACCEPT);
            if let Some(on_upgrade) = on_upgrade {
                LocalExecutor::run(async move {
                    if let Ok(upgraded) = on_upgrade.await {
                        carry(hyper_util::rt::TokioIo::new(upgraded), Bytes::new(), tunnel).await;
                    }
                });
            }
            StatusCode::OK
        }
    };
    let mut response = Response::new(ResponseBody::empty(exchange));
    *response.status_mut() = status;
    *response.headers_mut() = fields;
    response
}
