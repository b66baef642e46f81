//! A decision listener that says nothing, or nothing that can be believed.

use std::net::SocketAddr;

use jiff::Timestamp;

use super::process::Started;
use super::world::{HOST, STRANGER, World};
use crate::support::client::Connection;
use crate::support::free_port;
use crate::support::server::Server;

/// What comes back for a path, before the connection is closed.
const ANSWERS: &[(&str, &str)] = &[
    ("/public/nothing", ""),
    ("/public/noise", "NOISE\r\n\r\n"),
    ("/public/interim", "HTTP/1.1 100 Continue\r\n\r\n"),
    ("/public/half-a-head", "HTTP/1.1 200 OK\r\nX-User-Id: al"),
    (
        "/public/half-a-body",
        "HTTP/1.1 200 OK\r\nX-User-Id: alice\r\nContent-Length: 1000\r\n\r\nhalf",
    ),
];

/// Whatever `start` starts, with a decision listener at that address, answers 503 and lets nothing
/// through.
pub(super) fn run(start: impl Fn(&World, SocketAddr) -> Started) {
    let world = World::start(Timestamp::now());
    let server = Server::serving(|line, _| {
        if let Some(question) = line.head() {
            let uri = question.header("x-forwarded-uri").unwrap_or_default();
            let answer = ANSWERS.iter().find(|(path, _)| *path == uri);
            line.write(answer.unwrap().1.as_bytes());
        }
    });
    let started = start(&world, server.address);
    for (path, _) in ANSWERS {
        assert_eq!(status(&started, path), 503, "{path}: {}", started.log());
    }
    let started = start(&world, free_port());
    assert_eq!(status(&started, "/public/a"), 503, "{}", started.log());
    assert!(world.application.received().is_empty());
}

fn status(started: &Started, path: &str) -> u16 {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    Connection::open_from(STRANGER, started.address)
        .ask(request)
        .status
}
