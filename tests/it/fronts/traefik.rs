//! Traefik, which asks by its middleware ForwardAuth.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::compare::{Allow, Allowance};
use super::process::Started;
use super::world::{HOST, World};
use super::{Front, deployed, table, ten_lines};
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

const ALLOWANCES: &[Allowance] = &[Allowance {
    case: "dots",
    allow: Allow::RefusedBy(401),
    because: "it resolves them before it asks, and forwards what it asked about",
}];

#[test]
fn traefik_answers_the_table() {
    table::run(&Traefik);
}

#[test]
fn ten_lines_are_enough_for_traefik_to_ask() {
    ten_lines::run(&Minimal);
}
