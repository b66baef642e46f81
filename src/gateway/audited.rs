//! What the audit log learns of refusals. Nothing of this happens while the log is off.

use http::HeaderValue;

use super::exchange::Exchange;
use crate::authz::{Answer, Decided, Facts, audit_refused, audit_unread};
use crate::policy::Request;

/// Tells that `request` was refused with `answer`.
pub(super) fn refused(
    exchange: &Exchange,
    request_id: &HeaderValue,
    request: &Request,
    facts: &Facts,
    answer: &Answer,
) {
    let audit = &exchange.client.worker.shared.audit;
    if audit.is_on() {
        audit.record(audit_refused(
            exchange.door.get(),
            request_id,
            request,
            facts,
            answer,
        ));
    }
}

/// Counts and tells that `request`, which could be read, was refused before any rule judged it.
pub(super) fn refused_unjudged(
    exchange: &Exchange,
    request_id: &HeaderValue,
    request: &Request,
    answer: &Answer,
) {
    let facts = Facts::without_rule(Decided::BadRequest);
    exchange.decided(&facts);
    refused(exchange, request_id, request, &facts, answer);
}

/// Tells that a request was refused before any rule was looked at.
pub(super) fn refused_unread(
    exchange: &Exchange,
    request_id: &HeaderValue,
    method: &http::Method,
    answer: &Answer,
) {
    let client = &exchange.client;
    let audit = &client.worker.shared.audit;
    if audit.is_on() {
        let peer = client.peer;
        let door = exchange.door.get();
        audit.record(audit_unread(
            door,
            request_id,
            peer,
            method,
            answer,
            Decided::BadRequest,
        ));
    }
}
