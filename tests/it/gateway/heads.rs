//! Request heads: what is refused, and what the application gets of the others.

use super::world::{Plan, World};
use crate::support::server::Server;
use stepgate::authz::ForwardedFamily;

#[test]
fn a_public_request_is_forwarded_in_canonical_form() {
    let app = Server::hello();
    let world = World::before(&app);
    let answer = world.ask("GET /p%61th/x?q=1 HTTP/1.1\r\nHost: App.Test\r\nX-Own: 1\r\n\r\n");
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
    let seen = app.only();
    assert_eq!(seen.line(), "GET /path/x?q=1 HTTP/1.1");
    assert_eq!(seen.one("host"), Some("app.test"));
    assert_eq!(seen.one("x-own"), Some("1"));
    assert_eq!(seen.one("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(seen.one("x-forwarded-proto"), Some("http"));
    assert_eq!(seen.one("x-forwarded-host"), Some("app.test"));
    assert_eq!(seen.one("x-request-id").unwrap().len(), 32);
}

#[test]
fn heads_that_can_be_read_in_two_ways_are_refused() {
    let app = Server::hello();
    let world = World::before(&app);
    for request in [
        "GET /a#b HTTP/1.1\r\nHost: app.test\r\n\r\n",
        "GET /a HTTP/1.1\nHost: app.test\n\n",
        "GET /a HTTP/1.1\r\n\r\n",
        "GET /a HTTP/1.0\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost:\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: app.test\r\nHost: app.test\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: a@app.test\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: app.test, b.test\r\n\r\n",
        "GET http://b.test/a HTTP/1.1\r\nHost: app.test\r\n\r\n",
        "GET ftp://app.test/a HTTP/1.1\r\nHost: app.test\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: app.test\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: app.test\r\n\r\n",
        "GET app.test:443 HTTP/1.1\r\nHost: app.test\r\n\r\n",
        "GET /a/../b HTTP/1.1\r\nHost: app.test\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: app.test\r\nX-A : b\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: app.test\r\n X: b\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: app.test\r\nContent-Length: +3\r\n\r\nabc",
        "POST /a HTTP/1.0\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
    ] {
        let answer = world.ask(request);
        assert_eq!(answer.status, 400, "{request:?}");
    }
    assert!(app.received().is_empty());
}

#[test]
fn methods_that_are_nobodys_business_are_refused() {
    let app = Server::hello();
    let world = World::before(&app);
    let trace = world.ask("TRACE /a HTTP/1.1\r\nHost: app.test\r\n\r\n");
    assert_eq!(
        (trace.status, trace.error_id().as_str()),
        (405, "method_not_allowed")
    );
    let connect = world.ask("CONNECT in.test:22 HTTP/1.1\r\nHost: in.test:22\r\n\r\n");
    assert_eq!(connect.status, 405);
    let long = format!("{} /a HTTP/1.1\r\nHost: app.test\r\n\r\n", "G".repeat(500));
    assert_eq!(world.ask(long).status, 501);
    assert!(app.received().is_empty());
}

#[test]
fn an_absolute_target_is_the_same_as_its_path() {
    let app = Server::hello();
    let world = World::before(&app);
    let request = "GET http://APP.test/a?b HTTP/1.1\r\nHost: app.test\r\n\r\n";
    assert_eq!(world.ask(request).status, 200);
    assert_eq!(app.only().line(), "GET /a?b HTTP/1.1");
    let guarded = "GET http://app.test/admin/x HTTP/1.1\r\nHost: app.test\r\n\r\n";
    assert_eq!(world.ask(guarded).status, 401);
}

#[test]
fn pipelined_requests_are_judged_one_by_one_and_answered_in_order() {
    let app = Server::replying(|seen| crate::support::server::ok(seen.line()));
    let world = World::before(&app);
    let mut client = world.client();
    let mut all = String::new();
    for number in 0..20 {
        let area = if number == 7 { "admin" } else { "open" };
        all.push_str(&format!(
            "GET /{area}/{number} HTTP/1.1\r\nHost: app.test\r\n\r\n"
        ));
    }
    client.send(&all);
    for number in 0..20 {
        let answer = client.answer().unwrap();
        if number == 7 {
            assert_eq!(answer.status, 401);
        } else {
            assert_eq!(answer.text(), format!("GET /open/{number} HTTP/1.1"));
        }
    }
}

#[test]
fn a_pipelined_fragment_is_refused_and_ends_the_connection() {
    let app = Server::hello();
    let world = World::before(&app);
    let mut client = world.client();
    client.send(
        "GET /a HTTP/1.1\r\nHost: app.test\r\n\r\nGET /b#c HTTP/1.1\r\nHost: app.test\r\n\r\n\
         GET /d HTTP/1.1\r\nHost: app.test\r\n\r\n",
    );
    assert_eq!(client.answer().unwrap().status, 200);
    assert_eq!(client.answer().unwrap().status, 400);
    assert!(client.is_closed());
    assert_eq!(app.received().len(), 1);
}

#[test]
fn only_the_connections_own_headers_are_dropped_whatever_connection_names() {
    let app = Server::hello();
    let world = World::before(&app);
    let answer = world.ask(
        "GET /a HTTP/1.1\r\nHost: app.test\r\nConnection: close, X-Forwarded-For, x-keep\r\n\
         Keep-Alive: timeout=5\r\nProxy-Authorization: Basic eDp5\r\nProxy-Connection: x\r\n\
         TE: trailers, deflate\r\nUpgrade: foo\r\nX-Keep: yes\r\n\r\n",
    );
    assert_eq!(answer.status, 200);
    let seen = app.only();
    for gone in [
        "connection",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "upgrade",
    ] {
        assert_eq!(seen.one(gone), None, "{gone}");
    }
    assert_eq!(seen.one("te"), Some("trailers"));
    assert_eq!(seen.one("x-keep"), Some("yes"));
    assert_eq!(seen.one("x-forwarded-for"), Some("127.0.0.1"));
}

#[test]
fn forwarding_headers_are_believed_from_trusted_peers_only() {
    let app = Server::hello();
    let request = "GET /a HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 6.6.6.6, 192.0.2.7\r\n\
         X-Forwarded-Proto: https\r\nX-Forwarded-Host: app.test\r\nX-Request-Id: theirs\r\n\
         Forwarded: for=9.9.9.9\r\nX-Forwarded-Prefix: /x\r\n\r\n";
    let stranger = World::before(&app);
    assert_eq!(stranger.ask(request).status, 404);
    let mut plan = Plan::for_app(&app);
    plan.config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let friend = plan.start();
    assert_eq!(friend.ask(request).status, 200);
    let seen = app.only();
    assert_eq!(seen.one("host"), Some("app.test"));
    assert_eq!(
        seen.one("x-forwarded-for"),
        Some("6.6.6.6, 192.0.2.7, 127.0.0.1")
    );
    assert_eq!(seen.one("x-forwarded-proto"), Some("https"));
    assert_eq!(seen.one("x-forwarded-host"), Some("app.test"));
    assert_eq!(seen.one("x-request-id"), Some("theirs"));
    assert_eq!(seen.one("forwarded"), None);
    assert_eq!(seen.one("x-forwarded-prefix"), None);
}

#[test]
fn forwarded_is_sent_where_it_is_the_family() {
    let app = Server::hello();
    let mut plan = Plan::for_app(&app);
    plan.config.forwarded = ForwardedFamily::Rfc7239;
    let world = plan.start();
    world.ask("GET /a HTTP/1.1\r\nHost: app.test\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n");
    let seen = app.only();
    let expected = "for=\"127.0.0.1\";proto=http;host=\"app.test\"";
    assert_eq!(seen.one("forwarded"), Some(expected));
    assert_eq!(seen.one("x-forwarded-for"), None);
}
