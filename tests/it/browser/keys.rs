//! Security keys, passkeys and recovery codes, with Chromium's virtual authenticator.

use serde_json::json;
use thirtyfour::prelude::*;

use super::chromium::{Browser, Setup};
use super::person::Person;
use crate::support::demo::Demo;

const ADD_KEY: &str = "button[data-key=oryWebAuthnRegistration]";
const USE_KEY: &str = "button[data-key=oryWebAuthnLogin]";
const ADD_PASSKEY: &str = "button[data-key=oryPasskeySettingsRegistration]";
const USE_PASSKEY: &str = "button[data-key=oryPasskeyLogin]";

/// Plugs a key in; it is touched as soon as it is asked.
async fn plug_in(browser: &Browser, options: serde_json::Value) -> String {
    browser.cdp("WebAuthn.enable", json!({})).await;
    let options = json!({ "options": options });
    let answer = browser
        .cdp("WebAuthn.addVirtualAuthenticator", options)
        .await;
    answer["authenticatorId"]
        .as_str()
        .expect("a key")
        .to_owned()
}

fn usb_key() -> serde_json::Value {
    json!({
        "protocol": "ctap2", "transport": "usb", "hasResidentKey": false,
        "hasUserVerification": false, "automaticPresenceSimulation": true,
    })
}

fn phone() -> serde_json::Value {
    json!({
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
        "hasUserVerification": true, "isUserVerified": true,
        "automaticPresenceSimulation": true,
    })
}

async fn unplug(browser: &Browser, key: &str) {
    let id = json!({ "authenticatorId": key });
    browser.cdp("WebAuthn.removeVirtualAuthenticator", id).await;
}

async fn log_in(browser: &Browser, person: &Person) {
    browser.fill("identifier", &person.identifier).await;
    browser.fill("password", &person.password).await;
    browser.click("button[name=method][value=password]").await;
}

async fn log_out(browser: &Browser, demo: &Demo) {
    browser.open(&demo.bank("/auth/logout")).await;
    browser
        .click("form[action*='/self-service/logout'] button")
        .await;
    browser.expect_url(&demo.bank("/")).await;
}

async fn settings(browser: &Browser, demo: &Demo) {
    browser
        .open(&demo.bank("/auth/self-service/settings/browser"))
        .await;
}

async fn add_key(browser: &Browser, name: &str) {
    browser.fill("webauthn_register_displayname", name).await;
    browser.click(ADD_KEY).await;
}

#[tokio::test]
async fn a_person_enrols_several_security_keys_and_each_completes_the_second_step() {
    let Some(browser) = Browser::start("security-keys", Setup::default()).await else {
        return;
    };
    let demo = Demo::start();
    let nora = Person::ready(&demo, "nora");
    let mut first = plug_in(&browser, usb_key()).await;
    browser.open(&demo.bank("/accounts")).await;
    log_in(&browser, &nora).await;
    browser.expect_words("Current account").await;
    settings(&browser, &demo).await;
    browser.screenshot("settings-before").await;
    add_key(&browser, "Blue key").await;
    browser.expect_words("Your changes are saved").await;
    browser.expect_words("Blue key").await;
    browser.screenshot("settings-one-key").await;

    // The same key a second time: the browser knows it, and says no.
    add_key(&browser, "Blue key again").await;
    browser.expect_words("That didn’t work").await;
    browser.screenshot("same-key-again").await;

    let saved = browser
        .cdp(
            "WebAuthn.getCredentials",
            json!({ "authenticatorId": first }),
        )
        .await;
    unplug(&browser, &first).await;
    let second = plug_in(&browser, usb_key()).await;
    settings(&browser, &demo).await;
    add_key(&browser, "Red key").await;
    browser.expect_words("Red key").await;
    browser.screenshot("settings-two-keys").await;

    log_out(&browser, &demo).await;
    browser.open(&demo.bank("/transfer")).await;
    log_in(&browser, &nora).await;
    browser.expect_title("Confirm it’s you").await;
    browser.screenshot("second-step").await;
    browser.click(USE_KEY).await;
    browser.expect_url(&demo.bank("/transfer")).await;

    // Now with the first key.
    log_out(&browser, &demo).await;
    unplug(&browser, &second).await;
    first = plug_in(&browser, usb_key()).await;
    let credential = json!({
        "authenticatorId": first, "credential": saved["credentials"][0],
    });
    browser.cdp("WebAuthn.addCredential", credential).await;
    browser.open(&demo.bank("/transfer")).await;
    log_in(&browser, &nora).await;
    browser.expect_title("Confirm it’s you").await;
    browser.click(USE_KEY).await;
    browser.expect_url(&demo.bank("/transfer")).await;

    settings(&browser, &demo).await;
    browser.click("button[aria-label='Remove Red key']").await;
    browser.expect_words("Your changes are saved").await;
    assert!(!browser.words().await.contains("Red key"));
    browser.screenshot("settings-removed").await;
    browser.stop().await;
}

#[tokio::test]
async fn a_wrong_key_leaves_the_session_as_it_is() {
    let Some(browser) = Browser::start("wrong-key", Setup::default()).await else {
        return;
    };
    let demo = Demo::start();
    let nora = Person::ready(&demo, "nora");
    let own = plug_in(&browser, usb_key()).await;
    browser.open(&demo.bank("/accounts")).await;
    log_in(&browser, &nora).await;
    settings(&browser, &demo).await;
    add_key(&browser, "Blue key").await;
    browser.expect_words("Blue key").await;
    log_out(&browser, &demo).await;
    unplug(&browser, &own).await;
    plug_in(&browser, usb_key()).await;
    browser.open(&demo.bank("/transfer")).await;
    log_in(&browser, &nora).await;
    browser.expect_title("Confirm it’s you").await;
    browser.click(USE_KEY).await;
    browser.expect_words("That didn’t work").await;
    browser.screenshot("refused").await;
    browser.open(&demo.bank("/accounts")).await;
    browser.expect_words("Current account").await;
    browser.open(&demo.bank("/transfer")).await;
    browser.expect_title("Confirm it’s you").await;
    browser.stop().await;
}

#[tokio::test]
async fn a_passkey_logs_in_by_its_button_and_by_itself() {
    let Some(browser) = Browser::start("passkey", Setup::default()).await else {
        return;
    };
    let demo = Demo::start();
    let nora = Person::ready(&demo, "nora");
    let phone_id = plug_in(&browser, phone()).await;
    browser.open(&demo.bank("/accounts")).await;
    log_in(&browser, &nora).await;
    browser.expect_words("Current account").await;
    settings(&browser, &demo).await;
    browser.click(ADD_PASSKEY).await;
    browser.expect_words("Your changes are saved").await;
    browser.screenshot("settings").await;
    // Nobody touches it until the button is pressed.
    let touch = |enabled: bool| json!({ "authenticatorId": phone_id, "enabled": enabled });
    let simulate = "WebAuthn.setAutomaticPresenceSimulation";
    browser.cdp(simulate, touch(false)).await;
    log_out(&browser, &demo).await;
    browser.open(&demo.bank("/accounts")).await;
    browser.expect_title("Log in").await;
    browser.screenshot("login").await;
    browser.cdp(simulate, touch(true)).await;
    browser.click(USE_PASSKEY).await;
    browser.expect_words("Current account").await;

    // With a passkey that the browser offers by itself, the page logs in without a click.
    log_out(&browser, &demo).await;
    browser.open(&demo.bank("/accounts")).await;
    browser.expect_words("Current account").await;
    browser.screenshot("by-itself").await;
    browser.stop().await;
}

/// Codes as the page shows them.
async fn codes(browser: &Browser) -> Vec<String> {
    let shown = browser.driver.find_all(By::Css(".codes code")).await;
    let mut all = Vec::new();
    for element in shown.expect("codes") {
        all.push(element.text().await.expect("a code"));
    }
    all
}

#[tokio::test]
async fn recovery_codes_are_made_kept_and_used() {
    let Some(browser) = Browser::start("recovery-codes", Setup::default()).await else {
        return;
    };
    let demo = Demo::start();
    let nora = Person::ready(&demo, "nora");
    browser.open(&demo.bank("/accounts")).await;
    log_in(&browser, &nora).await;
    browser.expect_words("Current account").await;
    settings(&browser, &demo).await;
    browser.click("button[name=lookup_secret_regenerate]").await;
    browser.expect_words("Keep these codes").await;
    browser.screenshot("made").await;
    let made = codes(&browser).await;
    assert_eq!(made.len(), 12);
    let copy = browser.element(".tools [data-copy]").await;
    let text = copy.attr("data-copy").await.expect("a text");
    assert_eq!(text, Some(made.join("\n")));
    let link = browser.element(".tools a[download]").await;
    let name = link.attr("download").await.expect("a name");
    assert_eq!(name.as_deref(), Some("recovery-codes.txt"));
    let file = link.attr("href").await.expect("a file").expect("a file");
    assert!(file.starts_with("data:text/plain;charset=utf-8,"));
    assert!(made.iter().all(|code| file.contains(code.as_str())));
    let print = browser.element(".tools [data-print]").await;
    assert!(print.is_displayed().await.expect("a button"));
    let media = json!({ "media": "print" });
    browser.cdp("Emulation.setEmulatedMedia", media).await;
    browser.screenshot("printed").await;
    let media = json!({ "media": "" });
    browser.cdp("Emulation.setEmulatedMedia", media).await;
    browser.click("button[name=lookup_secret_confirm]").await;
    browser.expect_words("12 of 12 recovery codes left").await;
    browser.screenshot("kept").await;

    log_out(&browser, &demo).await;
    browser.open(&demo.bank("/transfer")).await;
    log_in(&browser, &nora).await;
    browser.expect_title("Confirm it’s you").await;
    browser.screenshot("second-step").await;
    browser.fill("lookup_secret", &made[0]).await;
    browser
        .click("button[name=method][value=lookup_secret]")
        .await;
    browser.expect_url(&demo.bank("/transfer")).await;
    settings(&browser, &demo).await;
    browser.expect_words("11 of 12 recovery codes left").await;
    browser.click("button[name=lookup_secret_reveal]").await;
    browser.expect_words("used").await;
    assert_eq!(codes(&browser).await, made[1..]);
    browser.screenshot("shown-again").await;
    browser.stop().await;
}

#[tokio::test]
async fn the_second_step_offers_what_was_used_last_first() {
    let Some(browser) = Browser::start("last-used", Setup::default()).await else {
        return;
    };
    let demo = Demo::start();
    let lena = Person::ready(&demo, "lena");
    let code = demo.user("lena")["lookup_secrets"][0].clone();
    browser.open(&demo.bank("/transfer")).await;
    log_in(&browser, &lena).await;
    browser.expect_words("Enter the 6-digit code").await;
    browser.click("details summary").await;
    browser.screenshot("alternatives").await;
    browser
        .fill("lookup_secret", code.as_str().expect("a code"))
        .await;
    browser
        .click("button[name=method][value=lookup_secret]")
        .await;
    browser.expect_url(&demo.bank("/transfer")).await;
    log_out(&browser, &demo).await;
    browser.open(&demo.bank("/transfer")).await;
    log_in(&browser, &lena).await;
    browser
        .expect_words("Enter one of your recovery codes")
        .await;
    browser.screenshot("codes-first").await;
    browser.stop().await;
}

#[tokio::test]
async fn without_javascript_the_pages_say_what_keys_need_and_codes_work() {
    let setup = Setup {
        without_javascript: true,
        dark: true,
        width: 360,
    };
    let Some(browser) = Browser::start("keys-without-javascript", setup).await else {
        return;
    };
    let demo = Demo::start();
    let nora = Person::ready(&demo, "nora");
    browser.open(&demo.bank("/accounts")).await;
    log_in(&browser, &nora).await;
    settings(&browser, &demo).await;
    browser.expect_words("need JavaScript").await;
    browser.click("button[name=lookup_secret_regenerate]").await;
    browser.expect_words("Keep these codes").await;
    browser.screenshot("codes").await;
    assert!(!browser.is_too_wide().await);
    browser.click("button[name=lookup_secret_confirm]").await;
    browser.expect_words("12 of 12 recovery codes left").await;
    browser.screenshot("kept").await;
    browser.stop().await;
}
