//! What nginx gets, which knows 2xx, 401 and 403 and takes the rest for failures.

use super::world::{RULES, Reply, SIGNED_IN, World, session};
use crate::aal::Aal;

const BROWSER: (&str, &str) = ("Accept", "text/html");

async fn ask(world: &World, method: &str, url: &str, more: &[(&str, &str)]) -> Reply {
    let mut headers = vec![("X-Original-Method", method), ("X-Original-URL", url)];
    headers.extend_from_slice(more);
    world.ask("GET /nginx/check", &headers).await
}

#[tokio::test]
async fn nginx_is_never_redirected_but_told_where() {
    let world = World::new(RULES);
    let reply = ask(&world, "GET", "https://app.test/account?a=b", &[BROWSER]).await;
    assert_eq!((reply.status(), reply.header("location")), (401, None));
    let to = reply.header("x-stepgate-redirect").unwrap();
    assert!(
        to.ends_with("return_to=https%3A%2F%2Fapp.test%2Faccount%3Fa%3Db"),
        "{to}"
    );
    // A redirect would be wrong for these.
    for (method, client) in [("GET", ("Accept", "*/*")), ("POST", BROWSER)] {
        let reply = ask(&world, method, "https://app.test/account", &[client]).await;
        assert_eq!(
            (reply.status(), reply.header("x-stepgate-redirect")),
            (401, None)
        );
        assert!(reply.header("www-authenticate").is_some());
    }
    let reply = ask(&world, "GET", "https://app.test/moved", &[]).await;
    assert_eq!(
        (reply.status(), reply.header("x-stepgate-status")),
        (403, Some("308"))
    );
    assert_eq!(
        reply.header("x-stepgate-redirect"),
        Some("https://app.test/account")
    );
}

#[tokio::test]
async fn refusals_that_nginx_would_take_for_failures_become_403() {
    let world = World::new(RULES);
    for (method, url, status) in [
        ("GET", "https://app.test/public/../account", "400"),
        ("GET", "https://app.test//account", "400"),
        ("GET", "https://app.test\\@public.test/admin", "400"),
        ("GET", "/account", "400"),
        ("TRACE", "https://app.test/public/x", "405"),
        ("DELETE", "https://app.test/api/x", "405"),
        ("GET", "https://other.test/", "404"),
        ("GET", "https://app.test/gone", "410"),
    ] {
        let reply = ask(&world, method, url, &[]).await;
        assert_eq!(reply.status(), 403, "{method} {url}");
        assert_eq!(
            reply.header("x-stepgate-status"),
            Some(status),
            "{method} {url}"
        );
    }
    let reply = world.ask("GET /nginx/check?redirect=always", &[]).await;
    assert_eq!(
        (reply.status(), reply.header("x-stepgate-status")),
        (403, Some("400"))
    );
}

#[tokio::test]
async fn nginx_reads_its_own_headers_only() {
    let world = World::new(RULES);
    let lies = [
        ("X-Forwarded-Method", "GET"),
        ("X-Forwarded-Proto", "javascript"),
        ("X-Forwarded-Host", "public.test"),
        ("X-Forwarded-Uri", "/public/x"),
    ];
    let reply = ask(&world, "GET", "https://app.test/account", &lies).await;
    assert_eq!(reply.status(), 401);
    let reply = world.ask("GET /nginx/check", &lies).await;
    assert_eq!(
        (reply.status(), reply.header("x-stepgate-status")),
        (403, Some("400"))
    );
    // The other way round, too.
    let original = [
        ("X-Original-Method", "GET"),
        ("X-Original-URL", "https://app.test/public/x"),
    ];
    assert_eq!(world.ask("GET /check", &original).await.status(), 400);
}

#[tokio::test]
async fn a_header_that_nginx_could_only_remove_is_refused() {
    let world = World::new(RULES);
    world.says(Ok(session(Aal::Aal1, 10)));
    let url = "https://app.test/account";
    let reply = ask(&world, "GET", url, &[SIGNED_IN, ("X-User-Id", "attacker")]).await;
    assert_eq!(
        (reply.status(), reply.header("x-user-id")),
        (200, Some("alice"))
    );
    for name in [
        "X-User-Role",
        "X-Forwarded-User",
        "Remote-User",
        "X-Original-Host",
    ] {
        let reply = ask(&world, "GET", url, &[SIGNED_IN, (name, "admin")]).await;
        assert_eq!(reply.status(), 403, "{name}");
        assert_eq!(reply.header("x-stepgate-status"), Some("400"), "{name}");
    }
    let token = ("X-Session-Token", "ory_st_token");
    let reply = ask(&world, "GET", url, &[token]).await;
    assert_eq!(
        (reply.status(), reply.header("x-session-token")),
        (200, Some(""))
    );
}
