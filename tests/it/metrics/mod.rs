//! Numbers for Prometheus, as a scrape of the admin listener gets them.

mod deployed;
mod numbers;
mod scrape;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::support::client::{Response, ask};
use crate::support::gateway::{Gateway, RULES};
use crate::support::identity::Identity;
use crate::support::server::Server;
use scrape::Scrape;

/// Stepgate with an admin listener, between an identity service and an application.
struct Place {
    identity: Identity,
    upstream: Server,
    gateway: Gateway,
}

impl Place {
    fn start(sections: &str) -> Self {
        let identity = Identity::start();
        let upstream = Server::hello();
        let stepgate = format!(
            "version: 1\n\
             proxy:\n    listen: [{{ address: \"127.0.0.1:0\" }}]\n    workers: 2\n\
             identity: {{ external: {{ public_url: {} }} }}\n\
             reload: {{ watch: false }}\n\
             {sections}\n",
            identity.url(),
        );
        let rules = RULES.replace("UPSTREAM", &upstream.url());
        let gateway = Gateway::start(&stepgate, &rules);
        Self {
            identity,
            upstream,
            gateway,
        }
    }

    /// With an admin listener on loopback and numbers.
    fn counting() -> Self {
        Self::start(
            "admin: { listen: \"127.0.0.1:0\" }\ntelemetry: { access_log: { output: null } }",
        )
    }

    fn address(&self, door: &str) -> SocketAddr {
        self.gateway.running.address(door).unwrap().parse().unwrap()
    }

    fn ask_admin(&self, target: &str, headers: &[(&str, &str)]) -> Response {
        ask(self.address("admin"), "GET", target, "localhost", headers)
    }

    fn scrape(&self) -> Scrape {
        let answer = self.ask_admin("/metrics", &[]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(answer.one("content-type"), Some(kind));
        Scrape::read(&answer.text())
    }

    /// Scrapes until `sample` has come to `value`: what ends with an answer is counted a moment
    /// after its last byte.
    fn until(&self, sample: &str, value: f64) -> Scrape {
        let start = Instant::now();
        loop {
            let scrape = self.scrape();
            if scrape.value(sample) == Some(value) {
                return scrape;
            }
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "{sample} is {:?}",
                scrape.value(sample)
            );
            std::thread::yield_now();
        }
    }
}
