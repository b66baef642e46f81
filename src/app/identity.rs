//! The identity service that the configuration names, ready to be asked.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::StartError;
use super::own::{self, Mailbox, Own};
use crate::audit::Audit;
use crate::clock::Clock;
use crate::config::{Config, Identity};
use crate::pages::Pages;
use crate::rules::RuleStore;
use crate::whoami::{HttpIdentity, IdentityService};

/// An identity service and what others need of it.
pub(super) struct IdentityParts {
    /// Tells its answers from those of other services.
    pub(super) name: String,
    pub(super) service: Arc<dyn IdentityService>,
    /// What it has where it is in this process.
    pub(super) own: Option<Own>,
}

/// What an identity service in this process is to know of the gateway.
#[cfg_attr(
    not(feature = "identity"),
    expect(dead_code, reason = "no service is there to know it")
)]
pub(super) struct Around<'a> {
    pub(super) rules: &'a Arc<RuleStore>,
    pub(super) pages: &'a Arc<Pages>,
    /// The ports of the proxy's listeners, in order.
    pub(super) ports: Vec<u16>,
    /// Takes all mail.
    pub(super) desk: Mailbox,
    pub(super) audit: &'a Audit,
}

/// Makes the service.
pub(super) async fn open(
    config: &Config,
    around: Around<'_>,
    runtime: &Handle,
    clock: &Clock,
) -> Result<IdentityParts, StartError> {
    match &config.identity {
        Identity::External(external) => Ok(IdentityParts {
            name: external.service.public_url.to_string(),
            service: Arc::new(HttpIdentity::new(external.service.clone(), clock.clone())?),
            own: None,
        }),
        Identity::Embedded(embedded) => own::open(config, embedded, around, runtime, clock).await,
    }
}
