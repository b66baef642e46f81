//! HAProxy, which asks by a Lua action of ours.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;

use super::compare::{Allow, Allowance};
use super::process::Started;
use super::world::{HOST, OFFICE, STRANGER, World};
use super::{Front, deployed, find, questions, speechless, table, vectors};
use crate::support::client::Connection;

const SCRIPT: &str = "/etc/haproxy/stepgate.lua";

struct Haproxy;

impl Front for Haproxy {
    fn name(&self) -> &'static str {
        "HAProxy"
    }

    fn program(&self) -> Option<&'static str> {
        Some("haproxy")
    }

    fn start(&self, program: &Path, world: &World) -> Started {
        start(program, world, world.decision_http().unwrap())
    }

    fn allowances(&self) -> &'static [Allowance] {
        ALLOWANCES
    }
}

const ALLOWANCES: &[Allowance] = &[Allowance {
    case: "a number sign",
    allow: Allow::RefusedBy(400),
    because: "HAProxy refuses by itself what is no target",
}];

/// The whole configuration, with its questions going to `decision`.
fn start(program: &Path, world: &World, decision: SocketAddr) -> Started {
    Started::launch(|address, folder| {
        let changes = [(SCRIPT, &*script())];
        let listen = (":8000", address);
        let text = deployed::for_world("haproxy/haproxy.cfg", world, listen, &changes);
        let asked = world.decision_http().unwrap().to_string();
        run(
            program,
            folder,
            &text.replace(&asked, &decision.to_string()),
        )
    })
}

/// The first example of its page.
struct TenLines;

impl Front for TenLines {
    fn name(&self) -> &'static str {
        "HAProxy by its first example"
    }

    fn program(&self) -> Option<&'static str> {
        Some("haproxy")
    }

    fn start(&self, program: &Path, world: &World) -> Started {
        Started::launch(|address, folder| {
            let text = deployed::example("haproxy.md", world, (":8000", address));
            run(program, folder, &text.replace(SCRIPT, &script()))
        })
    }

    fn allowances(&self) -> &'static [Allowance] {
        ALLOWANCES
    }
}

/// The script as it is: the configuration names the address that it asks.
fn script() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/haproxy/stepgate.lua");
    path.display().to_string()
}

fn run(program: &Path, folder: &Path, configuration: &str) -> Command {
    let file = folder.join("haproxy.cfg");
    std::fs::write(&file, configuration).unwrap();
    let mut command = Command::new(program);
    command.arg("-db").arg("-f").arg(file);
    command
}

#[test]
fn haproxy_answers_the_table() {
    table::run(&Haproxy);
}

#[test]
fn haproxy_answers_the_table_by_its_first_example() {
    table::run(&TenLines);
}

#[test]
fn haproxy_asks_once_for_a_session() {
    questions::run(&Haproxy);
}

#[test]
fn haproxy_lets_no_known_attack_through() {
    vectors::run(&Haproxy);
}

#[test]
fn haproxy_lets_nothing_through_without_an_answer() {
    if let Some(program) = find(&Haproxy) {
        speechless::run(|world, decision| start(&program, world, decision));
    }
}

#[test]
fn haproxy_passes_connections_on_with_the_clients_address() {
    let Some(program) = find(&Haproxy) else {
        return;
    };
    let world = World::with(Timestamp::now(), BEHIND, RULES);
    let started = Started::launch(|address, folder| {
        let listen = (":8000", address);
        let text = deployed::for_world("haproxy/proxy-protocol.cfg", &world, listen, &[]);
        run(&program, folder, &text)
    });
    let get = |from: IpAddr, to: SocketAddr, path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
        let mut connection = Connection::open_from(from, to);
        connection.send(request);
        connection.answer().map(|answer| answer.status)
    };
    let front = started.address;
    // The rule is for a network.
    assert_eq!(
        get(OFFICE, front, "/office/a"),
        Some(200),
        "{}",
        started.log()
    );
    assert_eq!(get(STRANGER, front, "/office/a"), Some(403));
}

const BEHIND: &str = r#"
version: 1
proxy:
  listen: { address: "127.0.0.1:0", proxy_protocol: true }
  trusted_proxies: [127.0.0.1/32]
rules: rules/
reload: { watch: false }
networks: { office: [127.0.0.3/32] }
identity: { external: { public_url: "IDENTITY" } }
admin: { listen: null }
telemetry: { log: { format: json } }
"#;

const RULES: &str = r#"
upstreams:
  app: { url: "UPSTREAM" }
defaults: { upstream: app, required_aal: none }
rules:
  - { id: office, match: { host: app.test, path: /office/**, networks: [office] } }
"#;
