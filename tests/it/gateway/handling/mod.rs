//! What a rule does with a request that it lets through, and with its answer: over HTTP/1.1 and
//! HTTP/2.

mod answering;
mod cors;
mod headers;
mod limits;
mod over_http2;
mod rewriting;

use super::world::{Plan, World};
use crate::support::client::Response;
use crate::support::server::Server;

/// A gateway with these rules, each on `app.test` with the upstream `app`.
fn world(app: &Server, rules: &[&str]) -> World {
    Plan::with_rules(&rules_of(app, rules)).start()
}

fn rules_of(app: &Server, rules: &[&str]) -> String {
    let lines: Vec<String> = rules
        .iter()
        .map(|rule| format!("  - {{ {rule} }}\n"))
        .collect();
    format!(
        "upstreams: {{ app: {{ url: \"{}\" }} }}\ndefaults: {{ upstream: app }}\nrules:\n{}",
        app.url(),
        lines.concat()
    )
}

/// Asks `app.test` with these header lines, each ended.
fn ask(world: &World, line: &str, headers: &str) -> Response {
    world.ask(format!(
        "{line} HTTP/1.1\r\nHost: app.test\r\n{headers}\r\n"
    ))
}
