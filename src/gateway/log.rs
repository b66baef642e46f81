//! What the access log learns of a request. Nothing of this happens while the log is off.

use std::sync::Arc;

use http::{HeaderValue, Method};
use jiff::Timestamp;

use super::client::ClientConnection;
use crate::authz;
use crate::clock::Monotonic;
use crate::policy::Request;
use crate::telemetry::{AccessEntry, Who};
use crate::whoami::{CacheUse, Record};

/// A line in the making.
pub(super) struct Entry {
    line: AccessEntry,
    started: Monotonic,
    sent: Option<Monotonic>,
}

impl Who for Record {
    fn subject(&self) -> &str {
        &self.subject().identity_id
    }

    fn session(&self) -> &str {
        &self.subject().session_id
    }

    fn aal(&self) -> &'static str {
        self.subject().aal.as_str()
    }

    fn methods(&self) -> Vec<&'static str> {
        let steps = self.subject().completions.iter();
        steps.map(|step| step.method.as_str()).collect()
    }

    fn authenticated_at(&self) -> Timestamp {
        self.subject().authenticated_at
    }
}

impl Entry {
    /// Begins a line, where one is wanted.
    pub(super) fn begin(
        client: &ClientConnection,
        request_id: &HeaderValue,
        method: &Method,
    ) -> Option<Box<Self>> {
        let shared = &client.worker.shared;
        if !shared.log.wants_next() {
            return None;
        }
        let id = String::from_utf8_lossy(request_id.as_bytes());
        let mut line = AccessEntry::new(shared.clock.wall(), id.into(), method.clone());
        line.client_ip = Some(client.peer);
        Some(Box::new(Self {
            line,
            started: shared.clock.monotonic(),
            sent: None,
        }))
    }

    /// The request could be read.
    pub(super) fn asked(&mut self, request: &Request) {
        self.line.client_ip = Some(request.client_ip);
        self.line.host = Some(request.host.as_str().into());
        self.line.path = Some(request.path.as_str().into());
    }

    /// It was decided on.
    pub(super) fn decided(&mut self, facts: &authz::Facts) {
        let line = &mut self.line;
        line.rule = facts.rule.as_ref().map(|rule| Arc::from(rule.as_str()));
        line.generation = facts.generation;
        line.decision = facts.decision.as_str();
        line.reported = facts.reported;
        line.who = facts
            .session
            .as_ref()
            .map(|record| Arc::clone(record) as Arc<dyn Who>);
        line.cache = facts.cache.map(CacheUse::as_str);
        line.whoami = facts.cache.map(|_| facts.whoami);
    }

    /// It is the identity service's own business.
    pub(super) fn passed(&mut self) {
        self.line.decision = "allow";
    }

    /// It goes to an upstream now.
    pub(super) fn sent(&mut self, upstream: &str, now: Monotonic) {
        self.line.upstream = Some(Arc::from(upstream));
        self.sent = Some(now);
    }

    /// The head of the answer is there.
    pub(super) fn answered(&mut self, now: Monotonic) {
        self.line.upstream_time = self.sent.map(|sent| now.since(sent));
    }

    /// The client gets this status.
    pub(super) fn status(&mut self, status: http::StatusCode) {
        self.line.status = status.as_u16();
    }

    /// The request is over.
    pub(super) fn write(mut self, client: &ClientConnection, bytes_in: u64, bytes_out: u64) {
        let shared = &client.worker.shared;
        self.line.bytes_in = bytes_in;
        self.line.bytes_out = bytes_out;
        self.line.total = shared.clock.monotonic().since(self.started);
        shared.log.write(self.line);
    }
}
