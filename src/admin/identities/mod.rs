//! Identities and their sessions, as Kratos' admin API offers them.

mod batch;
mod change;
mod create;
mod credential;
mod import;
mod patch;
mod read;
pub(super) mod shape;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get};

use super::answer::Refusal;
use crate::clock::Clock;
use crate::flows::{PasswordHasher, Service};
use crate::identity::settings::Settings;
use crate::identity::{IdentityEvent, IdentityId, Listener};
use crate::store::Store;

/// What the admin API of identities works with.
pub struct Identities {
    /// What people do by themselves.
    pub service: Arc<Service>,
    /// Where they are kept.
    pub store: Store,
    /// How the service is configured.
    pub settings: Arc<Settings>,
    /// Hashes passwords that are brought along.
    pub hasher: PasswordHasher,
    /// The time.
    pub clock: Clock,
    /// Is told of every change.
    pub listener: Arc<dyn Listener>,
}

impl Identities {
    pub(super) fn tell(&self, event: IdentityEvent) {
        self.listener.on_event(&event);
    }
}

pub(super) fn routes() -> Router<Arc<Identities>> {
    Router::new()
        .route(
            "/identities",
            get(read::list).post(create::one).patch(batch::create),
        )
        .route(
            "/identities/{id}",
            get(read::one)
                .put(change::replace)
                .patch(change::patch)
                .delete(change::delete),
        )
        .route(
            "/identities/by/external/{external_id}",
            get(read::by_external_id),
        )
        .route(
            "/identities/{id}/credentials/{kind}",
            delete(credential::delete),
        )
}

/// Reads an id from a path. What is no id names nobody.
pub(super) fn id_of(text: &str) -> Result<IdentityId, Refusal> {
    text.parse().map_err(|_| Refusal::not_found())
}
