//! Methods, bodies, WebSockets, hosts, and what no rule is about.

use super::super::case::{Case, case};

pub(super) fn cases() -> Vec<Case> {
    [methods(), bodies(), sockets(), hosts(), own_places()].concat()
}

fn methods() -> Vec<Case> {
    vec![
        case("HEAD", "HEAD", "/public/a"),
        case("HEAD with a session", "HEAD", "/account/a").cookie("aal1"),
        case("HEAD without", "HEAD", "/account/a")
            .program()
            .refused(401, ""),
        case("HEAD by a browser", "HEAD", "/account/a")
            .browser()
            .sent("return_to="),
        case("HEAD where GET may", "HEAD", "/reading/a").cookie("aal1"),
        case("OPTIONS", "OPTIONS", "/public/a"),
        case("OPTIONS without a session", "OPTIONS", "/account/a")
            .program()
            .refused(401, "session_required"),
        case("DELETE", "DELETE", "/account/a").cookie("aal1"),
        case("another method than the rule's", "POST", "/reading/a")
            .program()
            .cookie("aal1")
            .body("text/plain", "a")
            .refused(405, "method_not_allowed"),
        case(
            "another method than the rule's, a browser",
            "DELETE",
            "/reading/a",
        )
        .browser()
        .cookie("aal1")
        .refused(405, ""),
        case("a preflight that no rule answers", "OPTIONS", "/account/a")
            .header("Origin", "http://other.test")
            .header("Access-Control-Request-Method", "POST")
            .program()
            .refused(401, "session_required"),
        case("a service worker", "GET", "/public/worker.js")
            .header("Service-Worker", "script")
            .program()
            .refused(403, "access_denied"),
    ]
}

const FORM: &str = "application/x-www-form-urlencoded";

fn bodies() -> Vec<Case> {
    vec![
        case("POST", "POST", "/public/a").body("text/plain", "to everyone"),
        case("POST with a session", "POST", "/account/a")
            .program()
            .cookie("aal1")
            .body("application/json", "{\"to\": \"Bob\", \"amount\": 100}")
            .saw(&[("x-user-id", "alice"), ("content-type", "application/json")]),
        case("POST by a browser", "POST", "/transfer/a")
            .browser()
            .cookie("aal2")
            .body(FORM, "to=bob&amount=100"),
        case("PUT", "PUT", "/account/a")
            .cookie("aal1")
            .body("text/plain", "all of it"),
        case("PATCH", "PATCH", "/account/a")
            .cookie("aal1")
            .body("text/plain", "some of it"),
        case("POST without a session", "POST", "/account/a")
            .program()
            .body("text/plain", "lost")
            .refused(401, "session_required"),
        case("POST by a browser without a session", "POST", "/account/a")
            .browser()
            .body(FORM, "lost=1")
            .refused(401, ""),
        case("POST by a browser that must step up", "POST", "/transfer/a")
            .browser()
            .cookie("aal1")
            .body(FORM, "to=bob")
            .refused(401, ""),
        case("POST in an outage", "POST", "/account/a")
            .program()
            .cookie("outage")
            .body("text/plain", "lost")
            .refused(503, "identity_unavailable"),
    ]
}

fn sockets() -> Vec<Case> {
    let own = "http://app.test";
    vec![
        case("a WebSocket", "GET", "/socket/a")
            .cookie("aal1")
            .header("Origin", own)
            .socket(),
        case("a public WebSocket", "GET", "/public/socket")
            .header("Origin", own)
            .socket(),
        case("a WebSocket with a token", "GET", "/socket/a")
            .header("X-Session-Token", "ory_st_alice")
            .socket(),
        case("a WebSocket of another origin", "GET", "/socket/a")
            .cookie("aal1")
            .header("Origin", "http://other.test")
            .socket()
            .refused(403, "access_denied"),
        case(
            "a WebSocket of no origin, with a cookie",
            "GET",
            "/socket/a",
        )
        .cookie("aal1")
        .socket()
        .refused(403, "access_denied"),
        case("a WebSocket without a session", "GET", "/socket/a")
            .header("Origin", own)
            .socket()
            .refused(401, "session_required"),
        case("a WebSocket below its level", "GET", "/transfer/a")
            .cookie("aal1")
            .header("Origin", own)
            .socket()
            .refused(401, "session_aal2_required"),
    ]
}

fn hosts() -> Vec<Case> {
    vec![
        case("capitals in the host", "GET", "/account/a")
            .host("APP.TEST")
            .cookie("aal1"),
        case("a port in the host", "GET", "/account/a")
            .host("app.test:80")
            .cookie("aal1"),
        case("a dot behind the host", "GET", "/account/a")
            .host("app.test.")
            .cookie("aal1"),
        case("a capital host without a session", "GET", "/account/a")
            .host("App.Test")
            .browser()
            .sent("return_to="),
        case("a host that no rule knows", "GET", "/account/a")
            .host("other.test")
            .program()
            .refused(404, "no_rule"),
        case("a host that no rule knows, a browser", "GET", "/")
            .host("other.test")
            .browser()
            .refused(404, ""),
        case("a path that no rule knows", "GET", "/elsewhere")
            .program()
            .cookie("aal2")
            .refused(403, "no_rule"),
        case("a path that no rule knows, a browser", "GET", "/elsewhere")
            .browser()
            .refused(403, ""),
        case(
            "a target with scheme and host",
            "GET",
            "http://app.test/account/a",
        )
        .cookie("aal1")
        .reached_at("/account/a"),
    ]
}

fn own_places() -> Vec<Case> {
    vec![
        case(
            "the login behind the mount",
            "GET",
            "/auth/self-service/login/browser",
        )
        .browser()
        .own(200),
        case("nothing behind the mount", "GET", "/auth/elsewhere")
            .program()
            .own(404),
        case(
            "nothing of Stepgate's own",
            "GET",
            "/.well-known/stepgate/elsewhere",
        )
        .program()
        .own(404),
    ]
}
