//! The admin API of a build without the identity service: there are no identities to ask for.

use std::sync::Arc;

use axum::Router;

use super::answer::Refusal;

/// What the admin API of identities works with, which this build does not have.
pub enum Identities {}

#[allow(clippy::unused_async, reason = "the same as where there is a service")]
impl Identities {
    pub(super) fn routes(self: &Arc<Self>) -> Router {
        match **self {}
    }

    pub(super) async fn ping(&self) -> Result<(), String> {
        match *self {}
    }

    pub(super) async fn end_session(&self, _id: &str) -> Result<(), Refusal> {
        match *self {}
    }
}
