//! Where keys come from, how often, and what happens while they can't be had.

use std::time::Duration;

use serde_json::json;

use super::issuer::{Issuer, Key, NAME, bearer, claims, status};
use crate::support::gateway::{Change, World};
use crate::support::reply::Reply;

fn signed_by(key: &Key) -> String {
    key.sign(
        &json!({"alg": "ES256", "kid": key.public["kid"]}),
        &claims(&json!({})),
    )
}

#[test]
fn keys_are_fetched_once_and_again_for_a_key_that_is_new() {
    let issuer = Issuer::start();
    let world = issuer.world();
    for number in 0..20 {
        let token = issuer.token_with(&json!({"jti": number.to_string()}));
        assert_eq!(status(&world, &token), 200);
    }
    assert_eq!(issuer.asked(), 1);
    let new = Key::ec("ec2");
    issuer.publishes(&[&new]);
    assert_eq!(status(&world, &signed_by(&new)), 200);
    assert_eq!(issuer.asked(), 2);
    // What the issuer took back is worth nothing any more, once what was learnt has aged.
    world.gateway.clock.advance(Duration::from_secs(31));
    assert_eq!(status(&world, &signed_by(&issuer.ec)), 401);
}

#[test]
fn names_of_keys_that_do_not_exist_make_no_flood() {
    let issuer = Issuer::start();
    let world = issuer.world();
    for number in 0..40 {
        let key = json!({"alg": "ES256", "kid": format!("no-{number}")});
        let token = issuer.ec.sign(&key, &claims(&json!({})));
        assert_eq!(status(&world, &token), 401);
    }
    assert_eq!(
        issuer.asked(),
        6,
        "one, and five for names that were not known"
    );
    world.gateway.clock.advance(Duration::from_secs(31));
    // Half a minute later one more is granted, so that a new key does get known.
    let new = Key::ec("ec2");
    issuer.publishes(&[&issuer.ec, &new]);
    assert_eq!(status(&world, &signed_by(&new)), 200);
    assert_eq!(issuer.asked(), 7);
}

#[test]
fn without_keys_nobody_is_let_in_and_nobody_is_called_a_stranger() {
    let issuer = Issuer::start();
    issuer.says(Reply::json("500 Internal Server Error", "{}"));
    let world = issuer.world();
    let answer = bearer(&world, "/account/", &issuer.token());
    assert_eq!(answer.status, 503);
    assert_eq!(answer.error_id(), "identity_unavailable");
    assert!(answer.one("retry-after").is_some());
    let asked = issuer.asked();
    for number in 0..10 {
        let token = issuer.token_with(&json!({"jti": number.to_string()}));
        assert_eq!(status(&world, &token), 503);
    }
    assert_eq!(issuer.asked(), asked, "it is left alone for a moment");
    issuer.publishes(&[&issuer.rsa]);
    world.gateway.clock.advance(Duration::from_secs(2));
    assert_eq!(status(&world, &issuer.token()), 200);
    assert!(world.upstream.received().len() == 1);
}

#[test]
fn what_is_no_key_set_is_an_outage() {
    let issuer = Issuer::start();
    let elsewhere = Issuer::start();
    let world = issuer.world();
    let url = format!("{}/jwks", elsewhere.server.url());
    let huge = format!("{{\"keys\": [\"{}\"]}}", "x".repeat(2 * 1024 * 1024));
    for reply in [
        Reply::json("200 OK", "[]"),
        Reply::json("200 OK", "{"),
        Reply::json("200 OK", &huge),
        Reply::answer("302 Found", &[("Location", &url)], ""),
    ] {
        issuer.says(reply);
        assert_eq!(status(&world, &issuer.token()), 503);
        world.gateway.clock.advance(Duration::from_secs(2));
    }
    assert_eq!(elsewhere.asked(), 0, "a redirect is not followed");
}

#[test]
fn known_keys_outlast_an_outage_for_an_hour() {
    let issuer = Issuer::start();
    let world = issuer.world();
    let token = issuer.token_with(&json!({"exp": 4_102_444_800_u64}));
    assert_eq!(status(&world, &token), 200);
    issuer.says(Reply::json("500 Internal Server Error", "{}"));
    world.gateway.clock.advance(Duration::from_secs(3500));
    assert_eq!(status(&world, &token), 200);
    world.gateway.clock.advance(Duration::from_secs(101));
    assert_eq!(status(&world, &token), 503);
}

#[test]
fn keys_in_a_file_are_read_again_with_the_rest() {
    let (one, two) = (Key::ec("one"), Key::ec("two"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let write = |key: &Key| {
        std::fs::write(&path, json!({"keys": [key.public]}).to_string()).unwrap();
    };
    write(&one);
    let path = path.display().to_string();
    let section =
        format!("bearer_jwt: [{{ issuer: {NAME}, jwks_file: \"{path}\", audience: gateway }}]\n");
    let world = World::with(&Change {
        sections: &section,
        ..Change::default()
    });
    assert_eq!(status(&world, &signed_by(&one)), 200);
    assert_eq!(status(&world, &signed_by(&two)), 401);
    write(&two);
    world.gateway.running.reload();
    world.gateway.clock.advance(Duration::from_secs(31));
    assert_eq!(status(&world, &signed_by(&two)), 200);
    assert_eq!(status(&world, &signed_by(&one)), 401);
    std::fs::write(&path, "{").unwrap();
    world.gateway.running.reload();
    world.gateway.clock.advance(Duration::from_secs(31));
    assert_eq!(
        status(&world, &signed_by(&two)),
        200,
        "what is broken is not taken"
    );
}

#[test]
fn a_key_without_a_name_is_found_by_what_it_signed() {
    let issuer = Issuer::start();
    let mut nameless = Key::ed("x");
    nameless.public.as_object_mut().unwrap().remove("kid");
    issuer.publishes(&[&nameless]);
    let world = issuer.world();
    let token = |key: &Key| key.sign(&json!({"alg": "EdDSA"}), &claims(&json!({})));
    assert_eq!(status(&world, &token(&nameless)), 200);
    let new = Key::ed("y");
    issuer.publishes(&[&new]);
    assert_eq!(status(&world, &token(&new)), 200);
    assert_eq!(issuer.asked(), 2);
}

#[test]
fn a_key_that_was_withdrawn_while_nobody_came_counts_no_more() {
    let issuer = Issuer::start();
    let world = issuer.world();
    let token = issuer.token_with(&json!({"exp": 4_102_444_800_u64}));
    assert_eq!(status(&world, &token), 200);
    issuer.publishes(&[&issuer.ec]);
    world.gateway.clock.advance(Duration::from_secs(601));
    assert_eq!(status(&world, &token), 401);
    assert!(issuer.asked() >= 2);
}
