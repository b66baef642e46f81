//! A form that is asked for more: nothing typed is lost.

use std::path::Path;

use super::accessible::assert_accessible;
use super::chromium::{Browser, Setup};
use super::person::Person;
use crate::support::client;
use crate::support::demo::Demo;
use crate::support::eventually;

/// A demo that shows the transfer form to everybody who is signed in, and asks for the second
/// factor when it is sent.
fn demo(folder: &Path) -> Demo {
    let demo = Demo::start_in(folder);
    let file = folder.join("rules/bank.yaml");
    let rules = std::fs::read_to_string(&file).expect("the rules");
    let path = "path: \"/transfer/**\" }";
    assert!(rules.contains(path), "{rules}");
    let rules = rules.replace(path, "path: \"/transfer/**\", methods: [POST] }");
    let told = format!(
        "{rules}\n  - {{ id: told, match: {{ host: localhost, path: /told }}, required_aal: none, upstream: bank }}\n"
    );
    std::fs::write(file, told).expect("the rules");
    let address = demo.url("bank").trim_start_matches("http://localhost:");
    let port: u16 = address.trim_end_matches('/').parse().expect("a port");
    let is_read = || {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let host = format!("localhost:{port}");
        client::ask(address, "GET", "/told", &host, &[]).status == 404
    };
    assert!(eventually(is_read), "the rules are read again");
    demo
}

async fn log_in(browser: &Browser, demo: &Demo, person: &Person) {
    browser.open(&demo.bank("/transfer")).await;
    browser.fill("identifier", &person.identifier).await;
    browser.fill("password", &person.password).await;
    browser.click("button[name=method][value=password]").await;
    browser.expect_url(&demo.bank("/transfer")).await;
}

async fn type_and_send(browser: &Browser) {
    browser.fill("amount", "31.41").await;
    browser.fill("reference", "Kept <b>& sent").await;
    browser.click("form button").await;
    browser.expect_words("What you entered is kept").await;
    assert_accessible(browser, "interstitial").await;
    browser.screenshot("interstitial").await;
    browser.click("main a.button").await;
}

async fn confirm(browser: &Browser, person: &mut Person) {
    browser.expect_words("Money leaves the bank here.").await;
    browser.fill("totp_code", &person.code()).await;
    browser.click("button[name=method][value=totp]").await;
    browser.expect_title("Ready to send").await;
    browser.expect_words("31.41").await;
    browser.expect_words("Kept <b>& sent").await;
    assert_accessible(browser, "ready to send").await;
    for (dark, theme) in [(true, "dark"), (false, "light")] {
        browser.set_dark(dark).await;
        for width in [360, 1280] {
            browser.set_width(width).await;
            assert!(!browser.is_too_wide().await, "it sticks out at {width}");
            browser.screenshot(&format!("ready-{theme}-{width}")).await;
        }
    }
}

async fn go_on(browser: &Browser) {
    browser.click("main form button").await;
    browser.expect_words("The money is on its way").await;
    browser.expect_words("31.41").await;
    browser.expect_words("Kept <b>& sent").await;
}

async fn journey(test: &str, setup: Setup) {
    let Some(browser) = Browser::start(test, setup).await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let demo = demo(folder.path());
    let mut tom = Person::ready(&demo, "tom");
    log_in(&browser, &demo, &tom).await;
    type_and_send(&browser).await;
    confirm(&browser, &mut tom).await;
    let page = browser.url().await;
    go_on(&browser).await;
    browser.open(&page).await;
    browser.expect_words("This was sent already").await;
    browser.screenshot("sent-already").await;
    browser.stop().await;
}

#[tokio::test]
async fn a_form_waits_for_the_second_factor_and_arrives_as_it_was_typed() {
    journey("keeping", Setup::default()).await;
}

#[tokio::test]
async fn a_form_waits_without_javascript_too() {
    let setup = Setup {
        without_javascript: true,
        ..Setup::default()
    };
    journey("keeping-without-javascript", setup).await;
}

#[tokio::test]
async fn who_sets_up_the_second_step_first_goes_on_with_the_form_afterwards() {
    let Some(browser) = Browser::start("keeping-enrol", Setup::default()).await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let demo = demo(folder.path());
    let mut nora = Person::ready(&demo, "nora");
    log_in(&browser, &demo, &nora).await;
    type_and_send(&browser).await;
    browser.expect_words("Set up a second step").await;
    let secret = browser.element("#totp-secret").await;
    let secret = secret.inner_html().await.expect("the secret");
    nora.secret = Some(secret.replace(' ', ""));
    confirm(&browser, &mut nora).await;
    go_on(&browser).await;
    browser.stop().await;
}

#[tokio::test]
async fn somebody_elses_login_is_told_so_and_sees_nothing() {
    let Some(browser) = Browser::start("keeping-wrong-account", Setup::default()).await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let demo = demo(folder.path());
    let mut tom = Person::ready(&demo, "tom");
    log_in(&browser, &demo, &tom).await;
    type_and_send(&browser).await;
    confirm(&browser, &mut tom).await;
    let page = browser.url().await;
    let gone = browser.driver.delete_all_cookies().await;
    gone.expect("no cookies");
    let nora = Person::ready(&demo, "nora");
    log_in(&browser, &demo, &nora).await;
    browser.open(&page).await;
    browser.expect_words("This belongs to another login").await;
    browser.expect_words(&nora.identifier).await;
    assert!(!browser.words().await.contains("31.41"));
    browser.screenshot("wrong-account").await;
    browser.stop().await;
}
