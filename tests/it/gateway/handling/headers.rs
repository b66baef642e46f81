//! Headers that a rule sets and removes.

use super::{ask, world};
use crate::support::server::Server;

#[test]
fn what_the_rule_sets_stands_alone_and_what_it_removes_is_gone() {
    let app = Server::hello();
    let world = world(
        &app,
        &[
            "id: a, match: { path: /** }, required_aal: none, request_headers: { \
           set: { X-Gate: stepgate, X-Tenant: acme }, remove: [X-Debug-*, Referer, Authorization] }",
        ],
    );
    ask(
        &world,
        "GET /x",
        "X-Gate: evil\r\nX_Gate: evil\r\nx.gate: evil\r\nX-Debug-Level: evil\r\n\
         X_Debug_Trace: evil\r\nX-Debugger: kept\r\nReferer: evil\r\nAuthorization: Basic evil\r\n",
    );
    let seen = app.only();
    assert_eq!(seen.one("x-gate"), Some("stepgate"));
    assert_eq!(seen.one("x-tenant"), Some("acme"));
    assert_eq!(seen.one("x-debugger"), Some("kept"));
    assert!(!seen.head.contains("evil"), "{}", seen.head);
}

#[test]
fn identity_headers_come_last() {
    let app = Server::hello();
    let world = world(
        &app,
        &["id: a, match: { path: /** }, required_aal: aal1, request_headers: { remove: [X-*] }"],
    );
    let forged = "X-User-Id: mallory\r\nX-Other: evil\r\nX-Session-Token: ory_st_alice-aal1\r\n";
    assert_eq!(ask(&world, "GET /x", forged).status, 200);
    let seen = app.only();
    assert_eq!(seen.one("x-user-id"), Some("alice"));
    assert_eq!(seen.one("x-forwarded-for"), Some("127.0.0.1"));
    assert!(seen.one("x-request-id").is_some());
    assert!(
        !seen.head.contains("evil") && !seen.head.contains("ory_st_"),
        "{}",
        seen.head
    );
}

#[test]
fn answers_are_changed_and_our_own_cookies_are_not_the_rules_to_set() {
    let app = Server::replying(|_| {
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: Legacy/1.0\r\nX-Powered-By: old\r\n\
          X-Frame-Options: ALLOWALL\r\nSet-Cookie: a=b\r\nSet-Cookie: session=evil\r\n\r\nok"
            .to_vec()
    });
    let world = world(
        &app,
        &[
            "id: a, match: { path: /** }, required_aal: none, response_headers: { \
           set: { X-Frame-Options: DENY, Content-Security-Policy: \"default-src 'self'\", \
                  Set-Cookie: \"session=rule\" }, remove: [Server, X-Powered-*] }",
            "id: b, match: { path: /b }, required_aal: none, response_headers: { \
           set: { Set-Cookie: \"theme=dark; Path=/\" } }",
        ],
    );
    let answer = ask(&world, "GET /x", "");
    assert_eq!(answer.text(), "ok");
    assert_eq!(answer.one("x-frame-options"), Some("DENY"));
    assert_eq!(
        answer.one("content-security-policy"),
        Some("default-src 'self'")
    );
    assert_eq!(answer.headers("set-cookie"), ["a=b"]);
    assert_eq!(
        (answer.one("server"), answer.one("x-powered-by")),
        (None, None)
    );
    let answer = ask(&world, "GET /b", "");
    assert_eq!(answer.headers("set-cookie"), ["a=b", "theme=dark; Path=/"]);
}

#[test]
fn refusals_keep_their_own_headers() {
    let app = Server::hello();
    let world = world(
        &app,
        &[
            "id: a, match: { path: /** }, required_aal: aal1, response_headers: { \
           set: { Cache-Control: public, X-Rule: a }, remove: [WWW-Authenticate] }",
        ],
    );
    let refused = ask(&world, "GET /x", "");
    assert_eq!(refused.status, 401);
    assert_eq!(refused.one("cache-control"), Some("no-store"));
    assert_eq!(refused.one("x-rule"), None);
    assert!(refused.one("www-authenticate").is_some());
}
