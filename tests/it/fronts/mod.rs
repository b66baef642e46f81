//! The decision behind real reverse proxies: each is started with its file from deploy/, gets the
//! same requests as Stepgate's own proxy, and must lead to the same answers.
//!
//! A machine without one of the programs leaves its tests out and says so; with `fronts` in
//! `STEPGATE_TEST_REQUIRE` they fail there instead. Programs are looked for in the folder that
//! `STEPGATE_FRONTS` names, then on the `PATH`, then where Debian puts servers.

mod apache;
mod caddy;
mod case;
mod cases;
mod certificate;
mod client_certificates;
mod compare;
mod compose;
mod deployed;
mod encrypted;
mod envoy;
mod haproxy;
mod nginx;
mod passing_on;
mod process;
mod proxy;
mod questions;
mod secured;
mod speechless;
mod table;
mod ten_lines;
mod traefik;
mod vectors;
mod world;

use std::path::{Path, PathBuf};

use compare::Allowance;
use jiff::Timestamp;
use process::Started;
use world::World;

/// A reverse proxy in front of the application that lets Stepgate decide.
pub(crate) trait Front: Sync {
    /// Its name, as people write it.
    fn name(&self) -> &'static str;

    /// The program's file name; `None` for what needs no further program.
    fn program(&self) -> Option<&'static str>;

    /// Starts it before `world`, with its file from deploy/ (see [`deployed`]).
    fn start(&self, program: &Path, world: &World) -> Started;

    /// Where its nature leads to another answer than the proxy's: few, and each with its reason.
    fn allowances(&self) -> &'static [Allowance] {
        &[]
    }
}

/// Where the front's program is; `None`, with a note, where it isn't installed. The proxy itself
/// needs none and has an empty path.
fn find(front: &dyn Front) -> Option<PathBuf> {
    let Some(name) = front.program() else {
        return Some(PathBuf::new());
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::var_os("STEPGATE_FRONTS")
        .map(PathBuf::from)
        .into_iter()
        .chain(std::env::split_paths(&path))
        .chain([PathBuf::from("/usr/sbin")]);
    let found = folders
        .map(|folder| folder.join(name))
        .find(|it| it.is_file());
    let required = std::env::var("STEPGATE_TEST_REQUIRE").is_ok_and(|list| list.contains("fronts"));
    assert!(found.is_some() || !required, "{name} is not installed");
    if found.is_none() {
        eprintln!("left out: {name} is not installed");
    }
    found
}

/// A world with a front before it, in which people signed in at `now`; `None` where the front isn't
/// installed.
fn start(front: &dyn Front, now: Timestamp) -> Option<(World, Started)> {
    let program = find(front)?;
    let world = World::start(now);
    let started = front.start(&program, &world);
    Some((world, started))
}
