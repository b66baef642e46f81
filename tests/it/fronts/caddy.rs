//! Caddy, which asks by its reverse proxy and acts on the answer.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::certificate::Certificate;
use super::compare::{Allow, Allowance};
use super::process::Started;
use super::secured::{self, Secured};
use super::world::World;
use super::{Front, deployed, questions, table, ten_lines, vectors};

/// With the whole configuration.
pub(super) struct Caddy;

impl Front for Caddy {
    fn name(&self) -> &'static str {
        "Caddy"
    }

    fn program(&self) -> Option<&'static str> {
        Some("caddy")
    }

    fn start(&self, program: &Path, world: &World) -> Started {
        Started::launch(|address, folder| {
            let file = folder.join("Caddyfile");
            std::fs::write(&file, text("caddy/Caddyfile", world, address)).unwrap();
            run(program, &file)
        })
    }

    fn allowances(&self) -> &'static [Allowance] {
        ALLOWANCES
    }
}

impl Secured for Caddy {
    fn start_secured(&self, program: &Path, world: &World, certificate: &Certificate) -> Started {
        Started::launch(|address, folder| {
            let [listener] = &deployed::examples_with_tls("caddy.md")[..] else {
                panic!("one example");
            };
            let listener = certificate
                .put_into(listener, "/etc/caddy")
                .replace(":443", &format!(":{}", address.port()));
            // It would take port 80 to redirect from, too.
            let quiet = "\tadmin off\n\tauto_https disable_redirects\n";
            let changes = [(":8000 {\n", &*listener), ("\tadmin off\n", quiet)];
            let text = deployed::of_world("caddy/Caddyfile", world, &changes);
            let file = folder.join("Caddyfile");
            std::fs::write(&file, text).unwrap();
            run(program, &file)
        })
    }

    fn secured_allowances(&self) -> &'static [Allowance] {
        SECURED_ALLOWANCES
    }
}

/// With the ten lines.
struct Minimal;

impl Front for Minimal {
    fn name(&self) -> &'static str {
        "Caddy with ten lines"
    }

    fn program(&self) -> Option<&'static str> {
        Caddy.program()
    }

    fn start(&self, program: &Path, world: &World) -> Started {
        Started::launch(|address, folder| {
            let file = folder.join("Caddyfile");
            let text = text("caddy/minimal.Caddyfile", world, address);
            // Several run on this machine, and each wants port 2019 for its own administration.
            std::fs::write(&file, format!("{{\n\tadmin off\n}}\n{text}")).unwrap();
            run(program, &file)
        })
    }
}

/// A file for `world`. An address in place of the port would be a host's name to Caddy, so only the
/// port is another.
fn text(name: &str, world: &World, address: SocketAddr) -> String {
    let port = format!(":{} {{", address.port());
    deployed::of_world(name, world, &[(":8000 {", &port)])
}

/// Caddy with its own files in the folder as well.
pub(super) fn run(program: &Path, file: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(["run", "--adapter", "caddyfile", "--config"])
        .arg(file)
        .env("XDG_CONFIG_HOME", ".")
        .env("XDG_DATA_HOME", ".");
    command
}

/// Targets that are no URL to it.
const READ_FIRST: &str = "Caddy refuses these by itself";

const ALLOWANCES: &[Allowance] = &[
    Allowance {
        case: "a broken escape",
        allow: Allow::RefusedBy(400),
        because: READ_FIRST,
    },
    Allowance {
        case: "half an escape",
        allow: Allow::RefusedBy(400),
        because: READ_FIRST,
    },
];

/// By HTTP/2.
const RESET: &str = "Caddy ends streams whose target is no URL to it";

const SECURED_ALLOWANCES: &[Allowance] = &[
    Allowance::reset("a broken escape", RESET),
    Allowance::reset("half an escape", RESET),
];

#[test]
fn caddy_answers_the_table_as_the_proxy_does() {
    table::run(&Caddy);
}

#[test]
fn caddy_with_tls_answers_the_table_as_the_proxy_does() {
    secured::run(&Caddy);
}

#[test]
fn caddy_lets_no_known_attack_through() {
    vectors::run(&Caddy);
}

#[test]
fn caddy_asks_once_for_a_session() {
    questions::run(&Caddy);
}

#[test]
fn ten_lines_are_enough_for_caddy_to_ask() {
    ten_lines::run(&Minimal);
}
