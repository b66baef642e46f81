//! From opening an account to a receipt, and back again another day.

use thirtyfour::prelude::*;

use super::chromium::{Browser, Setup};
use super::person::Person;
use crate::support::demo::Demo;

const PASSWORD: &str = "seven quiet herons";

async fn register(browser: &Browser, demo: &Demo, person: &Person) {
    browser.open(&demo.bank("/accounts")).await;
    browser.expect_title("Log in").await;
    browser.screenshot("login").await;
    browser.click("a[href*='/registration']").await;
    browser.screenshot("registration").await;
    browser.fill("traits.email", &person.identifier).await;
    browser.fill("traits.name", "Maria Musterfrau").await;
    browser.fill("password", &person.password).await;
    browser.click("button[name=method][value=password]").await;
    browser.expect_url(&demo.bank("/accounts")).await;
    browser.expect_words("Current account").await;
    browser.screenshot("accounts").await;
}

/// From the page that asks for a second step, by its secret in text, to where one came from.
async fn enrol(browser: &Browser, person: &mut Person, setup: Setup) {
    browser.expect_words("Set up a second step").await;
    browser.expect_words("Money leaves the bank here.").await;
    browser.screenshot("enrol").await;
    let copy = browser.element("button[data-copy]").await;
    let is_hidden = copy.attr("hidden").await.expect("a button").is_some();
    assert_eq!(
        is_hidden, setup.without_javascript,
        "only a script can copy"
    );
    let secret = browser.element("#totp-secret").await;
    let secret = secret.inner_html().await.expect("the secret");
    person.secret = Some(secret.replace(' ', ""));
    browser.fill("totp_code", &person.code()).await;
    browser.screenshot("enrol-code").await;
    browser.click("button[name=method][value=totp]").await;
}

async fn log_out(browser: &Browser, demo: &Demo) {
    browser.click("nav a[href='/auth/logout']").await;
    browser.screenshot("logout").await;
    browser
        .click("form[action*='/self-service/logout'] button")
        .await;
    browser.expect_url(&demo.bank("/")).await;
}

async fn log_in(browser: &Browser, person: &Person) {
    browser.fill("identifier", &person.identifier).await;
    browser.fill("password", &person.password).await;
    browser.click("button[name=method][value=password]").await;
}

async fn send_money(browser: &Browser, demo: &Demo) {
    browser.expect_url(&demo.bank("/transfer")).await;
    browser.screenshot("transfer").await;
    browser.fill("amount", "18.37").await;
    browser.click("form button").await;
    browser.expect_words("The money is on its way").await;
    browser.screenshot("receipt").await;
}

/// The whole way of a new customer.
async fn journey(test: &str, setup: Setup) {
    let Some(browser) = Browser::start(test, setup).await else {
        return;
    };
    let demo = Demo::start();
    let mut maria = Person::new("maria@example.com", PASSWORD);
    register(&browser, &demo, &maria).await;

    browser.click("a.button[href='/transfer']").await;
    enrol(&browser, &mut maria, setup).await;
    browser.expect_url(&demo.bank("/transfer")).await;
    browser.screenshot("back-on-the-transfer").await;
    log_out(&browser, &demo).await;

    browser.open(&demo.bank("/accounts")).await;
    log_in(&browser, &maria).await;
    browser.expect_url(&demo.bank("/accounts")).await;
    browser.click("a.button[href='/transfer']").await;
    browser.expect_title("Confirm it’s you").await;
    browser.expect_words("Money leaves the bank here.").await;
    browser.screenshot("second-step").await;
    browser.fill("totp_code", &maria.code()).await;
    browser.click("button[name=method][value=totp]").await;
    send_money(&browser, &demo).await;
    browser.stop().await;
}

#[tokio::test]
async fn a_new_customer_gets_from_registration_to_a_receipt() {
    journey("journey", Setup::default()).await;
}

#[tokio::test]
async fn the_same_journey_works_without_javascript() {
    let setup = Setup {
        without_javascript: true,
        ..Setup::default()
    };
    journey("journey-without-javascript", setup).await;
}

#[tokio::test]
async fn the_same_journey_works_on_a_phone_in_the_dark() {
    let setup = Setup {
        dark: true,
        width: 360,
        ..Setup::default()
    };
    journey("journey-phone-dark", setup).await;
}

#[tokio::test]
async fn a_person_logs_in_and_steps_up_with_the_keyboard_alone() {
    let Some(browser) = Browser::start("keyboard", Setup::default()).await else {
        return;
    };
    let demo = Demo::start();
    let mut tom = Person::ready(&demo, "tom");
    browser.open(&demo.bank("/transfer")).await;
    // The first field has the focus; Enter sends the form.
    browser.press(tom.identifier.as_str()).await;
    browser.press(Key::Tab).await;
    let password = tom.password.clone();
    browser.press(password + Key::Enter).await;
    browser.expect_title("Confirm it’s you").await;
    browser.screenshot("second-step").await;
    browser.press(tom.code() + Key::Enter).await;
    browser.expect_url(&demo.bank("/transfer")).await;
    browser.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_a_wrong_code_are_told_where_the_person_looks() {
    let Some(browser) = Browser::start("wrong", Setup::default()).await else {
        return;
    };
    let demo = Demo::start();
    let tom = Person::ready(&demo, "tom");
    browser.open(&demo.bank("/transfer")).await;
    log_in(&browser, &Person::new(&tom.identifier, "not the password")).await;
    browser.expect_title("Error: Log in").await;
    browser.screenshot("wrong-password").await;
    let focus = browser.driver.active_element().await.expect("a focus");
    let text = focus.text().await.expect("words");
    assert!(
        text.contains("match an account"),
        "the focus is on {text:?}"
    );
    let kept = browser.element("input[name=identifier]").await;
    assert_eq!(
        kept.prop("value").await.expect("a value"),
        Some(tom.identifier.clone())
    );

    browser.fill("password", &tom.password).await;
    browser.click("button[name=method][value=password]").await;
    browser.fill("totp_code", "000000").await;
    browser.click("button[name=method][value=totp]").await;
    browser.expect_words("This code is not right").await;
    browser.screenshot("wrong-code").await;
    browser.stop().await;
}

#[tokio::test]
async fn a_person_sees_and_ends_own_sessions() {
    let Some(elsewhere) = Browser::start("sessions-elsewhere", Setup::default()).await else {
        return;
    };
    let here = Browser::start("sessions", Setup::default())
        .await
        .expect("a second browser");
    let demo = Demo::start();
    let nora = Person::ready(&demo, "nora");
    for browser in [&elsewhere, &here] {
        browser.open(&demo.bank("/accounts")).await;
        log_in(browser, &nora).await;
        browser.expect_words("Current account").await;
    }
    here.open(&demo.bank("/auth/sessions")).await;
    here.expect_words("This device").await;
    here.screenshot("two").await;
    here.click("button[value=others]").await;
    here.expect_words("signed in on this device only").await;
    here.screenshot("one").await;
    elsewhere.open(&demo.bank("/accounts")).await;
    elsewhere.expect_title("Log in").await;
    elsewhere.stop().await;
    here.stop().await;
}

#[tokio::test]
async fn a_form_sent_without_a_session_is_explained_and_leads_back_to_its_page() {
    let Some(browser) = Browser::start("lost-session", Setup::default()).await else {
        return;
    };
    let demo = Demo::start();
    let mut tom = Person::ready(&demo, "tom");
    browser.open(&demo.bank("/transfer")).await;
    for is_first in [true, false] {
        log_in(&browser, &tom).await;
        browser.expect_title("Confirm it’s you").await;
        browser.fill("totp_code", &tom.code()).await;
        browser.click("button[name=method][value=totp]").await;
        if is_first {
            browser.expect_url(&demo.bank("/transfer")).await;
            browser
                .driver
                .delete_all_cookies()
                .await
                .expect("no cookies");
            browser.click("form button").await;
            browser.expect_words("so nothing was sent").await;
            browser.screenshot("explained").await;
            browser.click("main a.button").await;
            browser.expect_title("Log in").await;
        }
    }
    browser.expect_title("Ready to send").await;
    browser.click("main form button").await;
    browser.expect_words("The money is on its way").await;
    browser.stop().await;
}
