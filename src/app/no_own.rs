//! A build without the identity service: nothing of it can be made.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::identity::{Around, IdentityParts};
use super::{BankOptions, DemoOptions, StartError};
use crate::admin::Identities;
use crate::clock::Clock;
use crate::config::{self, Config, Environment};
use crate::keyring::Keyring;
use crate::resume::Shelf;
use crate::whoami::Resolver;

/// Takes all mail: nobody here sends any.
pub type Mailbox = Option<Desk>;

/// Nothing here takes mail.
#[derive(Clone, Debug)]
pub enum Desk {}

/// The parts of the service in this process.
pub(super) enum Own {}

impl Own {
    pub(super) const fn router(&self) -> Router {
        match *self {}
    }

    #[allow(
        clippy::needless_pass_by_value,
        reason = "the same as where there is a service"
    )]
    pub(super) fn inform(&self, _resolver: Resolver) {
        match *self {}
    }

    pub(super) const fn identities(&self) -> Arc<Identities> {
        match *self {}
    }

    #[allow(
        clippy::needless_pass_by_value,
        reason = "the same as where there is a service"
    )]
    pub(super) fn send_mail(&self, _stop: CancellationToken) -> std::future::Ready<()> {
        match *self {}
    }

    pub(super) const fn shelf(&self) -> (Arc<dyn Shelf>, Keyring) {
        match *self {}
    }
}

/// No configuration names it.
#[allow(clippy::unused_async, reason = "the same as where there is a service")]
pub(super) async fn open(
    _config: &Config,
    embedded: &config::Embedded,
    _around: Around<'_>,
    _runtime: &Handle,
    _clock: &Clock,
) -> Result<IdentityParts, StartError> {
    match *embedded {}
}

/// The demo needs the identity service.
///
/// # Errors
/// Always.
pub fn demo(_options: DemoOptions) -> Result<(), StartError> {
    Err(StartError::LeftOut("demo"))
}

/// The bank of the demo.
///
/// # Errors
/// Always.
pub fn demo_bank(_options: BankOptions) -> Result<(), StartError> {
    Err(StartError::LeftOut("demo bank"))
}

/// The identity service by itself.
///
/// # Errors
/// Always.
pub fn serve_identity(_file: &Path, _environment: &Environment) -> Result<(), StartError> {
    Err(StartError::LeftOut("identity"))
}
