//! Requests that another site makes a browser send.

use serde_json::json;

use super::super::world::{Client, PASSWORD, World};

const ADA: &str = "ada@bank.example";

fn target_of(flow: &serde_json::Value) -> String {
    let action = flow["ui"]["action"].as_str().unwrap();
    action[action.find("/self-service").unwrap()..].to_owned()
}

fn login_fields(token: &str) -> String {
    json!({
        "method": "password", "identifier": ADA, "password": PASSWORD, "csrf_token": token,
    })
    .to_string()
}

const JSON: [(&str, &str); 2] = [
    ("Content-Type", "application/json"),
    ("Accept", "application/json"),
];

#[test]
fn a_login_form_without_its_cookie_or_with_somebody_elses_token_is_refused() {
    let world = World::start(|_| {});
    world.person(ADA);
    let mut mallory = world.browser();
    let hers = mallory.open("login", "");
    let token = super::super::world::node(&hers, "csrf_token")["attributes"]["value"]
        .as_str()
        .unwrap()
        .to_owned();
    // No cookie at all.
    let mut bare = world.browser();
    let answer = bare.send("POST", &target_of(&hers), &JSON, &login_fields(&token));
    assert_eq!(answer.status, 403, "{}", answer.text());
    // The victim's own flow and cookie, the attacker's token.
    let mut victim = world.browser();
    let flow = victim.open("login", "");
    let answer = victim.send("POST", &target_of(&flow), &JSON, &login_fields(&token));
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert_eq!(answer.error_id(), "security_csrf_violation");
    assert_eq!(victim.whoami().status, 401);
}

#[test]
fn a_change_that_another_site_sends_is_refused_even_with_the_right_token() {
    let world = World::start(|_| {});
    world.person(ADA);
    let mut own = world.browser();
    own.sign_in(ADA);
    let flow = own.open("settings", "");
    let token = super::super::world::node(&flow, "csrf_token")["attributes"]["value"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = json!({
        "method": "password", "password": "another-Lighthouse-43", "csrf_token": token,
    });
    for mark in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Origin", "null"),
        ("Origin", "https://evil.test"),
    ] {
        let headers = [JSON[0], JSON[1], mark];
        let answer = own.send("POST", &target_of(&flow), &headers, &body.to_string());
        assert_eq!(answer.status, 403, "{mark:?}: {}", answer.text());
    }
    world.native().sign_in(ADA);
}

fn assert_signed_in(client: &mut Client, what: &str) {
    assert_eq!(client.whoami().status, 200, "{what}");
}

#[test]
fn nobody_is_signed_out_by_a_link_or_a_method_in_disguise() {
    let world = World::start(|_| {});
    world.person(ADA);
    world.person("mallory@bank.example");
    let mut own = world.browser();
    own.sign_in(ADA);
    let mut mallory = world.browser();
    mallory.sign_in("mallory@bank.example");
    let foreign = mallory.get("/self-service/logout/browser").json()["logout_token"]
        .as_str()
        .unwrap()
        .to_owned();
    for target in [
        "/self-service/logout".to_owned(),
        "/self-service/logout?token=".to_owned(),
        format!("/self-service/logout?token={foreign}"),
    ] {
        let answer = own.get(&target);
        assert!(
            (400..500).contains(&answer.status),
            "{target}: {}",
            answer.status
        );
        assert_signed_in(&mut own, &target);
    }
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    for (target, body) in [
        ("/sessions", "_method=DELETE"),
        ("/sessions?_method=DELETE", ""),
        ("/self-service/logout/api", "_method=DELETE"),
    ] {
        let answer = own.send("POST", target, &form, body);
        assert!(
            (400..500).contains(&answer.status),
            "{target}: {}",
            answer.status
        );
        let with_header = [form[0], ("X-HTTP-Method-Override", "DELETE")];
        own.send("POST", target, &with_header, body);
        assert_signed_in(&mut own, target);
    }
}

#[test]
fn no_page_can_be_put_into_a_frame() {
    let world = World::start(|_| {});
    world.person(ADA);
    let mut own = world.browser();
    let login = own.page("/self-service/login/browser");
    let to = login.header("location").unwrap();
    let to = to[to.find("://").unwrap() + 3..].to_owned();
    let shown = own.page(&to[to.find('/').unwrap()..]);
    assert_eq!(shown.status, 200, "{}", shown.text());
    let policy = shown.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[test]
fn what_a_request_says_never_becomes_markup() {
    let world = World::start(|_| {});
    let mut browser = world.browser();
    let script = "%3Cscript%3Ealert(1)%3C/script%3E%22%27";
    for target in [
        format!("/{script}"),
        format!("/self-service/login/browser?return_to={script}"),
        format!("/self-service/login/browser?aal={script}"),
        format!("/self-service/errors?id={script}"),
        format!("/self-service/login/flows?id={script}"),
        format!("/ui/error?id={script}"),
        format!("/ui/login?flow={script}"),
    ] {
        let answer = browser.page(&target);
        assert!(answer.status < 500, "{target}: {}", answer.status);
        assert!(
            !answer.text().contains("<script>alert"),
            "{target}: {}",
            answer.text()
        );
    }
}
