//! Traefik, which asks by its middleware ForwardAuth.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::certificate::Certificate;
use super::compare::{Allow, Allowance};
use super::encrypted::Client;
use super::process::Started;
use super::secured::{self, Secured};
use super::world::{HOST, World};
use super::{Front, deployed, questions, table, ten_lines, vectors};
use crate::support::client::ask;
use crate::support::eventually;

/// With the whole configuration.
pub(super) struct Traefik;

impl Front for Traefik {
    fn name(&self) -> &'static str {
        "Traefik"
    }

    fn program(&self) -> Option<&'static str> {
        Some("traefik")
    }

    fn start(&self, program: &Path, world: &World) -> Started {
        launch(|address, folder| {
            let listen = [(":8000", &*address.to_string())];
            let text = deployed::file("traefik/traefik.yaml", &listen);
            std::fs::write(folder.join("traefik.yaml"), text).unwrap();
            let routes = deployed::of_world("traefik/dynamic.yaml", world, &[]);
            std::fs::write(folder.join("dynamic.yaml"), routes).unwrap();
            let mut command = Command::new(program);
            command.arg("--configFile=traefik.yaml");
            command
        })
    }

    fn allowances(&self) -> &'static [Allowance] {
        ALLOWANCES
    }
}

impl Secured for Traefik {
    fn start_secured(&self, program: &Path, world: &World, certificate: &Certificate) -> Started {
        let started = Started::launch(|address, folder| {
            let [listener, keys] = &deployed::examples_with_tls("traefik.md")[..] else {
                panic!("two examples");
            };
            let below = format!("    http:\n{listener}");
            let changes = [(":8000", &*address.to_string()), ("    http:\n", &below)];
            let text = deployed::file("traefik/traefik.yaml", &changes);
            std::fs::write(folder.join("traefik.yaml"), text).unwrap();
            let routes = deployed::of_world("traefik/dynamic.yaml", world, &[]);
            let keys = certificate.put_into(keys, "/etc/traefik");
            std::fs::write(folder.join("dynamic.yaml"), routes + keys.as_str()).unwrap();
            let mut command = Command::new(program);
            command.arg("--configFile=traefik.yaml");
            command
        });
        let client = Client::of(started.address, certificate);
        assert!(eventually(|| client.is_served()), "{}", started.log());
        started
    }

    fn secured_allowances(&self) -> &'static [Allowance] {
        SECURED_ALLOWANCES
    }
}

/// With the ten lines.
struct Minimal;

impl Front for Minimal {
    fn name(&self) -> &'static str {
        "Traefik with ten lines"
    }

    fn program(&self) -> Option<&'static str> {
        Traefik.program()
    }

    fn start(&self, program: &Path, world: &World) -> Started {
        launch(|address, folder| {
            let listen = (":8000", address);
            let text = deployed::for_world("traefik/minimal.yaml", world, listen, &[]);
            std::fs::write(folder.join("minimal.yaml"), text).unwrap();
            let mut command = Command::new(program);
            command.arg("--configFile=minimal.yaml");
            command
        })
    }
}

/// Traefik accepts connections before it has read its routes, and answers 404 until then.
fn launch(prepare: impl Fn(SocketAddr, &Path) -> Command) -> Started {
    let started = Started::launch(prepare);
    let is_routed = || ask(started.address, "GET", "/", HOST, &[]).status != 404;
    assert!(eventually(is_routed), "{}", started.log());
    started
}

/// It reads paths before it routes, and says so in a line of text.
const READ_FIRST: &str = "Traefik refuses these by itself";

const ALLOWANCES: &[Allowance] = &[
    refused(
        "twice encoded dots behind an encoded slash",
        400,
        READ_FIRST,
    ),
    refused("an encoded slash", 400, READ_FIRST),
    refused("an encoded slash in capitals", 400, READ_FIRST),
    refused("a backslash", 400, READ_FIRST),
    refused("an encoded backslash", 400, READ_FIRST),
    refused("an encoded NUL", 400, READ_FIRST),
    refused("a number sign", 400, READ_FIRST),
    refused("a broken escape", 400, READ_FIRST),
    refused("half an escape", 400, READ_FIRST),
    refused(
        "Connection names the cookie",
        401,
        "Traefik takes out what Connection names before it asks",
    ),
    Allowance {
        case: "a query with all that is allowed",
        allow: Allow::Target("/public/a?x=!$&'()*,&:@/?-._~"),
        because: "Traefik asks and forwards with & for every ; of a query",
    },
];

const fn refused(case: &'static str, status: u16, because: &'static str) -> Allowance {
    Allowance {
        case,
        allow: Allow::RefusedBy(status),
        because,
    }
}

/// By HTTP/2.
const RESET: &str = "Traefik ends streams whose target is no URL to it";

const SECURED_ALLOWANCES: &[Allowance] = &[
    Allowance::reset("a broken escape", RESET),
    Allowance::reset("half an escape", RESET),
];

#[test]
fn traefik_answers_the_table_as_the_proxy_does() {
    table::run(&Traefik);
}

#[test]
fn traefik_with_tls_answers_the_table_as_the_proxy_does() {
    secured::run(&Traefik);
}

#[test]
fn traefik_lets_no_known_attack_through() {
    vectors::run(&Traefik);
}

#[test]
fn traefik_asks_once_for_a_session() {
    questions::run(&Traefik);
}

#[test]
fn ten_lines_are_enough_for_traefik_to_ask() {
    ten_lines::run(&Minimal);
}
