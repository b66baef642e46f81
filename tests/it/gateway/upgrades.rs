//! WebSockets: who may open one, what else is not tunnelled, and how tunnels end.

use std::time::Duration;

use super::world::{Plan, World};
use crate::support::client::Connection;
use crate::support::server::{Line, Message, Server};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

pub(super) fn handshake(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{more}\r\n"
    )
}

fn agree(line: &mut Line) {
    line.write(
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {ACCEPT}\r\nSec-WebSocket-Protocol: chat\r\n\r\n\u{1}\u{3}abc"
        )
        .as_bytes(),
    );
}

/// Agrees to every handshake and shouts.
pub(super) fn shouting() -> Server {
    Server::serving(|line, _| {
        let Some(_) = line.request() else { return };
        agree(line);
        shout(line);
    })
}

/// Sends back what comes, in capitals.
pub(super) fn shout(line: &mut Line) {
    let mut bytes = [0; 1024];
    loop {
        let size = line.read(&mut bytes);
        if size == 0 {
            return;
        }
        bytes[..size].make_ascii_uppercase();
        line.write(&bytes[..size]);
    }
}

fn open(world: &World, request: &str) -> Connection {
    let mut client = world.client();
    let answer = client.ask(request);
    assert_eq!(answer.status, 101, "{answer:?}");
    assert_eq!(answer.one("sec-websocket-accept"), Some(ACCEPT));
    assert_eq!(answer.one("sec-websocket-protocol"), Some("chat"));
    assert_eq!(answer.one("upgrade"), Some("websocket"));
    client
}

#[test]
fn a_websocket_carries_bytes_both_ways() {
    let app = shouting();
    let world = World::before(&app);
    let mut client = open(
        &world,
        &handshake("/ws", "Sec-WebSocket-Protocol: chat\r\n"),
    );
    assert_eq!(client.read(5), b"\x01\x03abc");
    for _ in 0..3 {
        client.send("hello");
        assert_eq!(client.read(5), b"HELLO");
    }
    let seen: Message = app.only();
    assert_eq!(seen.one("upgrade"), Some("websocket"));
    assert_eq!(seen.one("connection"), Some("Upgrade"));
    assert_eq!(seen.one("sec-websocket-protocol"), Some("chat"));
}

#[test]
fn bytes_that_come_with_the_handshake_are_not_lost() {
    let app = shouting();
    let world = World::before(&app);
    let mut client = open(&world, &(handshake("/ws", "") + "now"));
    assert_eq!(client.read(8), b"\x01\x03abcNOW");
}

#[test]
fn a_websocket_needs_what_its_rule_asks_for() {
    let app = shouting();
    let world = World::before(&app);
    assert_eq!(world.ask(handshake("/admin/ws", "")).status, 401);
    let one_factor = handshake("/admin/ws", "X-Session-Token: alice-aal1\r\n");
    assert_eq!(world.ask(one_factor).status, 401);
    assert!(app.received().is_empty());
    let both = handshake("/admin/ws", "X-Session-Token: alice-aal2\r\n");
    open(&world, &both);
    assert_eq!(app.only().one("x-user-id"), Some("alice"));
}

#[test]
fn a_page_of_another_origin_cannot_open_one_with_a_session() {
    let app = shouting();
    let world = World::before(&app);
    let cookie = "Cookie: session=alice-aal2\r\n";
    let token = "X-Session-Token: alice-aal2\r\n";
    for refused in [
        format!("{cookie}Origin: http://evil.test\r\n"),
        format!("{cookie}Origin: https://app.test\r\n"),
        format!("{cookie}Origin: null\r\n"),
        cookie.to_owned(),
        format!("{token}Origin: http://evil.test\r\n"),
    ] {
        let answer = world.ask(handshake("/admin/ws", &refused));
        assert_eq!(
            (answer.status, answer.error_id().as_str()),
            (403, "access_denied")
        );
    }
    assert!(app.received().is_empty());
    open(
        &world,
        &handshake("/admin/ws", &format!("{cookie}Origin: http://app.test\r\n")),
    );
}

#[test]
fn nothing_but_websocket_is_tunnelled() {
    let app = Server::hello();
    let world = World::before(&app);
    for upgrade in [
        "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n",
        "Upgrade: websocket\r\n",
    ] {
        let request = format!("GET /a HTTP/1.1\r\nHost: app.test\r\n{upgrade}\r\n");
        assert_eq!(world.ask(request).status, 200);
    }
    for seen in app.received() {
        assert_eq!(seen.one("upgrade"), None);
        assert_eq!(seen.one("http2-settings"), None);
    }
}

#[test]
fn there_is_no_tunnel_without_a_101_that_answers_the_handshake() {
    for wrong in [
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: AAAA\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ] {
        let app = Server::serving(move |line, _| {
            let Some(_) = line.request() else { return };
            line.write(wrong.as_bytes());
            line.read(&mut [0; 1]);
        });
        let world = World::before(&app);
        assert_eq!(world.ask(handshake("/ws", "")).status, 502, "{wrong}");
    }
    // Declined: what follows on the connection is a request and nothing else.
    let app = Server::replying(|_| crate::support::server::ok(""));
    let world = World::before(&app);
    let mut client = world.client();
    client.send(handshake("/ws", "") + "GET /admin/x HTTP/1.1\r\nHost: app.test\r\n\r\n");
    assert_eq!(client.answer().unwrap().status, 200);
    assert_eq!(client.answer().unwrap().status, 401);
    assert_eq!(app.received().len(), 1);
}

#[test]
fn a_tunnel_ends_when_either_side_does_and_when_it_is_silent() {
    let app = shouting();
    let world = World::before(&app);
    let mut client = open(&world, &handshake("/ws", ""));
    assert_eq!(client.read(5), b"\x01\x03abc");
    client.finish();
    assert!(client.is_closed());
    let mut silent = open(&world, &handshake("/ws", ""));
    assert_eq!(silent.read(5), b"\x01\x03abc");
    for _ in 0..20 {
        world.clock.advance(Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(silent.read(4), [0x88, 2, 3, 0xe9]);
    assert!(silent.is_closed());
}

#[test]
fn a_tunnel_is_cut_when_the_process_stops() {
    let app = shouting();
    let mut plan = Plan::for_app(&app);
    plan.config.timeouts.drain = Duration::from_secs(20);
    let mut world = plan.start();
    let mut client = open(&world, &handshake("/ws", ""));
    assert_eq!(client.read(5), b"\x01\x03abc");
    let gate = world.gate.take().unwrap();
    gate.drain();
    // Close, going away.
    assert_eq!(client.read(4), [0x88, 2, 3, 0xe9]);
    assert!(client.is_closed());
    gate.join();
}
