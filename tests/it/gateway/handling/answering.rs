//! Rules that answer themselves.

use super::{ask, world};
use crate::support::server::Server;

const RULES: &[&str] = &[
    "id: robots, match: { path: /robots.txt }, required_aal: none, \
     respond: { body: \"User-agent: *\\nDisallow: /\\n\" }",
    "id: gone, match: { path: /gone/** }, required_aal: aal1, \
     respond: { status: 410, body: '{\"gone\":true}', content_type: application/json }, \
     response_headers: { set: { X-Rule: gone } }",
    "id: moved, match: { path: /old/** }, required_aal: none, redirect: { to: /new?from=old }",
    "id: away, match: { path: /away }, required_aal: aal2, \
     redirect: { to: 'https://other.test/', status: 302 }",
];

#[test]
fn a_rule_answers_for_an_application_that_is_not_there() {
    let app = Server::hello();
    let world = world(&app, RULES);
    let robots = ask(&world, "GET /robots.txt", "");
    assert_eq!(
        (robots.status, &*robots.text()),
        (200, "User-agent: *\nDisallow: /\n")
    );
    assert_eq!(
        robots.one("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(robots.one("cache-control"), None);
    let head = ask(&world, "HEAD /robots.txt", "");
    assert_eq!((head.status, head.body.len()), (200, 0));
    let moved = ask(&world, "GET /old/x?y=z", "");
    assert_eq!(
        (moved.status, moved.one("location")),
        (308, Some("/new?from=old"))
    );
    assert!(app.received().is_empty());
}

#[test]
fn the_session_is_asked_for_before_the_rule_answers() {
    let app = Server::hello();
    let world = world(&app, RULES);
    assert_eq!(ask(&world, "GET /gone/x", "").status, 401);
    let gone = ask(&world, "GET /gone/x", "Cookie: session=alice-aal1\r\n");
    assert_eq!((gone.status, &*gone.text()), (410, "{\"gone\":true}"));
    assert_eq!(gone.one("content-type"), Some("application/json"));
    assert_eq!(gone.one("cache-control"), Some("no-store"));
    assert_eq!(gone.one("x-rule"), Some("gone"));
    let below = ask(&world, "GET /away", "Cookie: session=alice-aal1\r\n");
    assert_eq!((below.status, below.one("location")), (401, None));
    let away = ask(&world, "GET /away", "Cookie: session=alice-aal2\r\n");
    assert_eq!(
        (away.status, away.one("location")),
        (302, Some("https://other.test/"))
    );
    // The renewed cookie of the identity service is not lost.
    assert_eq!(away.headers("set-cookie"), ["session=renewed; Path=/"]);
    assert!(app.received().is_empty());
}

#[test]
fn a_body_that_nobody_reads_does_not_become_the_next_request() {
    let app = Server::hello();
    let world = world(&app, RULES);
    let mut client = world.client();
    client.send(
        "POST /old/x HTTP/1.1\r\nHost: app.test\r\nContent-Length: 41\r\n\r\n\
         GET /robots.txt HTTP/1.1\r\nHost: app.test\r\n\r\n",
    );
    let first = client.answer().unwrap();
    assert_eq!(first.status, 308);
    if let Some(second) = client.answer() {
        panic!("the body was answered: {second:?}");
    }
}
