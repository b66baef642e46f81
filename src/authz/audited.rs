//! What the audit log learns of refusals.

use std::net::IpAddr;

use http::{HeaderValue, Method};

use super::{Answer, Decided, Facts};
use crate::audit::{Entry, Event};
use crate::policy::Request;
use crate::telemetry::Door;

/// `request` was refused with `answer`.
#[must_use]
pub fn audit_refused(
    door: Door,
    request_id: &HeaderValue,
    request: &Request,
    facts: &Facts,
    answer: &Answer,
) -> Entry {
    let mut entry = entry(event(facts.decision), door, request_id, answer);
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
    entry
}

/// A request was refused before any rule was looked at: it could not be read, or nobody may ask
/// that.
#[must_use]
pub fn audit_unread(
    door: Door,
    request_id: &HeaderValue,
    client_ip: IpAddr,
    method: &Method,
    answer: &Answer,
    decided: Decided,
) -> Entry {
    let mut entry = entry(Event::Refusal, door, request_id, answer);
    entry.client_ip = Some(client_ip);
    entry.method = Some(method.as_str().into());
    entry.decision = Some(decided.as_str());
    entry
}

fn entry(event: Event, door: Door, request_id: &HeaderValue, answer: &Answer) -> Entry {
    let mut entry = Entry::new(event);
    entry.door = Some(door.as_str());
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
        | Decided::Unavailable
        | Decided::UntrustedPeer => Event::Refusal,
    }
}
