//! Learning who has an account, and keeping its owner out of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::world::{PASSWORD, World, messages};
use crate::support::client::Response;

const ADA: &str = "ada@bank.example";
const NOBODY: &str = "eve@bank.example";
const WRONG_PASSWORD: u64 = 4_000_006;

/// An answer without what differs in every flow.
fn likeness(answer: &Response, identifier: &str) -> (u16, Vec<String>, Value) {
    let mut names: Vec<String> = answer
        .fields()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    names.sort();
    let mut body = answer.json();
    let object = body.as_object_mut().unwrap();
    for varying in ["id", "expires_at", "issued_at", "created_at", "updated_at"] {
        object.remove(varying);
    }
    let text = body.to_string().replace(identifier, "SOMEBODY");
    let action = body["ui"]["action"].as_str().unwrap().to_owned();
    let text = text.replace(&action, "ACTION");
    (answer.status, names, serde_json::from_str(&text).unwrap())
}

#[test]
fn a_wrong_password_and_an_unknown_person_are_answered_alike() {
    let world = World::start(|_| {});
    world.person(ADA);
    let known = world.native().try_password(ADA, "wrong");
    let unknown = world.native().try_password(NOBODY, "wrong");
    assert_eq!(likeness(&known, ADA), likeness(&unknown, NOBODY));
}

#[test]
fn being_throttled_says_nothing_about_who_exists() {
    let world = World::start(|_| {});
    world.person(ADA);
    for _ in 0..12 {
        world.native().try_password(ADA, "wrong");
        world.native().try_password(NOBODY, "wrong");
    }
    let known = world.native().try_password(ADA, PASSWORD);
    let unknown = world.native().try_password(NOBODY, PASSWORD);
    assert_eq!(likeness(&known, ADA), likeness(&unknown, NOBODY));
}

#[test]
fn wrong_passwords_of_strangers_neither_end_sessions_nor_lock_for_good() {
    let world = World::start(|_| {});
    world.person(ADA);
    let mut own = world.native();
    own.sign_in(ADA);
    for _ in 0..40 {
        world.native().try_password(ADA, "wrong");
    }
    assert_eq!(own.whoami().status, 200);
    world.clock.advance(Duration::from_secs(15 * 60 + 1));
    world.native().sign_in(ADA);
}

#[test]
fn no_password_is_cut_short_or_too_long_to_be_refused() {
    let world = World::start(|_| {});
    world.person(ADA);
    let huge = "x".repeat(900 * 1024);
    let answer = world.native().try_password(ADA, &huge);
    assert_eq!(messages(&answer), [WRONG_PASSWORD]);
    for variant in [
        format!("{PASSWORD}\0"),
        format!("{PASSWORD}\0anything"),
        format!(" {PASSWORD}"),
        PASSWORD.to_lowercase(),
    ] {
        let answer = world.native().try_password(ADA, &variant);
        assert_eq!(messages(&answer), [WRONG_PASSWORD], "{variant:?}");
    }
    // bcrypt reads 72 bytes: what it would not read is refused, never ignored.
    let mut own = world.native();
    own.sign_in(ADA);
    let flow = own.open("settings", "");
    let fields = json!({"method": "password", "password": "aB3-".repeat(20)});
    let answer = own.submit(&flow, fields);
    assert_eq!(answer.status, 400, "{}", answer.text());
}
