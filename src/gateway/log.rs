//! What the access log learns of a request. Nothing of this happens while the log is off.

use std::sync::Arc;

use http::{HeaderValue, Method};

use super::client::ClientConnection;
use crate::authz::{self, log_asked, log_decided};
use crate::clock::Monotonic;
use crate::policy::Request;
use crate::telemetry::{AccessEntry, Door};

/// A line in the making.
pub(super) struct Entry {
    line: AccessEntry,
    started: Monotonic,
    sent: Option<Monotonic>,
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
        let mut line =
            AccessEntry::new(Door::Proxy, shared.clock.wall(), id.into(), method.clone());
        line.client_ip = Some(client.peer);
        Some(Box::new(Self {
            line,
            started: shared.clock.monotonic(),
            sent: None,
        }))
    }

    /// The request could be read.
    pub(super) fn asked(&mut self, request: &Request) {
        log_asked(&mut self.line, request);
    }

    /// It was decided on.
    pub(super) fn decided(&mut self, facts: &authz::Facts) {
        log_decided(&mut self.line, facts);
    }

    /// It is the identity service's own business.
    pub(super) fn passed(&mut self) {
        self.line.door = Door::Identity;
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
