//! HAProxy, which asks by a Lua action of ours.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::certificate::{Certificate, shown};
use super::compare::{Allow, Allowance};
use super::process::Started;
use super::secured::{self, Secured};
use super::world::World;
use super::{Front, deployed, find, questions, speechless, table, vectors};

const SCRIPT: &str = "/etc/haproxy/stepgate.lua";

pub(super) struct Haproxy;

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

impl Secured for Haproxy {
    fn start_secured(&self, program: &Path, world: &World, certificate: &Certificate) -> Started {
        Started::launch(|address, folder| {
            let changes = [(SCRIPT, &*script())];
            let listen = (":8000", address);
            let text = deployed::for_world("haproxy/haproxy.cfg", world, listen, &changes);
            let [listener] = &deployed::examples_with_tls("haproxy.md")[..] else {
                panic!("one example");
            };
            let listener = listener
                .replace(":443", &address.to_string())
                .replace("/etc/haproxy/certs/", &shown(&certificate.both()));
            let plain = format!("    bind {address}\n");
            assert!(text.contains(&plain), "{text}");
            run(program, folder, &text.replacen(&plain, &listener, 1))
        })
    }
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

pub(super) fn run(program: &Path, folder: &Path, configuration: &str) -> Command {
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
fn haproxy_with_tls_answers_the_table() {
    secured::run(&Haproxy);
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
