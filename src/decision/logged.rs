//! What the logs learn of a question.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, Method};

use super::{Asking, Decider, Decision, Door};
use crate::authz::{Answer, Decided, Facts, audit_refused, audit_unread, log_asked, log_decided};
use crate::clock::Monotonic;
use crate::policy::Request;
use crate::telemetry::AccessEntry;

/// A question as it was put, before anything is known of the request that it is about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// By which protocol it is asked.
    pub door: Door,
    /// Who asks.
    pub peer: IpAddr,
    /// The question's own method.
    pub method: &'a Method,
    /// Headers that say in which words to refuse.
    pub headers: &'a HeaderMap,
    /// What it is called in logs.
    pub request_id: &'a HeaderValue,
    /// Whether a decision is asked for, or the words of one.
    pub asking: Asking,
}

/// A line of the access log in the making.
pub(super) struct Line {
    entry: AccessEntry,
    started: Monotonic,
}

impl Line {
    /// It is about a request that has a line with its decision already.
    pub(super) fn repeats(line: &mut Option<Box<Self>>) {
        if let Some(line) = line {
            line.entry.repeated = true;
        }
    }
}

impl Decider {
    fn begin(&self, door: Door, request_id: &HeaderValue, method: &Method) -> Option<Box<Line>> {
        if !self.access_log.wants_next() {
            return None;
        }
        let id = String::from_utf8_lossy(request_id.as_bytes());
        Some(Box::new(Line {
            entry: AccessEntry::new(door, self.clock.wall(), id.into(), method.clone()),
            started: self.clock.monotonic(),
        }))
    }

    /// Begins a line about `request`, where one is wanted.
    pub(super) fn begin_line(
        &self,
        door: Door,
        request_id: &HeaderValue,
        request: &Request,
    ) -> Option<Box<Line>> {
        let mut line = self.begin(door, request_id, &request.method)?;
        log_asked(&mut line.entry, request);
        Some(line)
    }

    /// Ends a line with what was decided.
    pub(super) fn end_line(&self, line: Option<Box<Line>>, decision: &Decision) {
        let Some(mut line) = line else { return };
        let (status, facts, bytes) = match decision {
            Decision::Allow { facts, .. } => (200, facts, 0),
            Decision::Refuse {
                status,
                body,
                facts,
                ..
            } => (status.as_u16(), facts, body.len()),
        };
        log_decided(&mut line.entry, facts);
        line.entry.status = status;
        line.entry.bytes_out = u64::try_from(bytes).unwrap_or(u64::MAX);
        line.entry.total = self.clock.monotonic().since(line.started);
        self.access_log.write(line.entry);
    }

    /// Tells the audit log of a refused request.
    pub(super) fn audit(
        &self,
        door: Door,
        request_id: &HeaderValue,
        request: &Request,
        facts: &Facts,
        answer: &Answer,
    ) {
        if self.audit.is_on() {
            let entry = audit_refused(door, request_id, request, facts, answer);
            self.audit.record(entry);
        }
    }

    /// Tells the audit log of a question that was refused before any rule was looked at.
    pub(super) fn audit_question(
        &self,
        question: &Question<'_>,
        answer: &Answer,
        decided: Decided,
    ) {
        if self.audit.is_on() {
            let Question {
                door,
                peer,
                method,
                headers: _,
                request_id,
                asking: _,
            } = *question;
            let entry = audit_unread(door, request_id, peer, method, answer, decided);
            self.audit.record(entry);
        }
    }

    /// A whole line about a question that was refused before any rule was looked at.
    pub(super) fn log_question(&self, question: &Question<'_>, decision: &Decision) {
        let mut line = self.begin(question.door, question.request_id, question.method);
        if let Some(line) = &mut line {
            line.entry.client_ip = Some(question.peer);
        }
        if !question.asking.decides() {
            Line::repeats(&mut line);
        }
        self.end_line(line, decision);
    }
}
