//! What the audit log learns of operators' acts.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;

use crate::audit::{Audit, Entry, Event};

/// Tells of every request that changes something, and of each that the guard refused. Only its
/// method, path and status: bodies hold people's data.
pub(super) async fn tell(State(audit): State<Audit>, request: Request, next: Next) -> Response {
    if !audit.is_on() {
        return next.run(request).await;
    }
    let method = request.method().clone();
    let path = Box::from(request.uri().path());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(peer)| peer.ip().to_canonical());
    let response = next.run(request).await;
    let status = response.status();
    let refused = matches!(status.as_u16(), 401 | 403);
    if refused || (method != Method::GET && method != Method::HEAD) {
        let mut entry = Entry::new(if refused {
            Event::Refusal
        } else {
            Event::Admin
        });
        entry.door = Some("admin");
        entry.client_ip = peer;
        entry.method = Some(method.as_str().into());
        entry.path = Some(path);
        entry.status = Some(status.as_u16());
        audit.record(entry);
    }
    response
}
