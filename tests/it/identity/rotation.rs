//! A browser's requests that were on their way when its session got another token.

use std::time::Duration;

use serde_json::json;
use stepgate::identity::credential::totp::TotpSecret;

use super::world::{Client, node};
use crate::support::client::Response;
use crate::support::gateway::Gateway;
use crate::support::server::Server;

const SESSION: &str = "ory_kratos_session";

const CONFIG: &str = r#"
version: 1
proxy: { listen: [{ address: "127.0.0.1:0" }] }
rules: [rules/test.yaml]
reload: { watch: false }
identity:
  embedded:
    mount: /auth
    database: memory
    kratos:
      selfservice:
        methods: { totp: { enabled: true } }
        flows: { registration: { after: { password: { hooks: [ { hook: session } ] } } } }
admin: { listen: null }
"#;

struct World {
    gateway: Gateway,
    _bank: Server,
    /// The cookie from before the step, and a browser that has the one from after it.
    old: String,
    browser: Client,
}

/// Somebody has just set up an authenticator app.
fn stepped_up() -> World {
    let bank = Server::hello();
    let rules = format!(
        "upstreams: {{ bank: {{ url: \"{}\" }} }}\nrules:\n  - {{ id: bank, match: {{ path: \
         /accounts }}, required_aal: aal1, upstream: bank }}\n",
        bank.url()
    );
    let gateway = Gateway::start(CONFIG, &rules);
    let mut browser = Client::below("/auth", gateway.address, true);
    let flow = browser.open("registration", "");
    let fields = json!({
        "method": "password", "password": "tangerine-Lighthouse-42",
        "traits": {"email": "ada@bank.example"},
    });
    let answer = browser.submit(&flow, fields);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let old = browser.cookies[SESSION].clone();
    let flow = browser.open("settings", "");
    let secret = node(&flow, "totp_secret_key")["attributes"]["text"]["context"]["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    let step = gateway.clock.wall().as_second().div_euclid(30);
    let code = TotpSecret::from_base32(&secret).unwrap().code(step);
    let answer = browser.submit(&flow, json!({"method": "totp", "totp_code": code}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_ne!(browser.cookies[SESSION], old);
    World {
        gateway,
        _bank: bank,
        old,
        browser,
    }
}

fn navigate(browser: &mut Client) -> Response {
    browser.page("/accounts?from=home")
}

#[test]
fn a_navigation_with_the_replaced_cookie_is_sent_to_itself_once() {
    let mut world = stepped_up();
    let new = world.browser.cookies[SESSION].clone();
    world
        .browser
        .cookies
        .insert(SESSION.to_owned(), world.old.clone());
    let first = navigate(&mut world.browser);
    assert_eq!(first.status, 303, "{}", first.text());
    let to = first.header("location").unwrap();
    assert!(to.ends_with("/accounts?from=home"), "{to}");
    // By then a browser has the new cookie.
    let mut own = Client::below("/auth", world.gateway.address, true);
    own.cookies = world.browser.cookies.clone();
    own.cookies.insert(SESSION.to_owned(), new);
    assert_eq!(navigate(&mut own).status, 200);
    // One that has not is asked to sign in.
    let second = navigate(&mut world.browser);
    assert_eq!(second.status, 303);
    let to = second.header("location").unwrap();
    assert!(to.contains("/self-service/login/browser"), "{to}");
}

#[test]
fn the_replaced_cookie_is_worth_nothing_to_programs_and_after_a_minute() {
    let mut world = stepped_up();
    world
        .browser
        .cookies
        .insert(SESSION.to_owned(), world.old.clone());
    let program = world.browser.get("/accounts");
    assert_eq!(program.status, 401);
    let whoami = world.browser.get("/auth/sessions/whoami");
    assert_eq!(whoami.status, 401);
    world.gateway.clock.advance(Duration::from_secs(61));
    let late = navigate(&mut world.browser);
    let to = late.header("location").unwrap();
    assert!(to.contains("/self-service/login/browser"), "{to}");
}
