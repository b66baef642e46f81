//! Questions that can't be understood in one way only, or that somebody asks who may not.

use super::world::{RULES, World, forwarded};

#[tokio::test]
async fn a_stranger_is_refused_whatever_is_asked() {
    let world = World::new(RULES);
    for target in [
        "/check",
        "/nginx/check",
        "/ext_authz/public/x",
        "/",
        "/public/x",
    ] {
        let line = format!("GET {target}");
        let reply = world
            .ask_from("192.0.2.1", &line, &forwarded("GET", "/public/x"))
            .await;
        assert_eq!(reply.status(), 403, "{target}");
        assert_eq!(reply.error()["id"], "access_denied");
        assert_eq!(reply.header("x-request-id"), Some("request-1"));
    }
}

#[tokio::test]
async fn a_part_that_is_missing_empty_or_contradicted_is_refused() {
    let world = World::new(RULES);
    for part in 0..4 {
        let mut headers = forwarded("GET", "/public/x");
        let (name, value) = headers[part];
        headers[part].1 = "";
        assert_eq!(
            world.ask("GET /check", &headers).await.status(),
            400,
            "{name} empty"
        );
        headers.remove(part);
        assert_eq!(
            world.ask("GET /check", &headers).await.status(),
            400,
            "{name} missing"
        );
        headers.extend([(name, value), (name, "other")]);
        assert_eq!(
            world.ask("GET /check", &headers).await.status(),
            400,
            "{name} doubled"
        );
        headers.pop();
        headers.push((name, value));
        assert_eq!(
            world.ask("GET /check", &headers).await.status(),
            200,
            "{name} repeated"
        );
    }
}

#[tokio::test]
async fn parts_that_readers_could_differ_about_are_refused() {
    let world = World::new(RULES);
    for (part, value) in [
        (0, "TRACE"),
        (0, "CONNECT"),
        (0, "GET POST"),
        (0, "GET,POST"),
        (1, "javascript"),
        (1, "https,http"),
        (1, "https:"),
        (2, "app.test, public.test"),
        (2, "public.test@app.test"),
        (2, "app.test/public"),
        (2, "app.test:99999"),
        (2, "[::1"),
        (3, "http://public.test/public/x"),
        (3, "public/x"),
        (3, "*"),
        (3, "//public/x"),
        (3, "/public/../admin/secret"),
        (3, "/public/%2e%2e/admin/secret"),
        (3, "/public\\..\\admin"),
        (3, "/public/x#/admin"),
        (3, "/public/x?a#b"),
        (3, "/public%2fx"),
        (3, "/public/%zz"),
        (3, "/public/\u{e9}"),
        (3, "/public/x y"),
    ] {
        let mut headers = forwarded("GET", "/public/x");
        headers[part].1 = value;
        let reply = world.ask("GET /check", &headers).await;
        let status = if value == "TRACE" || value == "CONNECT" {
            405
        } else {
            400
        };
        assert_eq!(reply.status(), status, "{value}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert!(
            reply.error()["reason"]
                .as_str()
                .is_some_and(|reason| !reason.is_empty())
        );
    }
}

#[tokio::test]
async fn case_and_default_ports_make_no_difference() {
    let world = World::new(RULES);
    for (part, value) in [
        (1, "HTTPS"),
        (1, "wss"),
        (2, "APP.Test"),
        (2, "app.test:443"),
        (2, "app.test."),
        (3, "/ADMIN/secret"),
        (3, "/admin/secret?x=/public"),
        (3, "/adm%69n/secret"),
        (0, "get"),
    ] {
        let mut headers = forwarded("GET", "/admin/secret");
        headers[part].1 = value;
        let reply = world.ask("GET /check", &headers).await;
        assert_ne!(reply.status(), 200, "{value}");
    }
}

#[tokio::test]
async fn a_request_beyond_the_limits_is_refused() {
    let world = World::new(RULES);
    let long = format!("/public/{}", "a".repeat(9000));
    assert_eq!(world.check(&long, &[]).await.status(), 414);
    let many: Vec<(String, String)> = (0..120).map(|n| (format!("x-n-{n}"), "1".into())).collect();
    let many: Vec<(&str, &str)> = many
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert_eq!(world.check("/public/x", &many).await.status(), 431);
    let method = "M".repeat(40);
    let reply = world
        .ask("GET /check", &forwarded(&method, "/public/x"))
        .await;
    assert_eq!(reply.status(), 501);
}

#[tokio::test]
async fn an_address_or_option_that_is_none_is_refused() {
    let world = World::new(RULES);
    let headers = forwarded("GET", "/public/x");
    for nowhere in [
        "/",
        "/check/",
        "/public/x",
        "/nginx",
        "/ext_authz",
        "/CHECK",
    ] {
        let reply = world.ask(&format!("GET {nowhere}"), &headers).await;
        assert_eq!(reply.status(), 404, "{nowhere}");
        assert!(reply.error()["reason"].as_str().unwrap().contains("/check"));
    }
    for option in [
        "redirect=no",
        "redirect=",
        "x=1",
        "redirect=auto&redirect=never",
    ] {
        let reply = world.ask(&format!("GET /check?{option}"), &headers).await;
        assert_eq!(reply.status(), 400, "{option}");
    }
}

#[tokio::test]
async fn slashes_that_a_rule_reads_as_one_are_forwarded_as_they_came_and_so_refused() {
    let world = World::new(RULES);
    assert_eq!(world.check("/merged/x", &[]).await.status(), 200);
    assert_eq!(world.check("/merged//x", &[]).await.status(), 400);
}
