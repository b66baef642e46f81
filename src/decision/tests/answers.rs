//! What a proxy in front is told of each outcome, for browsers and programs, in each mode.

use std::time::Duration;

use super::world::{RULES, Reply, SIGNED_IN, World, forwarded, session};
use crate::aal::Aal;
use crate::whoami::WhoamiError;

const BROWSER: (&str, &str) = ("Sec-Fetch-Mode", "navigate");
const LOGIN: &str = "https://id.test/self-service/login/browser";

async fn ask(
    world: &World,
    question: &str,
    method: &str,
    target: &str,
    more: &[(&str, &str)],
) -> Reply {
    let mut headers = forwarded(method, target);
    headers.extend_from_slice(more);
    world.ask(&format!("GET {question}"), &headers).await
}

#[tokio::test]
async fn a_browser_is_sent_to_sign_in_and_a_program_is_told_to() {
    let world = World::new(RULES);
    let reply = ask(&world, "/check", "GET", "/account?a=b", &[BROWSER]).await;
    assert_eq!(reply.status(), 303);
    let back = "?return_to=https%3A%2F%2Fapp.test%2Faccount%3Fa%3Db";
    assert_eq!(reply.header("location"), Some(&*format!("{LOGIN}{back}")));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("vary"), Some("Cookie, Authorization, Accept"));

    let reply = ask(&world, "/check", "GET", "/account?a=b", &[]).await;
    assert_eq!(reply.status(), 401);
    assert_eq!(reply.error()["id"], "session_required");
    assert_eq!(reply.error()["request_id"], "request-1");
    assert_eq!(
        reply.error()["details"]["login_url"],
        format!("{LOGIN}{back}")
    );
    assert_eq!(reply.header("location"), None);
    assert_eq!(
        reply.header("www-authenticate"),
        Some("Bearer realm=\"stepgate\"")
    );
}

#[tokio::test]
async fn never_redirecting_keeps_the_status_and_says_where() {
    let world = World::new(RULES);
    for client in [&[BROWSER][..], &[]] {
        let reply = ask(&world, "/check?redirect=never", "GET", "/account", client).await;
        assert_eq!(reply.status(), 401, "{client:?}");
        assert!(reply.header("location").unwrap().starts_with(LOGIN));
        assert!(!reply.0.body().is_empty(), "the body of the answer stays");
    }
    // Without a session nobody can be sent anywhere for what the session may not do.
    let reply = ask(
        &world,
        "/check?redirect=never",
        "GET",
        "/nowhere",
        &[BROWSER],
    )
    .await;
    assert_eq!((reply.status(), reply.header("location")), (403, None));
}

#[tokio::test]
async fn always_redirecting_sends_programs_too_but_no_unsafe_method() {
    let world = World::new(RULES);
    let reply = ask(&world, "/check?redirect=always", "GET", "/account", &[]).await;
    assert_eq!(reply.status(), 303);
    assert!(reply.header("location").unwrap().starts_with(LOGIN));
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for mode in ["auto", "always"] {
            let question = format!("/check?redirect={mode}");
            let reply = ask(&world, &question, method, "/account", &[BROWSER]).await;
            assert_eq!(reply.status(), 401, "{method} {mode}");
            assert_eq!(reply.header("location"), None, "{method} {mode}");
        }
    }
}

#[tokio::test]
async fn one_factor_is_asked_for_the_second() {
    let world = World::new(RULES);
    world.says(Ok(session(Aal::Aal1, 10)));
    let reply = ask(&world, "/check", "GET", "/admin", &[BROWSER, SIGNED_IN]).await;
    assert_eq!(reply.status(), 303);
    let to = reply.header("location").unwrap();
    assert!(
        to.starts_with(&format!("{LOGIN}?aal=aal2&return_to=")),
        "{to}"
    );
    let cookies: Vec<_> = reply.0.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies[0], "session=renewed; Path=/");
    assert!(
        cookies[1].to_str().unwrap().contains("stepgate_loop_guard"),
        "{cookies:?}"
    );

    let reply = ask(&world, "/check", "GET", "/admin", &[SIGNED_IN]).await;
    assert_eq!(reply.status(), 401);
    assert_eq!(reply.error()["id"], "session_aal2_required");
    let challenge = reply.header("www-authenticate").unwrap();
    assert!(challenge.contains("acr_values=\"aal2\""), "{challenge}");
    world.says(Ok(session(Aal::Aal2, 10)));
    let reply = ask(&world, "/check", "GET", "/admin", &[SIGNED_IN]).await;
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.header("x-auth-aal"), Some("aal2"));
}

#[tokio::test]
async fn whoever_comes_back_unchanged_gets_an_explanation_in_every_mode() {
    for mode in ["auto", "never", "always"] {
        let world = World::new(RULES);
        world.says(Ok(session(Aal::Aal1, 10)));
        let question = format!("/check?redirect={mode}");
        let mut cookie = SIGNED_IN.1.to_owned();
        let mut statuses = Vec::new();
        for _ in 0..3 {
            let headers = [BROWSER, ("Cookie", &*cookie)];
            let reply = ask(&world, &question, "GET", "/admin", &headers).await;
            statuses.push(reply.status());
            let lines = reply.0.headers().get_all("set-cookie").iter();
            let guard = lines.filter_map(|line| line.to_str().unwrap().split(';').next());
            let mut guard = guard.filter(|pair| pair.contains("stepgate_loop_guard"));
            let guard = guard.next_back();
            cookie = format!("{}; {}", SIGNED_IN.1, guard.unwrap_or_default());
        }
        let sent = if mode == "never" { 401 } else { 303 };
        assert_eq!(statuses, [sent, sent, 403], "{mode}");
    }
}

#[tokio::test]
async fn an_outage_lets_nobody_pass_and_says_when_to_come_again() {
    let world = World::new(RULES);
    world.says(Err(WhoamiError::Unreachable("cable".into())));
    for question in ["/check", "/check?redirect=never", "/nginx/check"] {
        let mut headers = forwarded("GET", "/account");
        headers.extend([
            ("X-Original-Method", "GET"),
            ("X-Original-URL", "https://app.test/account"),
            SIGNED_IN,
        ]);
        let reply = world.ask(&format!("GET {question}"), &headers).await;
        assert_eq!(reply.status(), 503, "{question}");
        assert_eq!(reply.error()["id"], "identity_unavailable");
        let wait: u32 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!(wait >= 1);
    }
    // Where nobody has to be known, nobody is asked.
    assert_eq!(world.check("/public/x", &[SIGNED_IN]).await.status(), 200);
    let reply = world.check("/shop/x", &[SIGNED_IN]).await;
    assert_eq!((reply.status(), reply.header("x-user-id")), (200, Some("")));
}

#[tokio::test]
async fn an_identity_service_that_throttles_is_told_as_that() {
    let world = World::new(RULES);
    world.says(Err(WhoamiError::Throttled {
        retry_after: Some(Duration::from_secs(7)),
    }));
    let reply = world.check("/account", &[SIGNED_IN]).await;
    assert_eq!(
        (reply.status(), reply.header("retry-after")),
        (429, Some("7"))
    );
}

#[tokio::test]
async fn what_no_rule_covers_is_refused_as_by_the_proxy() {
    let world = World::new(RULES);
    assert_eq!(world.check("/nowhere", &[]).await.status(), 403);
    let reply = ask(&world, "/check", "DELETE", "/api/x", &[]).await;
    assert_eq!(reply.status(), 405);
    assert!(reply.header("allow").unwrap().contains("POST"));
    let mut headers = forwarded("GET", "/account");
    headers[2].1 = "other.test";
    assert_eq!(world.ask("GET /check", &headers).await.status(), 404);
}

#[tokio::test]
async fn two_credentials_at_once_are_refused() {
    let world = World::new(RULES);
    world.says(Ok(session(Aal::Aal2, 10)));
    let two = [SIGNED_IN, ("X-Session-Token", "ory_st_other")];
    let reply = world.check("/account", &two).await;
    assert_eq!(reply.status(), 400);
    assert_eq!(reply.error()["id"], "ambiguous_credentials");
}

#[tokio::test]
async fn a_rule_that_only_reports_lets_pass_and_names_nobody_who_is_not_there() {
    let world = World::new(RULES);
    let reply = world.check("/trial/x", &[]).await;
    assert_eq!((reply.status(), reply.header("x-user-id")), (200, Some("")));
    world.says(Ok(session(Aal::Aal1, 10)));
    let reply = world.check("/trial/x", &[SIGNED_IN]).await;
    assert_eq!(
        (reply.status(), reply.header("x-user-id")),
        (200, Some("alice"))
    );
    // Bad requests stay refused.
    assert_eq!(world.check("/trial/../x", &[]).await.status(), 400);
}

#[tokio::test]
async fn a_rules_own_limit_holds_here_too() {
    let world = World::new(RULES);
    assert_eq!(world.check("/slow/x", &[]).await.status(), 200);
    let reply = world.check("/slow/x", &[]).await;
    assert_eq!(reply.status(), 429);
    assert!(reply.header("retry-after").is_some());
}

#[tokio::test]
async fn an_answer_that_a_rule_holds_is_never_taken_for_a_yes() {
    let world = World::new(RULES);
    let reply = world.check("/hello", &[]).await;
    assert_eq!(reply.status(), 403);
    assert!(
        reply.error()["reason"]
            .as_str()
            .unwrap()
            .contains("only Stepgate's own proxy")
    );
    let reply = world.check("/gone", &[]).await;
    assert_eq!(reply.status(), 410);
    let reply = world.check("/moved", &[]).await;
    assert_eq!(
        (reply.status(), reply.header("location")),
        (308, Some("https://app.test/account"))
    );
    let reply = ask(&world, "/check?redirect=never", "GET", "/moved", &[]).await;
    assert_eq!(
        (reply.status(), reply.header("location")),
        (403, Some("https://app.test/account"))
    );
    let preflight = [
        ("Origin", "https://shop.test"),
        ("Access-Control-Request-Method", "GET"),
    ];
    let reply = ask(&world, "/check", "OPTIONS", "/cors/x", &preflight).await;
    assert_eq!(reply.status(), 403);
}

#[tokio::test]
async fn a_page_of_another_origin_opens_no_websocket() {
    let world = World::new(RULES);
    world.says(Ok(session(Aal::Aal1, 10)));
    let key = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let from = |origin| [SIGNED_IN, key, ("Origin", origin)];
    assert_eq!(
        world
            .check("/account", &from("https://evil.test"))
            .await
            .status(),
        403
    );
    assert_eq!(
        world.check("/account", &[SIGNED_IN, key]).await.status(),
        403
    );
    assert_eq!(
        world
            .check("/account", &from("https://app.test"))
            .await
            .status(),
        200
    );
    let worker = ("Service-Worker", "script");
    assert_eq!(
        world.check("/account", &[SIGNED_IN, worker]).await.status(),
        403
    );
}

#[tokio::test]
async fn stepgates_own_places_are_for_its_proxy_listener() {
    let world = World::new(RULES);
    for target in [
        "/auth",
        "/auth/login?flow=1",
        "/.well-known/stepgate/jwks.json",
    ] {
        let reply = world.check(target, &[]).await;
        assert_eq!(reply.status(), 403, "{target}");
        assert!(
            reply.error()["reason"]
                .as_str()
                .unwrap()
                .contains("proxy listener")
        );
    }
    assert_eq!(world.check("//auth/login", &[]).await.status(), 400);
}
