//! Stepgate with its clock in the test's hand, and what it has counted and told.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::client::PATIENCE;
use crate::support::client::ask;
use crate::support::gateway::Gateway;
use crate::support::people;
use crate::support::server::Server;

/// What a message may take to come.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// Runs a test's own side of the connections.
pub(super) fn drive<F: Future>(test: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(test)
}

/// A gateway of which one worker answers on all listeners.
pub(super) struct Place {
    pub(super) gateway: Gateway,
    folder: TempDir,
    _identity: Server,
}

impl Place {
    pub(super) fn start() -> Self {
        Self::with(people::start(), super::RULES)
    }

    /// With this identity service and these rules.
    pub(super) fn with(identity: Server, rules: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let config = CONFIG
            .replace("@IDENTITY@", &identity.url())
            .replace("@AUDIT@", folder.path().join("audit.log").to_str().unwrap());
        Self {
            gateway: Gateway::start(&config, rules),
            folder,
            _identity: identity,
        }
    }

    pub(super) fn address(&self, door: &str) -> SocketAddr {
        self.gateway.running.address(door).unwrap().parse().unwrap()
    }

    /// Lets more time pass than a message may take.
    pub(super) fn let_the_limit_pass(&self) {
        self.gateway.clock.advance(LIMIT + Duration::from_secs(1));
    }

    /// How many requests at this door came to this decision, by whatever rule.
    pub(super) fn counted(&self, door: &str, decision: &str) -> u64 {
        let scrape = ask(self.address("admin"), "GET", "/metrics", "localhost", &[]).text();
        let lines = scrape.lines().filter(|line| {
            line.starts_with(&format!("stepgate_requests_total{{door=\"{door}\","))
                && line.contains(&format!("decision=\"{decision}\"}}"))
        });
        let values = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok());
        values.sum()
    }

    /// What the audit log has of refusals at this door.
    pub(super) fn audited(&self, door: &str) -> Vec<Value> {
        let log = std::fs::read_to_string(self.folder.path().join("audit.log")).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.filter(|line: &Value| line["door"] == door).collect()
    }

    /// Waits until gRPC counted and told so many refusals of what can't be read.
    pub(super) fn until_refused(&self, count: u64) {
        let end = Instant::now() + PATIENCE;
        loop {
            let counted = self.counted("ext_authz", "bad_request");
            let told = self.audited("ext_authz").len() as u64;
            if (counted, told) == (count, count) {
                return;
            }
            assert!(Instant::now() < end, "{counted} counted, {told} told");
            std::thread::yield_now();
        }
    }
}

const CONFIG: &str = r#"
version: 1
proxy: { listen: "127.0.0.1:0", workers: 1, limits: { h2_concurrent_streams: 4 } }
decision: { http: { listen: "127.0.0.1:0" }, grpc: { listen: "127.0.0.1:0" } }
reload: { watch: false }
identity:
  external:
    public_url: "@IDENTITY@"
    browser_url: https://id.test
    session_cookie: session
    whoami_required_aal: aal1
    timeout: 10m
admin: { listen: "127.0.0.1:0" }
telemetry: { access_log: { output: null }, audit_log: { output: "@AUDIT@" } }
"#;
