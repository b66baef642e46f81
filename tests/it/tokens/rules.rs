//! The same rules for cookie, session token and JWT.

use std::time::Duration;

use serde_json::{Value, json};

use super::issuer::{Issuer, bearer};
use crate::support::client::Response;
use crate::support::gateway::{now, session};
use crate::support::identity::Session;

/// One person, by three credentials that say the same.
struct Person {
    name: &'static str,
    session: Option<Session>,
    claims: Value,
}

fn people() -> Vec<Person> {
    let second = now().as_second();
    let alice = || Session::new("alice", now());
    vec![
        Person {
            name: "one factor",
            session: Some(alice()),
            claims: json!({"acr": "aal1", "amr": ["pwd"], "auth_time": second}),
        },
        Person {
            name: "two factors",
            session: Some(alice().aal2()),
            claims: json!({"acr": "aal2", "amr": ["pwd", "otp"], "auth_time": second}),
        },
        Person {
            name: "two factors by what was used",
            session: Some(alice().aal2()),
            claims: json!({"amr": ["pwd", "otp"], "auth_time": second}),
        },
        Person {
            name: "two factors, long ago",
            session: Some(alice().aal2().authenticated_ago(3000)),
            claims: json!({"acr": "aal2", "amr": ["pwd", "otp", "mfa"], "auth_time": second - 3000}),
        },
        Person {
            name: "nobody",
            session: None,
            claims: json!({"exp": 1}),
        },
    ]
}

/// What a program learns of an answer.
fn told(answer: &Response) -> (u16, String, Vec<String>) {
    let challenge = answer.headers("www-authenticate");
    let challenge = challenge.iter().map(|text| {
        // Who sent a token is told that it is no good, others are told what to send.
        let end = text.find(", error=\"invalid_token\"").unwrap_or(text.len());
        text[..end].to_owned()
    });
    let id = if answer.status == 200 {
        String::new()
    } else {
        answer.error_id()
    };
    (answer.status, id, challenge.collect())
}

#[test]
fn a_rule_says_the_same_to_cookie_session_token_and_jwt() {
    for person in people() {
        let issuer = Issuer::start();
        let world = issuer.world();
        if let Some(session) = &person.session {
            world.identity.says("c", session.reply());
            world.identity.says("ory_st_c", session.reply());
        }
        let token = issuer.token_with(&person.claims);
        for target in [
            "/public/",
            "/account/",
            "/transfer/",
            "/recent/",
            "/fresh/",
            "/best/",
        ] {
            // An external identity service tells with an aal1 session that there is no second
            // factor; a token tells nothing.
            if person.name == "one factor" && matches!(target, "/transfer/" | "/fresh/" | "/best/")
            {
                let answer = bearer(&world, target, &token);
                assert_eq!(
                    (answer.status, answer.error_id().as_str()),
                    (401, "session_aal2_required")
                );
                continue;
            }
            let by_cookie = told(&world.gateway.get(target, &[("Cookie", &session("c"))]));
            let by_token = told(
                &world
                    .gateway
                    .get(target, &[("X-Session-Token", "ory_st_c")]),
            );
            let by_jwt = told(&bearer(&world, target, &token));
            assert_eq!(by_cookie, by_token, "{} {target}", person.name);
            assert_eq!(by_cookie, by_jwt, "{} {target}", person.name);
        }
    }
}

#[test]
fn a_program_is_told_by_the_standards_what_is_missing() {
    let issuer = Issuer::start();
    let world = issuer.world();
    let challenge = |answer: &Response| answer.one("www-authenticate").unwrap().to_owned();
    let nobody = world.gateway.get("/account/", &[]);
    assert_eq!(challenge(&nobody), "Bearer realm=\"stepgate\"");
    let expired = bearer(&world, "/account/", &issuer.token_with(&json!({"exp": 1})));
    assert_eq!(expired.status, 401);
    assert!(challenge(&expired).contains("error=\"invalid_token\""));
    let weak = bearer(&world, "/transfer/", &issuer.token());
    assert_eq!(weak.status, 401);
    assert!(challenge(&weak).contains("error=\"insufficient_user_authentication\""));
    assert!(challenge(&weak).contains("acr_values=\"aal2\""));
    let strong = json!({"acr": "aal2", "auth_time": now().as_second() - 1200});
    let old = bearer(&world, "/fresh/", &issuer.token_with(&strong));
    assert_eq!(old.status, 401);
    assert!(
        challenge(&old).contains("max_age=600"),
        "{}",
        challenge(&old)
    );
    // Without `auth_time` nobody knows when that was: a token is not fresh because it is new.
    let unknown = bearer(
        &world,
        "/recent/",
        &issuer.token_with(&json!({"auth_time": null})),
    );
    assert_eq!(unknown.error_id(), "session_refresh_required");
    assert!(world.upstream.received().is_empty());
}

#[test]
fn the_application_learns_who_it_is_and_may_read_the_token_too() {
    let issuer = Issuer::start();
    let world = issuer.world();
    let token = issuer.token_with(&json!({"acr": "aal2", "amr": ["pwd", "hwk"], "sid": "s"}));
    assert_eq!(bearer(&world, "/transfer/", &token).status, 200);
    let seen = world.upstream.take().pop().unwrap();
    assert_eq!(seen.one("x-user-id"), Some("alice"));
    assert_eq!(seen.one("x-user-email"), Some("alice@example.com"));
    assert_eq!(seen.one("x-session-aal"), Some("aal2"));
    assert_eq!(seen.one("x-session-methods"), Some("password,webauthn"));
    assert_eq!(seen.one("x-authenticated-at"), None);
    let id = seen.one("x-session-id").unwrap().to_owned();
    assert!(id.starts_with("jwt:") && id.len() == 47, "{id}");
    assert_eq!(seen.one("authorization"), Some(&*format!("Bearer {token}")));
    // The next token of the same sign-in is of the same session.
    let next = issuer.token_with(&json!({"acr": "aal2", "jti": "two", "sid": "s"}));
    assert_eq!(bearer(&world, "/transfer/", &next).status, 200);
    let seen = world.upstream.take().pop().unwrap();
    assert_eq!(seen.one("x-session-id"), Some(&*id));
    assert_eq!(world.identity.calls(), 0);
}

#[test]
fn a_token_beside_another_credential_is_refused() {
    let issuer = Issuer::start();
    let world = issuer.world();
    world.identity.says("c", Session::new("bob", now()).reply());
    let authorization = format!("Bearer {}", issuer.token());
    for other in [
        ("Cookie", session("c")),
        ("X-Session-Token", "ory_st_c".to_owned()),
    ] {
        let both = [("Authorization", &*authorization), (other.0, &*other.1)];
        let answer = world.gateway.get("/account/", &both);
        assert_eq!(
            (answer.status, answer.error_id().as_str()),
            (400, "ambiguous_credentials")
        );
    }
}

#[test]
fn other_bearer_tokens_belong_to_the_application() {
    let issuer = Issuer::start();
    let world = issuer.world();
    world.identity.says("c", Session::new("bob", now()).reply());
    let foreign = issuer.token_with(&json!({"iss": "https://elsewhere.test"}));
    for token in [&*foreign, "opaque", "a.b.c"] {
        let authorization = format!("Bearer {token}");
        let beside = [
            ("Authorization", &*authorization),
            ("Cookie", &session("c")),
        ];
        assert_eq!(world.gateway.get("/account/", &beside).status, 200);
        let seen = world.upstream.take().pop().unwrap();
        assert_eq!(seen.one("authorization"), Some(&*authorization));
        assert_eq!(seen.one("x-user-id"), Some("bob"));
        let alone = world
            .gateway
            .get("/account/", &[("Authorization", &authorization)]);
        assert_eq!(
            alone.one("www-authenticate"),
            Some("Bearer realm=\"stepgate\"")
        );
    }
}

#[test]
fn a_refusal_of_a_token_costs_no_further_check() {
    let issuer = Issuer::start();
    let world = issuer.world();
    let token = issuer.token();
    for _ in 0..40 {
        assert_eq!(bearer(&world, "/transfer/", &token).status, 401);
    }
    let counts = world.gateway.running.resolver().counts();
    assert_eq!((counts.misses, counts.bypasses), (1, 0));
}

#[test]
fn a_token_ends_when_it_says_so_however_fresh_what_is_known() {
    let issuer = Issuer::start();
    let world = issuer.world();
    let token = issuer.token_with(&json!({"exp": now().as_second() + 5}));
    assert_eq!(bearer(&world, "/account/", &token).status, 200);
    // The clocks' difference is granted, not more.
    world.gateway.clock.advance(Duration::from_secs(34));
    assert_eq!(bearer(&world, "/account/", &token).status, 200);
    world.gateway.clock.advance(Duration::from_secs(1));
    assert_eq!(bearer(&world, "/account/", &token).status, 401);
}
