//! A user interface of the operator's own, on another origin.

use serde_json::json;

use super::world::World;

const UI: &str = "https://ui.test";

fn world() -> World {
    World::start(|settings| {
        let flows = &mut settings.self_service;
        flows.login.ui_url = format!("{UI}/sign-in");
        flows.registration.flow.ui_url = format!("{UI}/sign-up");
        flows.settings.flow.ui_url = format!("{UI}/me?tab=safety");
        flows.error_ui_url = format!("{UI}/oops");
        settings.use_external_ui();
    })
}

#[test]
fn people_are_led_to_the_operators_pages_and_ours_are_gone() {
    let world = world();
    let mut browser = world.browser();
    let opened = browser.page("/self-service/login/browser");
    assert_eq!(opened.status, 303);
    let to = opened.header("location").unwrap();
    assert!(to.starts_with("https://ui.test/sign-in?flow="), "{to}");
    for page in ["/login", "/registration", "/settings", "/error", "/logout"] {
        assert_eq!(browser.page(page).status, 404, "{page}");
    }
    let refused = browser.page("/self-service/login/browser?aal=aal2");
    let to = refused.header("location").unwrap();
    assert!(to.starts_with("https://ui.test/oops?id="), "{to}");
}

#[test]
fn the_operators_pages_are_places_to_come_back_to_and_other_sites_are_not() {
    let world = world();
    let mut browser = world.browser();
    let back = |to: &str| format!("/self-service/login/browser?return_to={to}");
    let flow = browser.page(&back("https://ui.test/me"));
    assert!(
        flow.header("location")
            .unwrap()
            .starts_with("https://ui.test/sign-in")
    );
    for elsewhere in ["https://evil.test/me", "https://ui.test/admin"] {
        let flow = browser.page(&back(elsewhere));
        let to = flow.header("location").unwrap();
        assert!(to.starts_with("https://ui.test/oops"), "{elsewhere}: {to}");
    }
}

#[test]
fn scripts_of_the_operators_pages_may_call_and_those_of_others_may_not() {
    let world = world();
    world.person("ada@bank.example");
    let mut browser = world.browser();
    let flow = browser.open("login", "");
    let token = super::world::node(&flow, "csrf_token")["attributes"]["value"].clone();
    let fields = json!({
        "method": "password", "identifier": "ada@bank.example",
        "password": super::world::PASSWORD, "csrf_token": token,
    });
    let action = flow["ui"]["action"].as_str().unwrap();
    let target = &action[action.find("/self-service").unwrap()..];
    let mut from = |origin: &str| {
        let headers = [
            ("Content-Type", "application/json"),
            ("Accept", "application/json"),
            ("Origin", origin),
            ("Sec-Fetch-Site", "cross-site"),
        ];
        let answer = browser.send("POST", target, &headers, &fields.to_string());
        let allowed = answer
            .header("access-control-allow-origin")
            .map(str::to_owned);
        (answer.status, allowed)
    };
    assert_eq!(from("https://evil.test"), (403, None));
    assert_eq!(from(UI), (200, Some(UI.to_owned())));
}
