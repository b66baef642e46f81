//! A gateway at work.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::certificates;
use super::rules::Rules;
use super::tasks::Tasks;
use super::tokens::Tokens;
use crate::admin::Readiness;
use crate::audit::{Audit, AuditWriter};
use crate::gateway::{self, Tls};
use crate::policy::RuleSet;
use crate::rules::{Reload, Watch};
use crate::streams::Switchboard;
use crate::telemetry::{AccessLogWriter, Metrics};
use crate::whoami::Resolver;

/// How long the doors of the service runtime may take to finish what is under way.
const WEB_DRAIN: Duration = Duration::from_secs(10);
/// How long the admin listener may take after that.
const ADMIN_DRAIN: Duration = Duration::from_secs(2);

/// A door that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// `proxy`, `identity` or `admin`.
    pub name: &'static str,
    /// `IP:port` or `unix:path`, as it really is.
    pub address: String,
    /// Whether it speaks TLS.
    pub tls: bool,
}

/// A gateway at work. Dropping it ends it at once; [`Running::drain`] ends it politely.
pub struct Running {
    pub(super) gateway: Option<gateway::Running>,
    pub(super) doors: Vec<Door>,
    /// Of all listeners.
    pub(super) certificates: Vec<Tls>,
    /// Ends the watch when it is dropped.
    pub(super) certificate_watch: Option<Watch>,
    pub(super) rules: Rules,
    pub(super) resolver: Resolver,
    pub(super) tokens: Tokens,
    pub(super) streams: Arc<Switchboard>,
    pub(super) readiness: Arc<Readiness>,
    pub(super) tasks: Tasks,
    /// The admin listener, which ends after everything else.
    pub(super) last_tasks: Tasks,
    pub(super) access_log: AccessLogWriter,
    pub(super) audit: Audit,
    /// Where it is counted what happens, if anybody may ask.
    pub(super) metrics: Option<Metrics>,
    pub(super) audit_writer: AuditWriter,
    /// Last: everything above may still use it.
    pub(super) runtime: Option<Runtime>,
}

impl Running {
    /// What listens where.
    #[must_use]
    pub fn doors(&self) -> &[Door] {
        &self.doors
    }

    /// The address of the first door of this name.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<&str> {
        let door = self.doors.iter().find(|door| door.name == name)?;
        Some(&door.address)
    }

    pub(super) fn handle(&self) -> Option<tokio::runtime::Handle> {
        Some(self.runtime.as_ref()?.handle().clone())
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> Arc<RuleSet> {
        self.rules.store.current()
    }

    /// The session check, to have sessions forgotten.
    #[must_use]
    pub const fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    /// What runs longer than a moment.
    #[must_use]
    pub const fn streams(&self) -> &Arc<Switchboard> {
        &self.streams
    }

    /// Reads rules and certificates again. What is broken stays as it was, and is logged.
    pub fn reload(&self) -> Reload {
        certificates::reload(&self.certificates);
        self.tokens.reload();
        if let Some(gateway) = &self.gateway {
            gateway.forget_upstream_certificates();
        }
        self.access_log.reopen();
        self.audit_writer.reopen();
        self.rules.reloader.reload()
    }

    /// Stops accepting, lets requests under way finish within their limit, then ends. Readiness
    /// goes red first, and the admin listener tells so until the end.
    pub fn drain(mut self) {
        self.readiness.stop();
        if let Some(gateway) = self.gateway.take() {
            gateway.drain();
            gateway.join();
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.block_on(async {
                if !self.tasks.end(WEB_DRAIN).await {
                    tracing::warn!("requests to the identity listener were cut off");
                }
                if !self.last_tasks.end(ADMIN_DRAIN).await {
                    tracing::warn!("requests to the admin listener were cut off");
                }
            });
            runtime.shutdown_background();
        }
        std::mem::take(&mut self.access_log).finish();
        std::mem::take(&mut self.audit_writer).finish();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.stop.cancel();
        self.last_tasks.stop.cancel();
        // Never blocks: a test may drop it on a runtime of its own.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
