//! What axe-core, the usual checker of accessibility, finds on a page.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

use super::chromium::{Browser, Setup, is_required};
use super::person::Person;
use crate::support::free_port;
use crate::support::program::Program;

/// Its script, once `npm ci` in `tests/it/browser/axe` has installed it.
fn axe() -> Option<&'static str> {
    static SCRIPT: OnceLock<Option<String>> = OnceLock::new();
    let script = SCRIPT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/browser/axe");
        let script = std::fs::read_to_string(folder.join("node_modules/axe-core/axe.min.js"));
        assert!(
            script.is_ok() || !is_required("axe"),
            "axe-core is not installed: npm ci in {}",
            folder.display()
        );
        if script.is_err() {
            eprintln!("left out accessibility: axe-core is not installed");
        }
        script.ok()
    });
    script.as_deref()
}

/// No request is made for it: the pages' content policy allows none.
const RUN: &str = r#"
const done = arguments[arguments.length - 1];
axe.run(document, { preload: false, resultTypes: ["violations"] }).then(
  (found) => done(found.violations.map((it) => ({
    what: it.id + ": " + it.help,
    impact: it.impact,
    where: it.nodes.map((node) => node.target.join(" ") + " " + (node.any[0]?.message ?? "")),
  }))),
  (error) => done([{ what: String(error), impact: "critical", where: [] }]),
)
"#;

/// Fails when the page that is open has something that keeps people out.
pub(super) async fn assert_accessible(browser: &Browser, name: &str) {
    let Some(script) = axe().filter(|_| browser.runs_scripts) else {
        return;
    };
    let loaded = browser.driver.execute(script, Vec::new()).await;
    loaded.expect("axe-core");
    let found = browser.driver.execute_async(RUN, Vec::new()).await;
    let found: Vec<Value> = found.expect("an answer").convert().expect("findings");
    let serious: Vec<&Value> = found
        .iter()
        .filter(|it| matches!(it["impact"].as_str(), Some("serious" | "critical")))
        .collect();
    assert!(serious.is_empty(), "{name}: {serious:#?}");
}

/// Looks at the page that is open, light and dark, and keeps a picture of each.
async fn check(browser: &Browser, name: &str) {
    for (dark, theme) in [(true, "dark"), (false, "light")] {
        browser.set_dark(dark).await;
        assert_accessible(browser, &format!("{name} ({theme})")).await;
        browser.screenshot(&format!("{name}-{theme}")).await;
    }
}

/// A gateway whose identity service has all that it can do switched on.
const CONFIG: &str = r#"
version: 1
proxy:
  listen: [{ address: "127.0.0.1:PORT" }]
  public_url: http://localhost:PORT
rules: rules/
reload: { watch: false }
identity:
  embedded:
    mount: /auth
    database: sqlite:identities.db
    kratos:
      dev: true
      session: { whoami: { required_aal: aal1 } }
      selfservice:
        default_browser_return_url: http://localhost:PORT/
        methods:
          password: { config: { haveibeenpwned_enabled: false } }
          totp: { enabled: true, config: { issuer: Accessible } }
          lookup_secret: { enabled: true }
          code: { enabled: true, mfa_enabled: true }
          webauthn:
            enabled: true
            config: { rp: { id: localhost, display_name: Accessible, origin: "http://localhost:PORT" } }
          passkey:
            enabled: true
            config: { rp: { id: localhost, display_name: Accessible, origins: ["http://localhost:PORT"] } }
        flows:
          registration: { after: { password: { hooks: [{ hook: session }] } } }
          settings: { required_aal: aal1 }
          recovery: { enabled: true, use: code }
          verification: { enabled: true, use: code }
      courier: { smtp: { connection_uri: "smtp://127.0.0.1:9/?disable_starttls=true" } }
admin: { listen: null }
"#;

const RULES: &str = r#"
upstreams: { app: { url: "http://127.0.0.1:9" } }
defaults: { upstream: app }
rules:
  - { id: firm, match: { host: localhost, path: /firm/** }, required_aal: aal2, enrol: deny }
  - { id: send, match: { host: localhost, path: /send, methods: [GET, POST] }, required_aal: aal2, reason: "Money leaves the bank here." }
  - { id: open, match: { host: localhost, path: /open/** }, required_aal: none }
"#;

#[tokio::test]
async fn no_page_keeps_people_out() {
    let Some(browser) = Browser::start("accessible", Setup::default()).await else {
        return;
    };
    let port = free_port().port().to_string();
    let config = CONFIG.replace("PORT", &port);
    let files = [("stepgate.yaml", &*config), ("rules/app.yaml", RULES)];
    let _program = Program::serve(&files);
    let origin = format!("http://localhost:{port}");
    let flow = |name: &str| format!("{origin}/auth/self-service/{name}/browser");
    for (name, url) in [
        ("login", flow("login")),
        ("registration", flow("registration")),
        ("error", flow("login") + "?return_to=https://evil.example/"),
        ("no-rule", format!("{origin}/nowhere")),
        ("bad-request", format!("{origin}/a%2fb")),
        ("unreachable", format!("{origin}/open/x")),
    ] {
        browser.open(&url).await;
        check(&browser, name).await;
    }
    let ada = Person::new("ada@example.com", "seven quiet herons");
    sign_up(&browser, &flow("registration"), &ada).await;
    for (name, url) in [
        ("settings", flow("settings")),
        ("sessions", format!("{origin}/auth/sessions")),
        ("denied", format!("{origin}/firm/x")),
        ("refresh", flow("login") + "?refresh=true"),
        ("logout", format!("{origin}/auth/logout")),
    ] {
        browser.open(&url).await;
        check(&browser, name).await;
    }
}

/// The two steps of opening an account, each also with a mistake.
async fn sign_up(browser: &Browser, url: &str, person: &Person) {
    browser.open(url).await;
    browser.fill("traits.email", &person.identifier).await;
    browser.click("form button[name=method]").await;
    check(browser, "registration-password").await;
    browser.fill("password", "short").await;
    browser.click("button[name=method][value=password]").await;
    check(browser, "registration-wrong").await;
    browser.fill("password", &person.password).await;
    browser.click("button[name=method][value=password]").await;
}
