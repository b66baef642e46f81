//! What the access log and the metrics learn of an exchange on its way.

use super::client::ClientConnection;
use super::exchange::Exchange;
use super::log::Entry;
use crate::authz;
use crate::clock::Monotonic;
use crate::telemetry::{Decided, Door, Traffic};

impl ClientConnection {
    /// What came was no request, or never became one.
    pub(super) fn unparsed(&self) {
        let traffic = &self.worker.shared.traffic;
        traffic.decided(self.door.name, None, Decided::BadRequest);
    }
}

impl Exchange {
    fn traffic(&self) -> &Traffic {
        &self.client.worker.shared.traffic
    }

    /// It was decided on. Told once for every request.
    pub(super) fn decided(&self, facts: &authz::Facts) {
        self.note(|entry| entry.decided(facts));
        let rule = facts.rule.as_ref().map(crate::policy::RuleId::as_str);
        self.traffic()
            .decided(self.door.get(), rule, facts.decision);
    }

    /// It could not be read.
    pub(super) fn unread(&self) {
        let door = self.door.get();
        self.traffic().decided(door, None, Decided::BadRequest);
    }

    /// It is the identity service's own business, or for our own pages.
    pub(super) fn passed(&self) {
        self.door.set(Door::Identity);
        self.note(Entry::passed);
        self.traffic().decided(Door::Identity, None, Decided::Allow);
    }

    /// It goes to an upstream now.
    pub(super) fn sent(&self, upstream: &str) {
        if self.is_told() {
            let now = self.client.worker.shared.clock.monotonic();
            self.sent.set(Some(now));
            self.note(|entry| entry.sent(upstream, now));
        }
    }

    /// The head of the upstream's answer is there.
    pub(super) fn answered(&self, upstream: &str) {
        if let Some(sent) = self.sent.get() {
            let now = self.client.worker.shared.clock.monotonic();
            self.note(|entry| entry.answered(now));
            self.traffic().upstream_took(upstream, now.since(sent));
        }
    }

    fn is_told(&self) -> bool {
        self.traffic().is_on() || self.log.borrow().is_some()
    }

    /// It is over.
    pub(super) fn is_over(&self, started: Option<Monotonic>) {
        if let Some(started) = started {
            let now = self.client.worker.shared.clock.monotonic();
            self.traffic().took(self.door.get(), now.since(started));
        }
    }
}
