//! Limits in size, count and time: each has an answer of its own.

use std::time::Duration;

use super::world::{Plan, World};
use crate::support::client::{Connection, Response};
use crate::support::server::Server;

#[test]
fn what_is_too_large_is_refused_by_what_is_too_large() {
    let app = Server::hello();
    let mut plan = Plan::for_app(&app);
    plan.config.limits.body_size = 10;
    plan.config.limits.header_size = 16 * 1024;
    let world = plan.start();
    let rest = " HTTP/1.1\r\nHost: app.test\r\n";
    let target = format!("GET /{}{rest}\r\n", "a".repeat(8200));
    assert_eq!(world.ask(target).status, 414);
    let head = format!("GET /a{rest}X: {}\r\n\r\n", "a".repeat(17 * 1024));
    assert_eq!(world.ask(head).status, 431);
    let huge = format!("GET /a{rest}X: {}\r\n\r\n", "a".repeat(200 * 1024));
    assert_eq!(world.ask(huge).status, 431);
    let many = format!("GET /a{rest}{}\r\n", "X: y\r\n".repeat(120));
    assert_eq!(world.ask(many).status, 431);
    let body = world.ask(format!(
        "POST /a{rest}Content-Length: 11\r\n\r\n01234567890"
    ));
    assert_eq!((body.status, body.error_id().as_str()), (413, "too_large"));
    let chunked = format!("POST /a{rest}Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n");
    assert_eq!(world.ask(chunked).status, 413);
    let fits = world.ask(format!("POST /a{rest}Content-Length: 10\r\n\r\n0123456789"));
    assert_eq!(fits.status, 200);
    assert_eq!(app.received().iter().filter(|seen| seen.whole).count(), 1);
}

/// Turns the clock until the connection has something to say.
pub(super) fn wait(world: &World, client: &mut Connection, step: Duration) -> Option<Response> {
    let clock = world.clock.clone();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let turning = std::thread::spawn(move || {
        for _ in 0..400 {
            if stopped.recv_timeout(Duration::from_millis(20)).is_ok() {
                return;
            }
            clock.advance(step);
        }
    });
    let answer = client.answer();
    let _ = stop.send(());
    turning.join().unwrap();
    answer
}

#[test]
fn a_head_that_does_not_arrive_is_answered_with_408() {
    let app = Server::hello();
    let world = World::before(&app);
    let mut client = world.client();
    client.send("GET /a HTTP/1.1\r\nHost: app");
    let answer = wait(&world, &mut client, Duration::from_secs(1)).unwrap();
    assert_eq!(
        (answer.status, answer.error_id().as_str()),
        (408, "timeout")
    );
    assert!(client.is_closed());
}

#[test]
fn a_body_that_stops_arriving_is_answered_with_408_and_never_ended() {
    let app = Server::hello();
    let world = World::before(&app);
    let mut client = world.client();
    client.send("POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\nabc");
    let answer = wait(&world, &mut client, Duration::from_secs(5)).unwrap();
    assert_eq!(
        (answer.status, answer.error_id().as_str()),
        (408, "timeout")
    );
    assert!(app.received().iter().all(|seen| !seen.whole));
}

#[test]
fn an_idle_connection_is_closed_after_keep_alive() {
    let app = Server::hello();
    let world = World::before(&app);
    let mut client = world.client();
    assert_eq!(
        client
            .ask("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n")
            .status,
        200
    );
    assert!(wait(&world, &mut client, Duration::from_secs(10)).is_none());
}

#[test]
fn a_silent_application_is_answered_for_with_504() {
    let app = Server::serving(|line, _| {
        let Some(_) = line.request() else { return };
        line.read(&mut [0; 1]);
    });
    let world = World::before(&app);
    let mut client = world.client();
    client.send("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n");
    let answer = wait(&world, &mut client, Duration::from_secs(5)).unwrap();
    assert_eq!(
        (answer.status, answer.error_id().as_str()),
        (504, "upstream_timeout")
    );
    assert_eq!(app.connections(), 1);
}

#[test]
fn an_application_that_falls_silent_within_its_answer_is_cut_off() {
    let app = Server::serving(|line, _| {
        let Some(_) = line.request() else { return };
        line.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        line.read(&mut [0; 1]);
    });
    let world = World::before(&app);
    let mut client = world.client();
    client.send("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n");
    let answer = wait(&world, &mut client, Duration::from_secs(5)).unwrap();
    assert!(!answer.whole);
}

#[test]
fn a_client_that_reads_nothing_is_cut_off() {
    let app = Server::serving(|line, _| {
        let Some(_) = line.request() else { return };
        line.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        while line.write(&[b'x'; 10_000]) {}
    });
    let world = World::before(&app);
    let mut client = world.client();
    client.send("GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n");
    assert_eq!(client.head().unwrap().status, 200);
    for _ in 0..60 {
        std::thread::sleep(Duration::from_millis(20));
        world.clock.advance(Duration::from_secs(5));
    }
    let mut read = 0;
    while !client.is_closed() {
        read += 1;
        assert!(read < 40_000_000);
    }
}

#[test]
fn a_connection_serves_as_many_requests_as_it_may() {
    let app = Server::hello();
    let mut plan = Plan::for_app(&app);
    plan.config.limits.requests_per_connection = Some(2);
    let world = plan.start();
    let mut client = world.client();
    let request = "GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n";
    assert_eq!(client.ask(request).one("connection"), None);
    assert_eq!(client.ask(request).one("connection"), Some("close"));
    assert!(client.is_closed());
}

#[test]
fn connections_over_the_limit_are_turned_away() {
    let app = Server::hello();
    let mut plan = Plan::for_app(&app);
    plan.config.limits.connections = 2;
    let world = plan.start();
    let request = "GET /a HTTP/1.1\r\nHost: app.test\r\n\r\n";
    let mut held = [world.client(), world.client()];
    for client in &mut held {
        assert_eq!(client.ask(request).status, 200);
    }
    assert_eq!(world.client().answer().unwrap().status, 503);
    let [first, _second] = held;
    drop(first);
    // The place is free once the worker has seen the end.
    let served = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        let mut client = world.client();
        client.send(request);
        client.answer().is_some_and(|answer| answer.status == 200)
    });
    assert!(served);
}
