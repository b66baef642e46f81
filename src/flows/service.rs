//! The service: everything the use cases work with.

use std::sync::Arc;

use jiff::Timestamp;

use super::answer::Failure;
use super::hasher::PasswordHasher;
use super::hooks::Calls;
use super::oidc::Providers;
use super::record::FlowRecord;
use super::return_to::OwnPlaces;
use super::shape;
use super::site::Site;
use super::visitor::Visitor;
use crate::audit::Audit;
use crate::clock::Clock;
use crate::contract::{self, Transport};
use crate::courier::Courier;
use crate::identity::settings::Settings;
use crate::identity::{Identity, IdentityEvent, Listener, Session};
use crate::store::{Account, Store};

/// The embedded identity service. Its methods are the use cases; they stand in the files of this
/// room, by flow.
pub struct Service {
    pub(super) settings: Arc<Settings>,
    pub(super) site: Site,
    pub(super) store: Store,
    pub(super) courier: Courier,
    pub(super) hasher: PasswordHasher,
    pub(super) calls: Calls,
    pub(super) providers: Providers,
    pub(super) clock: Clock,
    pub(super) listener: Arc<dyn Listener>,
    pub(super) audit: Audit,
}

impl Service {
    /// A service on this storage, which tells `listener` of every change.
    #[must_use]
    pub fn new(
        settings: Arc<Settings>,
        store: Store,
        courier: Courier,
        hasher: PasswordHasher,
        clock: Clock,
        listener: Arc<dyn Listener>,
    ) -> Self {
        let calls = Calls::new(&settings.clients);
        Self {
            site: Site::new(&settings, Arc::new(())),
            providers: Providers::new(calls.outbound.clone(), clock.clone()),
            calls,
            settings,
            store,
            courier,
            hasher,
            clock,
            listener,
            audit: Audit::off(),
        }
    }

    /// The same service, which also sends people back to places that are `own`.
    #[must_use]
    pub fn with_places(mut self, own: Arc<dyn OwnPlaces>) -> Self {
        self.site = Site::new(&self.settings, own);
        self
    }

    /// How the service is configured.
    #[must_use]
    pub const fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// Where its pages are.
    #[must_use]
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// Writes the messages that it sends.
    #[must_use]
    pub const fn courier(&self) -> &Courier {
        &self.courier
    }

    /// The clock that everything here goes by.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.wall()
    }

    pub(super) fn tell(&self, event: IdentityEvent) {
        self.listener.on_event(&event);
    }

    pub(super) fn show_identity(&self, identity: &Identity) -> contract::Identity {
        shape::identity(&self.site, &self.settings.schemas, identity)
    }

    pub(super) fn show_session(&self, session: &Session, owner: &Identity) -> contract::Session {
        let shown = self.show_identity(owner);
        shape::session(session, Some(shown), owner.is_active(), self.now())
    }

    /// Whether the service can work.
    pub async fn is_ready(&self) -> bool {
        self.store.ping().await.is_ok()
    }

    /// The flow's JSON for this visitor; settings show whose they are.
    pub(super) fn show_flow(
        &self,
        record: &FlowRecord,
        visitor: &Visitor,
        owner: Option<&Account>,
    ) -> contract::Flow {
        let token = match record.transport {
            Transport::Browser => Some(visitor.csrf.token()),
            Transport::Api => None,
        };
        let owner = owner.map(|account| self.show_identity(&account.identity));
        record.render(&self.site, token.as_deref(), owner)
    }

    /// The level that this account can reach.
    pub(super) fn available_aal(&self, account: &Account) -> crate::aal::Aal {
        account
            .credentials
            .available_aal(&self.settings.methods.code)
    }
}

/// Ends a use case because something of ours failed.
pub(super) fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::Internal(error.to_string())
}
