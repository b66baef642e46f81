//! Sessions and the tokens behind them.

use std::time::Duration;

use serde_json::json;
use stepgate::identity::IdentityEvent;

use super::world::World;

#[test]
fn a_completed_factor_ends_what_the_old_cookie_was_worth() {
    let world = World::start(|_| {});
    world.person("ada@bank.example");
    let mut browser = world.browser();
    browser.sign_in("ada@bank.example");
    let before = browser.whoami().json()["id"].clone();
    let old = browser.cookies["ory_kratos_session"].clone();
    browser.enrol(&world);
    let after = browser.whoami().json();
    assert_eq!(after["id"], before);
    assert_eq!(after["authenticator_assurance_level"], "aal2");
    let mut thief = world.browser();
    thief.cookies.insert("ory_kratos_session".to_owned(), old);
    assert_eq!(thief.whoami().status, 401);
}

#[test]
fn a_native_session_keeps_its_token_through_the_second_step() {
    let world = World::start(|_| {});
    world.person("ada@bank.example");
    let mut enrolling = world.browser();
    enrolling.sign_in("ada@bank.example");
    let secret = enrolling.enrol(&world);
    let mut native = world.native();
    native.sign_in("ada@bank.example");
    let token = native.token.clone();
    world.clock.advance(Duration::from_secs(60));
    let answer = native.try_code(&world.code(&secret));
    assert_eq!(
        answer.json()["session"]["authenticator_assurance_level"],
        "aal2"
    );
    assert_eq!(native.token, token);
}

#[test]
fn an_ended_session_is_told_of_before_the_answer_leaves() {
    let world = World::start(|_| {});
    let identity = world.person("ada@bank.example");
    let mut browser = world.browser();
    browser.sign_in("ada@bank.example");
    let session = browser.whoami().json()["id"].as_str().unwrap().to_owned();
    let token = browser.get("/self-service/logout/browser").json()["logout_token"]
        .as_str()
        .unwrap()
        .to_owned();
    world.told.0.lock().unwrap().clear();
    let answer = browser.get(&format!("/self-service/logout?token={token}"));
    let told = world.told.0.lock().unwrap().clone();
    assert_eq!(answer.status, 204);
    let session = session.parse().unwrap();
    assert_eq!(told, [IdentityEvent::SessionEnded { session, identity }]);
}

#[test]
fn a_change_that_waited_is_saved_once() {
    let world = World::start(|settings| {
        settings.self_service.settings.privileged_session_max_age = Duration::from_secs(60);
    });
    world.person("ada@bank.example");
    let mut browser = world.browser();
    browser.sign_in("ada@bank.example");
    let flow = browser.open("settings", "");
    world.clock.advance(Duration::from_secs(61));
    let new = json!({"method": "password", "password": "velvet-Submarine-77"});
    let parked = browser.submit(&flow, new);
    assert_eq!(parked.status, 403);
    assert_eq!(parked.json()["error"]["id"], "session_refresh_required");
    let waiting = browser.cookies["ory_kratos_continuity"].clone();
    let refresh = browser.open("login", "?refresh=true");
    let fields = json!({
        "method": "password",
        "identifier": "ada@bank.example",
        "password": super::world::PASSWORD,
    });
    assert_eq!(browser.submit(&refresh, fields).status, 200);
    let target = format!(
        "/self-service/settings?flow={}",
        flow["id"].as_str().unwrap()
    );
    assert_eq!(browser.page(&target).status, 303);
    let changed = world
        .native()
        .try_password("ada@bank.example", "velvet-Submarine-77");
    assert_eq!(changed.status, 200);
    browser
        .cookies
        .insert("ory_kratos_continuity".to_owned(), waiting);
    browser.page(&target);
    let shown = browser.get(&format!(
        "/self-service/settings/flows?id={}",
        flow["id"].as_str().unwrap()
    ));
    assert_eq!(super::world::messages(&shown), [4_000_001]);
}

#[test]
fn two_submits_of_one_sign_up_make_one_account() {
    let world = World::start(|_| {});
    let mut browser = world.native();
    let flow = browser.open("registration", "");
    let fields = |email: &str| json!({"method": "password", "password": "velvet-Submarine-77", "traits": {"email": email}});
    assert_eq!(
        browser.submit(&flow, fields("one@bank.example")).status,
        200
    );
    browser.token = None;
    let again = browser.submit(&flow, fields("two@bank.example"));
    assert_eq!(again.status, 410);
    assert!(again.json()["use_flow_id"].is_string());
}
