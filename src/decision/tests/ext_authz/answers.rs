//! What Envoy is told to do.

use super::*;
use crate::aal::Aal;
use crate::decision::tests::world::{RULES, SIGNED_IN, session};

#[tokio::test]
async fn a_person_who_may_pass_is_named_and_a_forged_name_removed() {
    let world = World::new(RULES);
    world.says(Ok(session(Aal::Aal1, 10)));
    let headers = [
        ("cookie", SIGNED_IN.1),
        ("x_user_id", "mallory"),
        ("x-user-name", "mallory"),
        ("x-forwarded-user", "mallory"),
        ("x-forwarded-host", "mallory.test"),
        ("x-original-url", "/admin"),
        ("x-forwarded-for", "192.0.2.7"),
        ("x-envoy-external-address", "192.0.2.7"),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("origin", "https://app.test"),
        ("accept", "*/*"),
    ];
    let response = check(&world, about("/account", &headers)).await;
    for (name, value) in [
        ("decision", "allow"),
        ("rule", "account"),
        ("aal", "aal1"),
        ("subject", "alice"),
        ("session", "session"),
    ] {
        assert_eq!(fact(&response, name).as_deref(), Some(value), "{name}");
    }
    let ok = allowed(response);
    assert_eq!(values(&ok.headers, "x-user-id"), ["alice"]);
    assert_eq!(values(&ok.headers, "x-auth-aal"), ["aal1"]);
    assert_eq!(values(&ok.headers, "cookie"), ["theme=dark"]);
    assert_eq!(values(&ok.headers, "x-forwarded-host"), ["app.test"]);
    assert!(values(&ok.headers, ":path").is_empty());
    for header in &ok.headers {
        assert_eq!(header.append_action, 2, "overwrites: {header:?}");
    }
    let mut gone = ok.headers_to_remove;
    gone.sort();
    let forged = [
        "x-forwarded-user",
        "x-original-url",
        "x-user-name",
        "x_user_id",
    ];
    assert_eq!(gone, forged);
    let cookies = values(&ok.response_headers_to_add, "set-cookie");
    assert_eq!(cookies, ["session=renewed; Path=/"]);
}

#[tokio::test]
async fn nobody_is_named_where_nobody_is_signed_in() {
    let world = World::new(RULES);
    let headers = [("x-user-id", "mallory"), ("cookie", "session=stale")];
    let ok = allowed(check(&world, about("/public/x", &headers)).await);
    assert!(values(&ok.headers, "x-user-id").is_empty());
    for name in ["x-user-id", "x-user-email", "x-auth-aal", "cookie"] {
        assert!(
            ok.headers_to_remove.iter().any(|gone| gone == name),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_browser_is_sent_to_sign_in_and_a_program_told_so() {
    let world = World::new(RULES);
    let browser = [("accept", "text/html"), ("sec-fetch-mode", "navigate")];
    let response = check(&world, about("/account/a?b=c", &browser)).await;
    assert_eq!(fact(&response, "decision").as_deref(), Some("log_in"));
    let denied_browser = denied(response);
    assert_eq!(status(&denied_browser), 303);
    let location = values(&denied_browser.headers, "location");
    assert!(location[0].contains("return_to=https%3A%2F%2Fapp.test%2Faccount%2Fa%3Fb%3Dc"));
    let program = [("accept", "application/json"), ("x-request-id", "theirs")];
    let told = denied(check(&world, about("/account", &program)).await);
    assert_eq!(status(&told), 401);
    assert_eq!(values(&told.headers, "www-authenticate").len(), 1);
    assert_eq!(values(&told.headers, "x-request-id"), ["theirs"]);
    let error: serde_json::Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!(error["error"]["id"], "session_required");
}

#[tokio::test]
async fn raw_headers_and_bodies_make_no_difference() {
    let world = World::new(RULES);
    world.says(Ok(session(Aal::Aal1, 10)));
    let http = context::HttpRequest {
        header_map: raw(&[
            (":authority", b"app.test"),
            (":path", b"/elsewhere"),
            ("cookie", b"theme=dark"),
            ("cookie", b"session=token"),
        ]),
        // Not looked at where there is the other.
        headers: [("cookie".to_owned(), "session=other".to_owned())].into(),
        body: "a body".repeat(1000),
        raw_body: vec![0xff; 1000],
        ..about("/account", &[])
    };
    let ok = allowed(check(&world, http).await);
    assert_eq!(values(&ok.headers, "x-user-id"), ["alice"]);
    assert_eq!(values(&ok.headers, "cookie"), ["theme=dark"]);
}

#[tokio::test]
async fn what_goes_on_is_what_was_judged() {
    let world = World::new(RULES);
    let path = |path: &'static str| check(&world, about(path, &[]));
    let ok = allowed(path("/%70ublic/%7ex?a=%20").await);
    assert_eq!(values(&ok.headers, ":path"), ["/public/~x?a=%20"]);
    let http = context::HttpRequest {
        host: "APP.test:443".to_owned(),
        ..about("/public/x", &[])
    };
    let ok = allowed(check(&world, http).await);
    assert_eq!(values(&ok.headers, ":authority"), ["app.test"]);
    // The query is part of the path, from the first question mark on.
    let refused = denied(path("/admin?x=/public/").await);
    assert_eq!(status(&refused), 401);
}

const CHANGING: &str = r#"
upstreams:
  app: { url: "http://127.0.0.1:1" }
rules:
  - id: desk
    match: { host: app.test, path: /desk/** }
    required_aal: none
    upstream: app
    rewrite: { strip_prefix: /desk, add_prefix: /v2, host: legacy.test, remove_query: [token] }
    request_headers: { set: { X-Gate: stepgate }, remove: [X-Debug-*] }
    response_headers: { set: { X-Frame-Options: DENY } }
    cors: { origins: [https://pages.test], methods: [GET, PUT] }
  - id: slashes
    match: { host: app.test, path: /slashes/** }
    required_aal: none
    merge_slashes: true
    upstream: app
  - id: robots
    match: { host: app.test, path: /robots.txt }
    required_aal: none
    respond: { status: 200, body: "User-agent: *\n", content_type: text/plain }
  - id: moved
    match: { host: app.test, path: /moved/** }
    required_aal: none
    redirect: { to: "https://other.test/", status: 302 }
"#;

#[tokio::test]
async fn a_rule_changes_the_way_there_and_back() {
    let world = World::new(CHANGING);
    let headers = [("x-debug-level", "9"), ("origin", "https://pages.test")];
    let ok = allowed(check(&world, about("/desk/a?b=c&token=x", &headers)).await);
    assert_eq!(values(&ok.headers, ":path"), ["/v2/a?b=c"]);
    assert_eq!(values(&ok.headers, ":authority"), ["legacy.test"]);
    assert_eq!(values(&ok.headers, "x-forwarded-host"), ["app.test"]);
    assert_eq!(values(&ok.headers, "x-forwarded-prefix"), ["/desk"]);
    assert_eq!(values(&ok.headers, "x-gate"), ["stepgate"]);
    assert_eq!(ok.query_parameters_to_remove, ["token"]);
    assert!(
        ok.headers_to_remove
            .iter()
            .any(|name| name == "x-debug-level")
    );
    let answer = &ok.response_headers_to_add;
    assert_eq!(values(answer, "x-frame-options"), ["DENY"]);
    let readable = values(answer, "access-control-allow-origin");
    assert_eq!(readable, ["https://pages.test"]);
    let ok = allowed(check(&world, about("/slashes//a", &[])).await);
    assert_eq!(values(&ok.headers, ":path"), ["/slashes/a"]);
}

#[tokio::test]
async fn an_answer_that_a_rule_holds_is_given_instead_of_the_applications() {
    let world = World::new(CHANGING);
    let robots = denied(check(&world, about("/robots.txt", &[])).await);
    assert_eq!(status(&robots), 200);
    assert_eq!(robots.body, "User-agent: *\n");
    assert_eq!(values(&robots.headers, "content-type"), ["text/plain"]);
    let moved = denied(check(&world, about("/moved/x", &[])).await);
    assert_eq!(status(&moved), 302);
    assert_eq!(values(&moved.headers, "location"), ["https://other.test/"]);
    let preflight = context::HttpRequest {
        method: "OPTIONS".to_owned(),
        ..about(
            "/desk/a",
            &[
                ("origin", "https://pages.test"),
                ("access-control-request-method", "PUT"),
            ],
        )
    };
    let granted = denied(check(&world, preflight).await);
    assert_eq!(status(&granted), 204);
    let origin = values(&granted.headers, "access-control-allow-origin");
    assert_eq!(origin, ["https://pages.test"]);
}
