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
