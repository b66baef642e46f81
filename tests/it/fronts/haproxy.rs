//! HAProxy, which asks by a Lua action of ours.

use std::path::Path;
use std::process::Command;

use super::process::Started;
use super::world::World;
use super::{Front, deployed, questions, table, vectors};

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
        Started::launch(|address, folder| {
            let changes = [(SCRIPT, &*script())];
            let listen = (":8000", address);
            let text = deployed::for_world("haproxy/haproxy.cfg", world, listen, &changes);
            run(program, folder, &text)
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
