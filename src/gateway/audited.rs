//! What the audit log learns of refusals. Nothing of this happens while the log is off.

use http::HeaderValue;

use super::exchange::Exchange;
use crate::audit::{Entry, Event};
use crate::authz::{Answer, Decided, Facts};
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
    if !audit.is_on() {
        return;
    }
    let mut entry = entry(event(facts.decision), request_id, answer);
    entry.client_ip = Some(request.client_ip);
    entry.method = Some(request.method.as_str().into());
    entry.host = Some(request.host.as_str().into());
    entry.path = Some(request.path.as_str().into());
    entry.decision = Some(facts.decision.as_str());
    entry.rule = facts.rule.as_ref().map(|rule| rule.as_str().into());
    if let Some(record) = &facts.session {
        let subject = record.subject();
        entry.subject = Some(subject.identity_id.clone());
        entry.session = Some(subject.session_id.clone());
        entry.aal = Some(subject.aal.as_str());
    }
    audit.record(entry);
}

/// Tells that a request was refused before any rule was looked at.
pub(super) fn refused_unread(
    exchange: &Exchange,
    request_id: &HeaderValue,
    method: &http::Method,
    answer: &Answer,
) {
    let audit = &exchange.client.worker.shared.audit;
    if !audit.is_on() {
        return;
    }
    let mut entry = entry(Event::Refusal, request_id, answer);
    entry.client_ip = Some(exchange.client.peer);
    entry.method = Some(method.as_str().into());
    entry.decision = Some(Decided::BadRequest.as_str());
    audit.record(entry);
}

fn entry(event: Event, request_id: &HeaderValue, answer: &Answer) -> Entry {
    let mut entry = Entry::new(event);
    entry.door = Some("proxy");
    entry.request_id = Some(String::from_utf8_lossy(request_id.as_bytes()).into());
    entry.status = Some(answer.status.as_u16());
    entry.reason = Some(answer.reason.clone());
    entry
}

const fn event(decision: Decided) -> Event {
    match decision {
        Decided::LogIn => Event::LoginRequired,
        Decided::StepUp | Decided::Refresh | Decided::Enrol => Event::StepUpRequired,
        Decided::Allow
        | Decided::Deny
        | Decided::NoRule
        | Decided::MethodNotAllowed
        | Decided::BadRequest
        | Decided::Unavailable => Event::Refusal,
    }
}
