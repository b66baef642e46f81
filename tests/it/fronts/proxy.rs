//! Stepgate's own proxy, which every other front is measured by.

use std::path::Path;

use super::process::Started;
use super::world::World;
use super::{Front, questions, secured, table, vectors};

pub(super) struct Proxy;

impl Front for Proxy {
    fn name(&self) -> &'static str {
        "the proxy itself"
    }

    fn program(&self) -> Option<&'static str> {
        None
    }

    fn start(&self, _program: &Path, world: &World) -> Started {
        Started::within(world.proxy())
    }
}

#[test]
fn the_proxy_itself_lets_no_known_attack_through() {
    vectors::run(&Proxy);
}

#[test]
fn the_proxy_itself_asks_once_for_a_session() {
    questions::run(&Proxy);
}

#[test]
fn the_proxy_itself_answers_the_table_by_tls() {
    secured::run(&Proxy);
}

#[test]
fn the_proxy_itself_answers_the_table() {
    table::run(&Proxy);
}
