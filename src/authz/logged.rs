//! What the access log learns of a request that was decided on.

use std::sync::Arc;

use jiff::Timestamp;

use super::Facts;
use crate::policy::Request;
use crate::telemetry::{AccessEntry, Who};
use crate::whoami::{CacheUse, Record};

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

/// Tells a line what was asked.
pub fn log_asked(line: &mut AccessEntry, request: &Request) {
    line.client_ip = Some(request.client_ip);
    line.host = Some(request.host.as_str().into());
    line.path = Some(request.path.as_str().into());
}

/// Tells a line what became of it.
pub fn log_decided(line: &mut AccessEntry, facts: &Facts) {
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
