//! What the application behind a proxy in front gets to see.

use super::world::{NAMES, RULES, SIGNED_IN, World, forwarded, session};
use crate::aal::Aal;

#[tokio::test]
async fn a_200_names_every_identity_header_also_where_nobody_is() {
    let world = World::new(RULES);
    for target in ["/public/x", "/shop/x"] {
        let forged: Vec<(&str, &str)> = NAMES.iter().map(|name| (*name, "attacker")).collect();
        let reply = world.check(target, &forged).await;
        assert_eq!(reply.status(), 200);
        for name in NAMES {
            assert_eq!(reply.header(name), Some(""), "{target} {name}");
        }
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("vary"), Some("Cookie, Authorization, Accept"));
        assert_eq!(reply.header("x-stepgate-remove"), None);
    }
}

#[tokio::test]
async fn identify_names_whoever_is_there_and_asks_nobody() {
    let world = World::new(RULES);
    world.says(Ok(session(Aal::Aal1, 10)));
    let reply = world
        .check("/shop/x", &[SIGNED_IN, ("X-User-Id", "attacker")])
        .await;
    assert_eq!(
        (reply.status(), reply.header("x-user-id")),
        (200, Some("alice"))
    );
    assert_eq!(
        world
            .check("/public/x", &[SIGNED_IN])
            .await
            .header("x-user-id"),
        Some("")
    );
}

#[tokio::test]
async fn spoofed_names_in_other_spellings_are_named_for_removal() {
    let world = World::new(RULES);
    world.says(Ok(session(Aal::Aal1, 10)));
    for name in [
        "X_User_Id",
        "X.User.Id",
        "X-User-Role",
        "X_Auth_Aal",
        "Remote-User",
        "X-Forwarded-User",
        "X-Forwarded-Groups",
        "X-Auth-Request-Email",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Stepgate-Anything",
        "X-HTTP-Method-Override",
        "X-SSL-Client-Verify",
        "SSL_CLIENT_S_DN",
        "Client-Cert",
        "X-Forwarded-Client-Cert",
    ] {
        let reply = world.check("/account", &[SIGNED_IN, (name, "admin")]).await;
        assert_eq!(reply.status(), 200, "{name}");
        let folded = name.to_ascii_lowercase();
        assert_eq!(reply.header("x-stepgate-remove"), Some(&*folded), "{name}");
        assert_eq!(reply.header(name), Some(""), "{name}");
    }
}

#[tokio::test]
async fn what_the_front_says_of_the_way_is_not_taken_for_the_clients() {
    let world = World::new(RULES);
    let way = [
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Server", "front"),
        ("X-Real-Ip", "192.0.2.1"),
        ("X-Request-Id", "theirs"),
        ("Forwarded", "for=192.0.2.1"),
        ("Connection", "close"),
        ("Te", "trailers"),
    ];
    let reply = world.check("/public/x", &way).await;
    assert_eq!(
        (reply.status(), reply.header("x-stepgate-remove")),
        (200, None)
    );
    // Rules see none of it.
    assert_eq!(world.check("/said/x", &way).await.status(), 403);
}

#[tokio::test]
async fn certificates_are_told_of_by_the_front_in_the_headers_that_are_its_own() {
    let world = World::new(RULES);
    let told = ("SSL-Client-Verify", "SUCCESS");
    let reply = world.check("/public/x", &[told]).await;
    assert_eq!(reply.status(), 200, "{reply:?}");
    assert_eq!(reply.header("x-stepgate-remove"), None);
    assert_eq!(reply.header(told.0), None);
    let forged = ("SSL_Client_Verify", "SUCCESS");
    let reply = world.check("/public/x", &[told, forged]).await;
    assert_eq!(reply.header("x-stepgate-remove"), Some("ssl_client_verify"));
}

#[tokio::test]
async fn credentials_stay_with_the_gateway() {
    let world = World::new(RULES);
    world.says(Ok(session(Aal::Aal1, 10)));
    let reply = world
        .check("/account", &[("Cookie", "session=token")])
        .await;
    assert_eq!(reply.header("cookie"), Some(""));
    let reply = world
        .check("/account", &[("Authorization", "Bearer ory_st_token")])
        .await;
    assert_eq!(
        (reply.status(), reply.header("authorization")),
        (200, Some(""))
    );
    let reply = world
        .check("/account", &[("X-Session-Token", "ory_st_token")])
        .await;
    assert_eq!(
        (reply.status(), reply.header("x-session-token")),
        (200, Some(""))
    );
    let theirs = ("Authorization", "Basic YWxhZGRpbjpvcGVu");
    let reply = world.check("/public/x", &[theirs]).await;
    assert_eq!(reply.header("authorization"), Some(theirs.1));
    assert_eq!(reply.header("cookie"), None);
}

#[tokio::test]
async fn a_rules_own_headers_come_along_and_identity_stands_over_them() {
    let world = World::new(RULES);
    world.says(Ok(session(Aal::Aal1, 10)));
    let sent = [
        SIGNED_IN,
        ("X-Tenant", "evil"),
        ("X-Debug", "1"),
        ("X_Tenant", "evil"),
    ];
    let reply = world.check("/tenant/x", &sent).await;
    assert_eq!(reply.status(), 200, "{reply:?}");
    assert_eq!(reply.header("x-tenant"), Some("blue"));
    assert_eq!(reply.header("x-user-id"), Some("alice"));
    let removed = reply.header("x-stepgate-remove").unwrap();
    for name in ["x-debug", "x_tenant"] {
        assert!(removed.split(", ").any(|it| it == name), "{removed}");
    }
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn envoy_is_told_in_its_own_words() {
    let world = World::new(RULES);
    let headers = [
        ("Host", "app.test"),
        ("X-Forwarded-Proto", "https"),
        ("X-Envoy-Internal", "true"),
        // Envoy has taken out what clients say there.
        ("X-Forwarded-Client-Cert", "Hash=1"),
        ("X_User_Id", "attacker"),
    ];
    let reply = world.ask("GET /ext_authz/public/x?a=b", &headers).await;
    assert_eq!(reply.status(), 200, "{reply:?}");
    let removed = reply.header("x-envoy-auth-headers-to-remove").unwrap();
    for name in ["x_user_id", "x-user-id", "x-user-email"] {
        assert!(removed.split(", ").any(|it| it == name), "{removed}");
    }
    assert!(!removed.contains("x-forwarded-client-cert"), "{removed}");
    assert_eq!(reply.header("x-user-id"), Some(""));
    let reply = world.ask("GET /ext_authz/account?a=b", &headers).await;
    assert_eq!(reply.status(), 401);
    let login = reply.error()["details"]["login_url"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        login.ends_with("https%3A%2F%2Fapp.test%2Faccount%3Fa%3Db"),
        "{login}"
    );
    for bad in [
        "GET /ext_authz//account",
        "GET /ext_authz/public/../account",
        "GET /ext_authz/public%2f..%2faccount",
        "GET /ext_authz/./account",
    ] {
        assert_eq!(world.ask(bad, &headers).await.status(), 400, "{bad}");
    }
    let without = [("Host", "app.test")];
    assert_eq!(
        world
            .ask("GET /ext_authz/public/x", &without)
            .await
            .status(),
        400
    );
    let two = [("Host", "app.test"), ("Host", "other.test"), headers[1]];
    assert_eq!(
        world.ask("GET /ext_authz/public/x", &two).await.status(),
        400
    );
    assert_eq!(
        world
            .ask("TRACE /ext_authz/public/x", &headers)
            .await
            .status(),
        405
    );
}

#[tokio::test]
async fn the_questions_own_method_means_nothing_at_check() {
    let world = World::new(RULES);
    for method in ["GET", "HEAD", "POST", "OPTIONS", "DELETE", "PROPFIND"] {
        let line = format!("{method} /check");
        let reply = world.ask(&line, &forwarded("GET", "/public/x")).await;
        assert_eq!(reply.status(), 200, "{method}");
        let reply = world.ask(&line, &forwarded("POST", "/account")).await;
        assert_eq!(reply.status(), 401, "{method}");
    }
}

#[tokio::test]
async fn the_clients_address_is_nobodys_where_none_is_told() {
    let world = World::new(RULES);
    assert_eq!(world.check("/office/x", &[]).await.status(), 403);
    let from = |chain| [("X-Forwarded-For", chain)];
    assert_eq!(
        world.check("/office/x", &from("192.0.2.5")).await.status(),
        200
    );
    assert_eq!(
        world
            .check("/office/x", &from("192.0.2.5, 10.0.0.9"))
            .await
            .status(),
        200
    );
    assert_eq!(
        world
            .check("/office/x", &from("192.0.2.5, 198.51.100.1"))
            .await
            .status(),
        403
    );
    assert_eq!(
        world
            .check("/office/x", &from("::ffff:192.0.2.5"))
            .await
            .status(),
        200
    );
    for chain in ["unknown", "192.0.2.5 evil", "192.0.2.500"] {
        assert_eq!(
            world.check("/office/x", &from(chain)).await.status(),
            400,
            "{chain}"
        );
    }
}
