//! What a client gets when something breaks: never a half answer that looks whole, never somebody
//! else's answer, never a forward without a decision, and the others are served.

mod clients;
mod identity;
mod operation;
mod reload;
mod upstreams;

use std::net::SocketAddr;

use crate::support::people;
use crate::support::program::Program;
use crate::support::server::Server;

/// A gateway with one public and one protected part before `upstream`.
struct Gateway {
    program: Program,
    address: SocketAddr,
}

/// Short patience everywhere, so that a test is over soon.
const CONFIG: &str = r#"
version: 1
proxy:
  listen: [{ address: "127.0.0.1:0" }]
  workers: 1
  timeouts:
    { request_header: 1s, request_body_idle: 1s, response_idle: 1s, keep_alive: 20s, drain: 5s }
  upstream_defaults: { connect_timeout: 3s, response_header_timeout: 3s }
rules: rules/
reload: { watch: false }
identity:
  external:
    public_url: "@IDENTITY@"
    browser_url: https://id.test
    session_cookie: session
    whoami_required_aal: aal1
sessions:
  misses: { per_second_per_address: 100000 }
admin: { listen: "127.0.0.1:0" }
telemetry: { log: { format: json } }
"#;

fn config() -> String {
    config_with(&people::start().url())
}

fn config_with(identity: &str) -> String {
    CONFIG.replace("@IDENTITY@", identity)
}

fn rules(upstream: SocketAddr) -> String {
    format!(
        r#"
upstreams: {{ app: {{ url: "http://{upstream}" }} }}
rules:
  - {{ id: vault, match: {{ host: app.test, path: /vault/** }}, required_aal: aal2, upstream: app }}
  - {{ id: open, match: {{ host: app.test, path: /** }}, required_aal: none, upstream: app }}
"#
    )
}

impl Gateway {
    fn before(upstream: &Server) -> Self {
        Self::before_address(upstream.address)
    }

    fn before_address(upstream: SocketAddr) -> Self {
        let (config, rules) = (config(), rules(upstream));
        Self::of(Program::serve(&[
            ("stepgate.yaml", &config),
            ("rules/app.yaml", &rules),
        ]))
    }

    fn of(program: Program) -> Self {
        let address = *program
            .addresses("proxy")
            .first()
            .expect("a listener of the proxy");
        Self { program, address }
    }

    fn admin(&self) -> SocketAddr {
        *self
            .program
            .addresses("admin")
            .first()
            .expect("the admin listener")
    }
}
