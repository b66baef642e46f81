//! The product itself, started from configuration text, with its clock in the test's hand.

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use stepgate::app::{self, Running, Surroundings};
use stepgate::clock::Clock;
use stepgate::config::{self, Environment};
use tempfile::TempDir;

use super::client::{self, Response};
use super::identity::Identity;
use super::server::Server;

/// The host that the rules of [`World`] are about.
pub(crate) const HOST: &str = "bank.example.com";

/// A gateway at work.
pub(crate) struct Gateway {
    pub(crate) running: Running,
    pub(crate) clock: Clock,
    /// Where its proxy listens.
    pub(crate) address: SocketAddr,
    folder: TempDir,
}

impl Gateway {
    /// Starts with this `stepgate.yaml` and this rule file.
    pub(crate) fn start(stepgate: &str, rules: &str) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("rules")).unwrap();
        std::fs::write(folder.path().join("rules/test.yaml"), rules).unwrap();
        let file = folder.path().join("stepgate.yaml");
        std::fs::write(&file, stepgate).unwrap();
        let environment = Environment::default();
        let loaded = config::load(&file, &environment, &[]);
        let problems = format!("{:#?}", loaded.problems);
        let config = loaded.config.unwrap_or_else(|| panic!("{problems}"));
        let clock = Clock::manual(now());
        let around = Surroundings {
            environment,
            clock: clock.clone(),
            settings: loaded.settings,
            desk: None,
        };
        let running = app::start(&config, &around).unwrap_or_else(|error| panic!("{error:?}"));
        let address = running.address("proxy").unwrap().parse().unwrap();
        Self {
            running,
            clock,
            address,
            folder,
        }
    }

    /// Puts other rules in force.
    pub(crate) fn reload(&self, rules: &str) {
        let outcome = self.try_reload(rules).outcome;
        assert!(
            matches!(outcome, stepgate::rules::ReloadOutcome::Applied { .. }),
            "{outcome:?}"
        );
    }

    /// Has other rules read, which may be broken.
    pub(crate) fn try_reload(&self, rules: &str) -> stepgate::rules::Reload {
        std::fs::write(self.folder.path().join("rules/test.yaml"), rules).unwrap();
        self.running.reload()
    }

    /// Asks on a connection of its own.
    pub(crate) fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        client::ask(self.address, method, target, HOST, headers)
    }

    pub(crate) fn get(&self, target: &str, headers: &[(&str, &str)]) -> Response {
        self.ask("GET", target, headers)
    }
}

/// The time at which a manual clock starts.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// A gateway between a scripted identity service and an application.
pub(crate) struct World {
    pub(crate) identity: Identity,
    pub(crate) upstream: Server,
    pub(crate) gateway: Gateway,
}

/// What a test changes about [`World`].
#[derive(Default)]
pub(crate) struct Change<'a> {
    /// Further keys of `identity.external`, each as `key: value`.
    pub(crate) external: &'a [&'a str],
    /// Further top-level sections, as text.
    pub(crate) sections: &'a str,
    /// Further keys of `proxy`.
    pub(crate) proxy: &'a [&'a str],
    /// Rules in place of the usual ones; `UPSTREAM` in the text becomes the application's URL.
    pub(crate) rules: Option<&'a str>,
}

pub(crate) const RULES: &str = r#"
upstreams:
  bank: { url: UPSTREAM }
defaults: { upstream: bank }
rules:
  - id: public
    match: { host: bank.example.com, path: /public/** }
    required_aal: none
  - id: account
    match: { host: bank.example.com, path: /account/** }
    required_aal: aal1
  - id: transfer
    match: { host: bank.example.com, path: /transfer/** }
    required_aal: aal2
  - id: recent
    match: { host: bank.example.com, path: /recent/** }
    required_aal: aal1
    max_age: 10m
  - id: fresh
    match: { host: bank.example.com, path: /fresh/** }
    required_aal: aal2
    max_age: 10m
    reason: Money leaves the bank here.
  - id: best
    match: { host: bank.example.com, path: /best/** }
    required_aal: highest_available
  - id: firm
    match: { host: bank.example.com, path: /firm/** }
    required_aal: aal2
    enrol: deny
  - id: post-only
    match: { host: bank.example.com, path: /post/**, methods: [POST] }
    required_aal: aal1
"#;

impl World {
    pub(crate) fn start() -> Self {
        Self::with(&Change::default())
    }

    pub(crate) fn with(change: &Change<'_>) -> Self {
        let identity = Identity::start();
        let upstream = Server::hello();
        let keys = |keys: &[&str]| {
            keys.iter()
                .map(|key| format!("    {key}\n"))
                .collect::<String>()
        };
        let stepgate = format!(
            "version: 1\n\
             proxy:\n    listen: [{{ address: \"127.0.0.1:0\" }}]\n    workers: 1\n{}\
             identity:\n  external:\n    public_url: {}\n{}\
             reload: {{ watch: false }}\n\
             telemetry: {{ access_log: {{ output: null }} }}\n\
             admin: {{ listen: null }}\n{}",
            keys(change.proxy),
            identity.url(),
            keys(change.external),
            change.sections,
        );
        let rules = change
            .rules
            .unwrap_or(RULES)
            .replace("UPSTREAM", &upstream.url());
        let gateway = Gateway::start(&stepgate, &rules);
        Self {
            identity,
            upstream,
            gateway,
        }
    }

    /// Asks as a browser does.
    pub(crate) fn browse(&self, target: &str, cookie: &str) -> Response {
        self.gateway.get(
            target,
            &[("Accept", "text/html"), ("Cookie", &session(cookie))],
        )
    }

    /// Asks as an API client with a session cookie does.
    pub(crate) fn call(&self, target: &str, cookie: &str) -> Response {
        self.gateway.get(
            target,
            &[("Accept", "application/json"), ("Cookie", &session(cookie))],
        )
    }

    /// Asks at the same time on so many connections; the statuses.
    pub(crate) fn call_at_once(&self, count: usize, target: &'static str, cookie: &str) -> Crowd {
        let threads = (0..count)
            .map(|_| {
                let (address, cookie) = (self.gateway.address, session(cookie));
                let ask = move || {
                    let mut connection = client::Connection::open(address);
                    let text = format!(
                        "GET {target} HTTP/1.1\r\nHost: {HOST}\r\nCookie: {cookie}\r\n\r\n"
                    );
                    connection.send(text.as_bytes());
                    connection.receive(false).expect("an answer").status
                };
                // A thousand threads: each with little stack.
                std::thread::Builder::new()
                    .stack_size(128 * 1024)
                    .spawn(ask)
                    .unwrap()
            })
            .collect();
        Crowd(threads)
    }

    /// Waits until so many requests wait for an answer of the identity service.
    pub(crate) fn until_waiting(&self, requests: u64) {
        let start = std::time::Instant::now();
        loop {
            let counts = self.gateway.running.resolver().counts();
            if counts.misses + counts.coalesced >= requests {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "only {counts:?}");
            std::thread::yield_now();
        }
    }
}

/// Many requests under way.
pub(crate) struct Crowd(Vec<JoinHandle<u16>>);

impl Crowd {
    pub(crate) fn statuses(self) -> Vec<u16> {
        self.0
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    }
}

/// The `Cookie` header that carries `value` as the session.
pub(crate) fn session(value: &str) -> String {
    format!("{}={value}", super::identity::COOKIE)
}
