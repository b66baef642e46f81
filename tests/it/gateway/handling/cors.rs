//! Pages of other origins: who may ask, who may read, and what they learn when refused.

use super::{ask, world};
use crate::gateway::upgrades::{handshake, shouting};
use crate::gateway::world::World;
use crate::support::client::Response;
use crate::support::server::Server;

const API: &str = "id: api, match: { path: /api/**, methods: [GET, PUT] }, required_aal: aal1, \
    cors: { origins: [https://page.test, 'http://localhost:3000'], methods: [GET, PUT], \
            headers: [Content-Type, X-App], credentials: true, max_age: 1h }";
const FEED: &str = "id: feed, match: { path: /feed }, required_aal: none, cors: { origins: ['*'] }";
const REST: &str = "id: rest, match: { path: /** }, required_aal: aal1";

/// Speaks of other origins itself, as it should not.
fn lax() -> Server {
    Server::replying(|_| {
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nAccess-Control-Allow-Origin: *\r\n\
          Access-Control-Allow-Credentials: true\r\nAccess-Control-Allow-Private-Network: true\r\n\
          Access-Control-Max-Age: 9\r\nAccess-Control-Expose-Headers: X-Total\r\n\
          Vary: Accept-Encoding\r\n\r\nok"
            .to_vec()
    })
}

fn preflight(world: &World, target: &str, origin: &str, method: &str, more: &str) -> Response {
    let headers = format!("Origin: {origin}\r\nAccess-Control-Request-Method: {method}\r\n{more}");
    ask(world, &format!("OPTIONS {target}"), &headers)
}

fn grants(answer: &Response) -> Vec<String> {
    let lines = answer
        .fields()
        .filter(|(name, _)| name.to_lowercase().starts_with("access-control-"));
    lines
        .map(|(name, value)| format!("{}: {value}", name.to_lowercase()))
        .collect()
}

fn varies(answer: &Response) -> String {
    answer.headers("vary").join(", ").to_lowercase()
}

#[test]
fn a_preflight_is_answered_before_anybody_is_asked_to_sign_in() {
    let app = lax();
    let world = world(&app, &[API, REST]);
    let answer = preflight(&world, "/api/x", "https://page.test", "PUT", "");
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(
        grants(&answer),
        [
            "access-control-allow-origin: https://page.test",
            "access-control-allow-credentials: true",
            "access-control-allow-methods: GET, PUT",
            "access-control-allow-headers: Content-Type, X-App",
            "access-control-max-age: 3600",
        ]
    );
    assert_eq!(
        varies(&answer),
        "origin, access-control-request-method, access-control-request-headers"
    );
    assert_eq!(answer.headers("set-cookie"), [""; 0]);
    // The session that comes along, as it should not, makes no difference.
    let session = "Cookie: session=alice-aal2\r\nX-HTTP-Method-Override: DELETE\r\n";
    let answer = preflight(&world, "/api/x", "http://localhost:3000", "GET", session);
    assert_eq!(answer.status, 204);
    assert_eq!(
        answer.one("access-control-allow-origin"),
        Some("http://localhost:3000")
    );
    assert_eq!(world.asked(), 0);
    assert!(app.received().is_empty());
}

#[test]
fn other_origins_learn_nothing() {
    let app = lax();
    let world = world(&app, &[API, REST]);
    for origin in [
        "https://page.test.evil.test",
        "https://evilpage.test",
        "https://PAGE.test",
        "http://page.test",
        "https://page.test:443",
        "https://page.test/",
        "null",
        "*",
        "https://a.page.test",
        "http://localhost:30000",
    ] {
        let answer = preflight(&world, "/api/x", origin, "PUT", "");
        assert_eq!(answer.status, 403, "{origin}");
        assert_eq!(grants(&answer), [""; 0], "{origin}");
        assert!(varies(&answer).contains("origin"), "{origin}");
        let session = format!("Origin: {origin}\r\nCookie: session=alice-aal1\r\n");
        let answer = ask(&world, "GET /api/x", &session);
        assert_eq!(answer.status, 200, "{origin}");
        assert_eq!(
            grants(&answer),
            ["access-control-expose-headers: X-Total"],
            "{origin}"
        );
        assert_eq!(varies(&answer), "accept-encoding, origin");
    }
}

#[test]
fn what_only_looks_like_a_preflight_is_judged_like_any_request() {
    let app = lax();
    let world = world(&app, &[API, REST]);
    let origin = "Origin: https://page.test\r\n";
    let method = "Access-Control-Request-Method: GET\r\n";
    for headers in [
        method.to_owned(),
        origin.to_owned(),
        format!("{origin}{method}{method}"),
        format!("{origin}{origin}{method}"),
        format!("{origin}Access-Control-Request-Method: G T\r\n"),
    ] {
        let answer = ask(&world, "OPTIONS /api/x", &headers);
        assert!(
            matches!(answer.status, 401 | 405),
            "{headers}: {}",
            answer.status
        );
    }
    let body = format!("{origin}{method}Content-Length: 3\r\n\r\nabc");
    let answer = world.ask(format!(
        "OPTIONS /api/x HTTP/1.1\r\nHost: app.test\r\n{body}"
    ));
    assert!(matches!(answer.status, 401 | 405), "{}", answer.status);
    // A rule without `cors`, and one that the request's own method does not reach.
    for (target, wanted) in [("/other", "GET"), ("/api/x", "DELETE")] {
        let answer = preflight(&world, target, "https://page.test", wanted, "");
        assert!(
            matches!(answer.status, 401 | 405),
            "{target}: {}",
            answer.status
        );
        assert_eq!(grants(&answer), [""; 0], "{target}");
    }
    assert!(app.received().is_empty());
}

#[test]
fn answers_say_what_the_rule_says_and_not_what_the_application_says() {
    let app = lax();
    let world = world(&app, &[API, FEED, REST]);
    let page = "Origin: https://page.test\r\nCookie: session=alice-aal1\r\n";
    let answer = ask(&world, "GET /api/x", page);
    assert_eq!(
        grants(&answer),
        [
            "access-control-expose-headers: X-Total",
            "access-control-allow-origin: https://page.test",
            "access-control-allow-credentials: true",
        ]
    );
    assert_eq!(varies(&answer), "accept-encoding, origin");
    let same = ask(&world, "GET /api/x", "Cookie: session=alice-aal1\r\n");
    assert_eq!(grants(&same), ["access-control-expose-headers: X-Total"]);
    assert_eq!(varies(&same), "accept-encoding, origin");
    let feed = ask(&world, "GET /feed", "Origin: https://anywhere.test\r\n");
    assert_eq!(
        grants(&feed),
        [
            "access-control-expose-headers: X-Total",
            "access-control-allow-origin: *"
        ]
    );
    assert_eq!(varies(&feed), "accept-encoding");
    // Where the rule says nothing, the application speaks for itself.
    let other = ask(&world, "GET /other", page);
    assert_eq!(other.one("access-control-max-age"), Some("9"));
}

#[test]
fn script_can_read_why_it_was_refused() {
    let app = Server::hello();
    let world = world(&app, &[API, REST]);
    let page = "Origin: https://page.test\r\nSec-Fetch-Mode: cors\r\n";
    let refused = ask(&world, "GET /api/x", page);
    assert_eq!(
        (refused.status, &*refused.error_id()),
        (401, "session_required")
    );
    assert_eq!(
        grants(&refused),
        [
            "access-control-allow-origin: https://page.test",
            "access-control-allow-credentials: true",
            "access-control-expose-headers: WWW-Authenticate, Retry-After, X-Request-Id",
        ]
    );
    assert_eq!(varies(&refused), "cookie, authorization, accept, origin");
    app.stop();
    let session = format!("{page}Cookie: session=alice-aal1\r\n");
    let down = ask(&world, "GET /api/x", &session);
    assert_eq!(
        (down.status, &*down.error_id()),
        (502, "upstream_unreachable")
    );
    assert_eq!(
        down.one("access-control-allow-origin"),
        Some("https://page.test")
    );
    let stranger = ask(&world, "GET /api/x", "Origin: https://evil.test\r\n");
    assert_eq!((stranger.status, grants(&stranger).len()), (401, 0));
}

#[test]
fn a_listed_origin_may_open_a_websocket_and_no_other_one() {
    let app = shouting();
    let world = world(
        &app,
        &[
            "id: ws, match: { path: /ws }, required_aal: aal1, \
             cors: { origins: [https://page.test], credentials: true }",
            "id: feed, match: { path: /feed }, required_aal: aal1, cors: { origins: ['*'] }",
        ],
    );
    let open = |path: &str, origin: &str| {
        let headers = format!("Cookie: session=alice-aal1\r\nOrigin: {origin}\r\n");
        world.ask(handshake(path, &headers)).status
    };
    assert_eq!(open("/ws", "https://page.test"), 101);
    assert_eq!(open("/ws", "http://app.test"), 101);
    assert_eq!(open("/ws", "https://page.test.evil.test"), 403);
    assert_eq!(open("/feed", "https://page.test"), 403);
}
