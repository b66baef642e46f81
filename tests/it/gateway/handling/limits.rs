//! Time limits of a rule's own.

use std::time::Duration;

use super::world;
use crate::gateway::limits::wait;
use crate::gateway::upgrades::{handshake, shouting};
use crate::support::server::Server;

/// Says nothing at all, or half of what it promised.
fn silent() -> Server {
    Server::serving(|line, _| {
        let Some(request) = line.request() else {
            return;
        };
        if request.target().starts_with("/half") {
            line.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        }
        line.read(&mut [0; 16]);
    })
}

#[test]
fn an_application_may_take_as_long_as_its_rule_says() {
    let app = silent();
    let world = world(
        &app,
        &[
            "id: quick, match: { path: /quick }, required_aal: none, \
             timeouts: { response_header_timeout: 3s }",
            "id: half, match: { path: /half }, required_aal: none, timeouts: { response_idle: 3s }",
        ],
    );
    let start = world.clock.monotonic();
    let mut client = world.client();
    client.send("GET /quick HTTP/1.1\r\nHost: app.test\r\n\r\n");
    let answer = wait(&world, &mut client, Duration::from_secs(1)).unwrap();
    assert_eq!(
        (answer.status, &*answer.error_id()),
        (504, "upstream_timeout")
    );
    let mut client = world.client();
    client.send("GET /half HTTP/1.1\r\nHost: app.test\r\n\r\n");
    let answer = wait(&world, &mut client, Duration::from_secs(1)).unwrap();
    assert!(!answer.whole && answer.status == 200);
    // The limits of other requests are 60 seconds each.
    let took = world.clock.monotonic().since(start);
    assert!(took < Duration::from_secs(50), "{took:?}");
}

#[test]
fn a_body_may_pause_as_long_as_its_rule_says() {
    let app = Server::hello();
    let rule = "id: a, match: { path: /** }, required_aal: none, \
        timeouts: { request_body_idle: 3s }";
    let world = world(&app, &[rule]);
    let start = world.clock.monotonic();
    let mut client = world.client();
    client.send("POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\nabc");
    let answer = wait(&world, &mut client, Duration::from_secs(1)).unwrap();
    assert_eq!((answer.status, &*answer.error_id()), (408, "timeout"));
    let took = world.clock.monotonic().since(start);
    assert!(took < Duration::from_secs(50), "{took:?}");
}

#[test]
fn a_tunnel_may_be_silent_as_long_as_its_rule_says() {
    let app = shouting();
    let rule = "id: a, match: { path: /** }, required_aal: none, timeouts: { upgrade_idle: 2s }";
    let world = world(&app, &[rule]);
    let start = world.clock.monotonic();
    let mut client = world.client();
    assert_eq!(client.ask(handshake("/ws", "")).status, 101);
    assert_eq!(client.read(5), b"\x01\x03abc");
    assert!(wait(&world, &mut client, Duration::from_secs(1)).is_none());
    let took = world.clock.monotonic().since(start);
    assert!(took < Duration::from_secs(100), "{took:?}");
}
