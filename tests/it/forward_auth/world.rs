//! Stepgate with a decision listener, and an identity service that says what it is told.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use crate::support::client::{Connection, Response, ask};
use crate::support::identity::Identity;
use crate::support::program::Program;

/// A path that everybody may see.
pub(super) const PUBLIC: &str = "/public/x";

pub(super) struct World {
    pub(super) program: Program,
    pub(super) identity: Identity,
    pub(super) decision: SocketAddr,
    pub(super) now: Timestamp,
}

impl World {
    pub(super) fn start() -> Self {
        let identity = Identity::start();
        let config = CONFIG.replace("IDENTITY", &identity.url());
        let program = Program::serve(&[("stepgate.yaml", &config), ("rules/app.yaml", RULES)]);
        let decision = program.addresses("forward_auth")[0];
        Self {
            program,
            identity,
            decision,
            now: Timestamp::now(),
        }
    }

    /// Asks at `/check` about a GET.
    pub(super) fn check(&self, target: &str, headers: &[(&str, &str)]) -> Response {
        Connection::open(self.decision).ask(question("/check", "GET", target, headers))
    }

    /// The lines of the audit log about this path.
    pub(super) fn audited(&self, path: &str) -> Vec<Value> {
        self.audited_where(|line| line["path"] == path)
    }

    /// The lines of the audit log that `wanted` picks.
    pub(super) fn audited_where(&self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let log = self.program.folder().join("audit.log");
        let log = std::fs::read_to_string(log).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.filter(|line: &Value| wanted(line)).collect()
    }

    /// How many requests came to this decision, by whatever rule.
    pub(super) fn counted(&self, decision: &str) -> u64 {
        let admin = self.program.addresses("admin")[0];
        let scrape = ask(admin, "GET", "/metrics", "localhost", &[]).text();
        let lines = scrape.lines().filter(|line| {
            line.starts_with("stepgate_requests_total{door=\"forward_auth\",")
                && line.contains(&format!("decision=\"{decision}\"}}"))
        });
        let values = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok());
        values.sum()
    }

    /// The lines of the access log that `wanted` picks.
    pub(super) fn lines(&self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let output = self.program.output();
        let records = output
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        records
            .filter(|record| record.get("request_id").is_some() && wanted(record))
            .collect()
    }

    /// The first of them, once it is written.
    pub(super) fn line(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(line) = self.lines(&wanted).into_iter().next() {
                return line;
            }
            assert!(
                Instant::now() < end,
                "no such line:\n{}",
                self.program.output()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A question about a request to `https://app.test`.
pub(super) fn question(at: &str, method: &str, target: &str, more: &[(&str, &str)]) -> String {
    let mut text = format!(
        "GET {at} HTTP/1.1\r\nHost: decision.test\r\nX-Forwarded-Method: {method}\r\n\
         X-Forwarded-Proto: https\r\nX-Forwarded-Host: app.test\r\nX-Forwarded-Uri: {target}\r\n"
    );
    for (name, value) in more {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text
}

const CONFIG: &str = r#"
version: 1
rules: rules/
reload: { watch: false }
identity: { external: { public_url: "IDENTITY", browser_url: https://id.test, whoami_required_aal: aal1 } }
decision: { http: { listen: "127.0.0.1:0" }, trusted_proxies: [127.0.0.1/32] }
admin: { listen: "127.0.0.1:0" }
telemetry: { log: { format: json }, audit_log: { output: audit.log } }
"#;

const RULES: &str = r#"
upstreams: { app: { url: "http://127.0.0.1:9" } }
rules:
  - { id: account, match: { host: app.test, path: /account/** }, required_aal: aal1, upstream: app }
  - { id: admin, match: { host: app.test, path: /admin/** }, required_aal: aal2, upstream: app }
  - { id: public, match: { host: app.test, path: /public/** }, required_aal: none, upstream: app }
"#;
