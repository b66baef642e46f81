//! Attacks on sessions and their cookie.

use serde_json::json;
use stepgate::identity::settings::Hook;

use super::super::world::{PASSWORD, World};

const ADA: &str = "ada@bank.example";
const MALLORY: &str = "mallory@bank.example";
const COOKIE: &str = "ory_kratos_session";

#[test]
fn a_session_planted_before_the_login_is_not_the_one_after_it() {
    let world = World::start(|_| {});
    world.person(ADA);
    world.person(MALLORY);
    let mut mallory = world.browser();
    mallory.sign_in(MALLORY);
    let planted = mallory.cookies[COOKIE].clone();
    let mut victim = world.browser();
    victim.cookies.insert(COOKIE.to_owned(), planted.clone());
    let flow = victim.open("login", "?refresh=true");
    let fields = json!({"method": "password", "identifier": ADA, "password": PASSWORD});
    let answer = victim.submit(&flow, fields);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_ne!(victim.cookies[COOKIE], planted);
    let (hers, his) = (victim.whoami().json(), mallory.whoami().json());
    assert_eq!(hers["identity"]["traits"]["email"], ADA);
    assert_eq!(his["identity"]["traits"]["email"], MALLORY);
    assert_ne!(hers["id"], his["id"]);
}

#[test]
fn a_flow_opened_by_somebody_else_signs_nobody_in() {
    let world = World::start(|_| {});
    world.person(ADA);
    let mut mallory = world.browser();
    let flow = mallory.open("login", "");
    let mut victim = world.browser();
    victim.open("login", "");
    let fields = json!({"method": "password", "identifier": ADA, "password": PASSWORD});
    let answer = victim.submit(&flow, fields);
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert_eq!(answer.error_id(), "security_csrf_violation");
    assert_eq!(victim.whoami().status, 401);
    assert_eq!(mallory.whoami().status, 401);
}

#[test]
fn a_changed_password_ends_the_other_sessions_where_that_is_configured() {
    let world = World::start(|settings| {
        let after = &mut settings.self_service.settings.flow.after;
        after.hooks.push(Hook::RevokeActiveSessions);
    });
    world.person(ADA);
    let (mut own, mut thief) = (world.browser(), world.native());
    own.sign_in(ADA);
    thief.sign_in(ADA);
    assert_eq!(thief.whoami().status, 200);
    let flow = own.open("settings", "");
    let fields = json!({"method": "password", "password": "another-Lighthouse-43"});
    let answer = own.submit(&flow, fields);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(thief.whoami().status, 401);
    assert_eq!(own.whoami().status, 200);
}

#[test]
fn the_session_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let world = World::start(|_| {});
    world.person(ADA);
    let mut browser = world.browser();
    let answer = browser.try_password(ADA, PASSWORD);
    let cookies = answer.headers("set-cookie");
    let line = cookies.iter().find(|line| line.starts_with(COOKIE));
    let line = line.expect("a session cookie");
    for wanted in ["; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(line.contains(wanted), "{line}");
    }
    assert!(!line.contains("Domain"), "{line}");
}

#[test]
fn a_session_cookie_that_was_tampered_with_is_worth_nothing() {
    let world = World::start(|_| {});
    world.person(ADA);
    let mut browser = world.browser();
    browser.sign_in(ADA);
    let good = browser.cookies[COOKIE].clone();
    let flip = |at: usize| -> String {
        let changed = |byte: u8| if byte == b'A' { 'B' } else { 'A' };
        let bytes = good.bytes().enumerate();
        bytes
            .map(|(place, byte)| {
                if place == at {
                    changed(byte)
                } else {
                    char::from(byte)
                }
            })
            .collect()
    };
    let mut variants: Vec<String> = (0..good.len()).step_by(7).map(flip).collect();
    variants.extend([
        String::new(),
        good.repeat(2),
        good[..good.len() / 2].to_owned(),
    ]);
    for variant in variants {
        let mut thief = world.browser();
        thief.cookies.insert(COOKIE.to_owned(), variant.clone());
        assert_eq!(thief.whoami().status, 401, "{variant}");
    }
}

#[test]
fn a_token_is_believed_in_its_own_place_only() {
    let world = World::start(|_| {});
    world.person(ADA);
    let mut native = world.native();
    native.sign_in(ADA);
    let token = native.token.clone().unwrap();
    let mut browser = world.browser();
    browser.cookies.insert(COOKIE.to_owned(), token.clone());
    assert_eq!(browser.whoami().status, 401, "a bare token as cookie");
    let mut own = world.browser();
    own.sign_in(ADA);
    let mut thief = world.native();
    thief.token = Some(own.cookies[COOKIE].clone());
    assert_eq!(thief.whoami().status, 401, "a cookie as token");
    let logout = own.get("/self-service/logout/browser").json()["logout_token"]
        .as_str()
        .unwrap()
        .to_owned();
    thief.token = Some(logout);
    assert_eq!(
        thief.whoami().status,
        401,
        "a logout token as session token"
    );
    let answer = own.get(&format!("/self-service/logout?token={token}"));
    assert_eq!(answer.status, 403, "a session token as logout token");
    assert_eq!(own.whoami().status, 200);
}
