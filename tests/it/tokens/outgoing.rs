//! Tokens for applications: what they say, who can verify them, and for how long.

use std::collections::HashSet;
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use super::issuer::{Issuer, Key, bearer};
use crate::support::client::{Response, ask};
use crate::support::gateway::{Change, HOST, World, now, session};
use crate::support::identity::Session;

const NAME: &str = "https://gate.example.com";

const RULES: &str = r#"
upstreams:
  bank: { url: UPSTREAM }
  other: { url: UPSTREAM }
defaults: { upstream: bank, required_aal: aal1 }
rules:
  - { id: account, match: { host: bank.example.com, path: /account/** } }
  - { id: other, match: { host: bank.example.com, path: /other/** }, upstream: other }
  - { id: transfer, match: { host: bank.example.com, path: /transfer/** }, required_aal: aal2 }
  - { id: public, match: { host: bank.example.com, path: /public/** }, required_aal: none }
  - id: named
    match: { host: bank.example.com, path: /named/** }
    upstream_identity: { jwt: { audience: "urn:ledger" } }
  - id: stranger
    match: { host: bank.example.com, path: /stranger/** }
    upstream_identity: { headers: false, jwt: false }
  - id: kept
    match: { host: bank.example.com, path: /kept/** }
    upstream_identity: { cookies: keep }
"#;

/// `upstream_identity` with a token signed by `key`, and further keys.
pub(super) fn section(key: &Key, further: &str) -> String {
    let pem = key.pem.replace('\n', "\\n");
    format!("upstream_identity:\n  jwt: {{ issuer: {NAME}, key: \"{pem}\", {further} }}\n")
}

fn world(section: &str) -> World {
    World::with(&Change {
        sections: section,
        rules: Some(RULES),
        ..Change::default()
    })
}

/// What is published.
fn published(world: &World) -> JwkSet {
    let answer = world.gateway.get("/.well-known/jwks.json", &[]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.one("cache-control"), Some("public, max-age=60"));
    let again = world.gateway.get("/.well-known/stepgate/jwks.json", &[]);
    assert_eq!(answer.text(), again.text());
    assert!(!answer.text().contains("\"d\""));
    serde_json::from_str(&answer.text()).unwrap()
}

/// What a token says, verified as an application does it: by what is published.
fn verified(keys: &JwkSet, token: &str, audience: &str) -> Option<Value> {
    let header = decode_header(token).ok()?;
    let key = keys.find(header.kid.as_ref()?)?;
    let mut rules = Validation::new(header.alg);
    rules.set_audience(&[audience]);
    rules.set_issuer(&[NAME]);
    // The world's clock is turned by hand.
    rules.validate_exp = false;
    let key = DecodingKey::from_jwk(key).ok()?;
    Some(decode::<Value>(token, &key, &rules).ok()?.claims)
}

/// Asks with a cookie and gives the token that the application got.
fn token(world: &World, target: &str, cookie: &str) -> Option<String> {
    let answer = world.call(target, cookie);
    assert_eq!(answer.status, 200, "{target}");
    let seen = world.upstream.take().pop().unwrap();
    seen.one("x-stepgate-jwt").map(str::to_owned)
}

fn alice() -> Session {
    Session::new("alice", now())
}

#[test]
fn an_application_can_verify_who_is_asking() {
    for (key, algorithm) in [
        (Key::ed("x"), "EdDSA"),
        (Key::ec("x"), "ES256"),
        (Key::rsa("x"), "RS256"),
    ] {
        let world = world(&section(&key, &format!("algorithm: {algorithm}")));
        world.identity.says("c", alice().aal2().reply());
        let keys = published(&world);
        let token = token(&world, "/account/", "c").unwrap();
        let claims = verified(&keys, &token, "bank").unwrap();
        let second = now().as_second();
        for (name, value) in [
            ("iss", json!(NAME)),
            ("aud", json!("bank")),
            ("sub", json!("alice")),
            ("sid", json!("session-of-alice")),
            ("aal", json!("aal2")),
            ("acr", json!("aal2")),
            ("amr", json!(["password", "totp"])),
            ("auth_time", json!(second)),
            ("iat", json!(second)),
            ("exp", json!(second + 60)),
        ] {
            assert_eq!(claims[name], value, "{name}");
        }
        assert!(verified(&keys, &token, "other").is_none());
    }
}

#[test]
fn a_token_is_made_once_for_a_session_and_an_audience_and_for_a_part_of_its_life() {
    let world = world(&section(&Key::ed("x"), ""));
    world.identity.says("c", alice().reply());
    world.identity.says("d", Session::new("bob", now()).reply());
    let one = token(&world, "/account/", "c").unwrap();
    assert_eq!(token(&world, "/account/x", "c"), Some(one.clone()));
    let all = [
        one.clone(),
        token(&world, "/other/", "c").unwrap(),
        token(&world, "/named/", "c").unwrap(),
        token(&world, "/account/", "d").unwrap(),
    ];
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 4);
    let keys = published(&world);
    assert!(verified(&keys, &all[1], "other").is_some());
    assert!(verified(&keys, &all[2], "urn:ledger").is_some());
    assert_eq!(verified(&keys, &all[3], "bank").unwrap()["sub"], "bob");
    world.gateway.clock.advance(Duration::from_secs(31));
    assert_ne!(token(&world, "/account/", "c"), Some(one));
}

#[test]
fn a_step_up_makes_another_token_at_once() {
    let world = world(&section(&Key::ed("x"), ""));
    world.identity.says("c", alice().reply());
    let before = token(&world, "/account/", "c").unwrap();
    world.identity.says("c", alice().aal2().reply());
    // The rule that asks for more looks past the cache.
    let after = token(&world, "/transfer/", "c").unwrap();
    let keys = published(&world);
    let level = |token: &str| verified(&keys, token, "bank").unwrap()["aal"].clone();
    assert_eq!(
        (level(&before), level(&after)),
        (json!("aal1"), json!("aal2"))
    );
    assert_eq!(token(&world, "/account/", "c"), Some(after));
}

#[test]
fn a_token_never_outlives_its_session() {
    let world = world(&section(&Key::ed("x"), "ttl: 10m"));
    world.identity.says("c", alice().ends_in(20).reply());
    let keys = published(&world);
    let token = token(&world, "/account/", "c").unwrap();
    let claims = verified(&keys, &token, "bank").unwrap();
    assert_eq!(claims["exp"], json!(now().as_second() + 20));
}

#[test]
fn nobody_gets_no_token_and_nobody_can_bring_one() {
    let world = world(&section(&Key::ed("x"), "header: X-Who"));
    world.identity.says("c", alice().reply());
    let own = [
        ("X-Who", "evil"),
        ("X_Who", "evil"),
        ("x.who", "evil"),
        ("X-Stepgate-Jwt", "evil"),
    ];
    assert_eq!(world.gateway.get("/public/", &own).status, 200);
    let cookie = session("c");
    let with_session = [&own[..], &[("Cookie", cookie.as_str())]].concat();
    assert_eq!(world.gateway.get("/account/", &with_session).status, 200);
    assert_eq!(world.gateway.get("/stranger/", &with_session).status, 200);
    let seen = world.upstream.take();
    for (seen, tokens, ids) in [(&seen[0], 0, 0), (&seen[1], 1, 1), (&seen[2], 0, 0)] {
        assert!(!seen.head.contains("evil"), "{}", seen.head);
        assert_eq!(seen.headers("x-who").len(), tokens);
        assert_eq!(seen.headers("x-user-id").len(), ids);
    }
}

#[test]
fn a_rule_may_leave_cookies_as_they_are() {
    let world = world(&section(&Key::ed("x"), ""));
    world.identity.says("c", alice().reply());
    for (target, kept) in [("/account/", None), ("/kept/", Some(session("c")))] {
        assert_eq!(world.call(target, "c").status, 200);
        let seen = world.upstream.take().pop().unwrap();
        assert_eq!(seen.one("cookie"), kept.as_deref(), "{target}");
    }
}

#[test]
fn in_authorization_the_token_stands_in_for_whatever_the_client_sent() {
    let issuer = Issuer::start();
    let gate = section(&Key::ed("x"), "header: Authorization");
    let sections = format!("{gate}{}", issuer.section("audience: gateway"));
    let world = world(&sections);
    assert_eq!(bearer(&world, "/account/", &issuer.token()).status, 200);
    let basic = [("Authorization", "Basic YWxpY2U6eA==")];
    assert_eq!(world.gateway.get("/public/", &basic).status, 200);
    let seen = world.upstream.take();
    let token = seen[0].one("authorization").unwrap();
    let token = token.strip_prefix("Bearer ").unwrap();
    let claims = verified(&published(&world), token, "bank").unwrap();
    assert_eq!(claims["sub"], "alice");
    assert!(claims["sid"].as_str().unwrap().starts_with("jwt:"));
    assert_eq!(seen[1].one("authorization"), None);
}

#[test]
fn claims_by_expression_come_from_the_session_and_touch_no_reserved_name() {
    let further = "claims: { role: session.identity.traits.role, \
                   email: session.identity.traits.email, \
                   many: \"session.methods + ['x']\", gone: session.identity.traits.nothing }";
    let world = world(&section(&Key::ed("x"), further));
    // Traits are the person's own to write.
    let hostile = json!({"sub": "root", "aal": "aal3", "exp": 9_999_999_999_u64, "iss": "evil",
        "aud": "other", "role": "teller\",\"sub\":\"root", "email": "alice@example.com"});
    let session = alice().with("/identity/traits", hostile);
    world.identity.says("c", session.reply());
    let token = token(&world, "/account/", "c").unwrap();
    let claims = verified(&published(&world), &token, "bank").unwrap();
    assert_eq!(claims["sub"], "alice");
    assert_eq!(claims["aal"], "aal1");
    assert_eq!(claims["exp"], json!(now().as_second() + 60));
    assert_eq!(claims["role"], "teller\",\"sub\":\"root");
    assert_eq!(claims["email"], "alice@example.com");
    assert_eq!(claims["many"], json!(["password", "x"]));
    assert_eq!(claims.get("gone"), None);
}

#[test]
fn a_tokens_level_and_methods_may_be_worked_out_by_expressions() {
    let issuer = Issuer::start();
    let further = "audience: gateway, subject: 'claims.iss + \"|\" + claims.sub', \
                   aal: 'claims.loa == \"high\" ? \"aal2\" : \"aal1\"', \
                   methods: 'claims.loa == \"high\" ? [\"password\", \"webauthn\"] : []'";
    let world = World::with(&Change {
        sections: &issuer.section(further),
        ..Change::default()
    });
    let high = issuer.token_with(&json!({"loa": "high"}));
    assert_eq!(bearer(&world, "/transfer/", &high).status, 200);
    let seen = world.upstream.take().pop().unwrap();
    assert_eq!(seen.one("x-user-id"), Some("https://id.test|alice"));
    assert_eq!(seen.one("x-session-methods"), Some("password,webauthn"));
    let low = issuer.token_with(&json!({"loa": "low", "acr": "aal2"}));
    assert_eq!(bearer(&world, "/account/", &low).status, 200);
    assert_eq!(
        bearer(&world, "/transfer/", &low).error_id(),
        "session_aal2_required"
    );
    // An expression that can't be answered opens nothing.
    let none = issuer.token_with(&json!({"acr": "aal2"}));
    assert_eq!(bearer(&world, "/account/", &none).status, 401);
}

#[test]
fn keys_are_published_only_where_there_are_tokens() {
    let world = World::start();
    let answer: Response = ask(
        world.gateway.address,
        "GET",
        "/.well-known/jwks.json",
        HOST,
        &[],
    );
    assert_eq!(answer.error_id(), "no_rule");
}
