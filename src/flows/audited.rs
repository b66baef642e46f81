//! What the audit log learns of people's acts.

use super::login_done::Opened;
use super::record::FlowRecord;
use super::service::Service;
use super::visitor::Visitor;
use crate::audit::{Audit, Entry, Event};
use crate::courier::Template;
use crate::identity::{AmrEntry, CredentialType, IdentityId, Session, SessionId};

/// One change of an account that people are told of: what kind, and of which factor.
pub(super) type Change = (Template, Option<CredentialType>);

impl Service {
    /// The same service, which tells `audit` what people do.
    #[must_use]
    pub fn with_audit(mut self, audit: Audit) -> Self {
        self.audit = audit;
        self
    }

    fn audited(&self, event: Event, visitor: Option<&Visitor>) -> Option<Entry> {
        if !self.audit.is_on() {
            return None;
        }
        let mut entry = Entry::new(event);
        entry.door = Some("identity");
        entry.client_ip = visitor.map(|visitor| visitor.client.address);
        Some(entry)
    }

    fn audit(&self, entry: Option<Entry>, change: impl FnOnce(&mut Entry)) {
        if let Some(mut entry) = entry {
            change(&mut entry);
            self.audit.record(entry);
        }
    }

    /// A login step was completed.
    pub(super) fn audit_login(
        &self,
        record: &FlowRecord,
        visitor: &Visitor,
        step: &AmrEntry,
        opened: &Opened,
    ) {
        let event = if opened.other_person {
            Event::Login
        } else if record.refresh {
            Event::Refresh
        } else {
            Event::StepUp
        };
        let entry = self.audited(event, Some(visitor));
        self.audit(entry, |entry| with_session(entry, &opened.session, step));
    }

    /// A session was opened by a recovery code or link.
    pub(super) fn audit_recovery(&self, visitor: &Visitor, identity: IdentityId, method: &str) {
        let entry = self.audited(Event::Recovery, Some(visitor));
        self.audit(entry, |entry| {
            entry.subject = Some(identity.to_string().into());
            entry.factor = Some(method.into());
        });
    }

    /// An account was made.
    pub(super) fn audit_registration(&self, visitor: &Visitor, identity: IdentityId, method: &str) {
        let entry = self.audited(Event::Registration, Some(visitor));
        self.audit(entry, |entry| {
            entry.subject = Some(identity.to_string().into());
            entry.factor = Some(method.into());
        });
    }

    /// A factor was wrong. Whose it was to be is told where somebody is signed in already.
    pub(super) fn audit_wrong(&self, visitor: &Visitor, method: &str, session: Option<&Session>) {
        let entry = self.audited(Event::LoginFailed, Some(visitor));
        self.audit(entry, |entry| {
            entry.factor = Some(method.into());
            entry.subject = session.map(|session| session.identity_id.to_string().into());
            entry.session = session.map(|session| session.id.to_string().into());
        });
    }

    /// Ways to sign in were added, changed or removed.
    pub(super) fn audit_changes(
        &self,
        changes: &[Change],
        visitor: Option<&Visitor>,
        identity: IdentityId,
    ) {
        for (template, factor) in changes {
            let (reason, factor) = if *template == Template::PasswordChanged {
                ("changed", Some(CredentialType::Password))
            } else if *template == Template::FactorRemoved {
                ("removed", *factor)
            } else {
                ("added", *factor)
            };
            let entry = self.audited(Event::FactorChange, visitor);
            self.audit(entry, |entry| {
                entry.subject = Some(identity.to_string().into());
                entry.factor = factor.map(|factor| factor.as_str().into());
                entry.reason = Some(reason.into());
            });
        }
    }

    /// Sessions were ended before their time.
    pub(super) fn audit_ended(&self, sessions: &[SessionId], identity: IdentityId) {
        for session in sessions {
            let entry = self.audited(Event::SessionEnded, None);
            self.audit(entry, |entry| {
                entry.subject = Some(identity.to_string().into());
                entry.session = Some(session.to_string().into());
            });
        }
    }
}

fn with_session(entry: &mut Entry, session: &Session, step: &AmrEntry) {
    entry.subject = Some(session.identity_id.to_string().into());
    entry.session = Some(session.id.to_string().into());
    entry.aal = Some(session.aal.as_str());
    entry.factor = Some(step.method.as_str().into());
}
