//! Every page at three widths, light and dark: nothing sticks out, the console is silent, and a
//! picture of it is there for a person to look at.

use super::accessible::assert_accessible;
use super::chromium::{Browser, Setup};
use super::person::Person;
use crate::support::demo::Demo;

/// The widths, in CSS pixels; the last is the narrowest that is still in use.
const WIDTHS: [u32; 4] = [1280, 768, 360, 320];

/// The heaviest page with all that it loads.
const MAX_PAGE_BYTES: u64 = 40_000;

async fn look_at(browser: &Browser, name: &str, url: &str) {
    for dark in [false, true] {
        browser.set_dark(dark).await;
        for width in WIDTHS {
            browser.set_width(width).await;
            browser.open(url).await;
            let weight = browser.weight().await;
            assert!(weight < MAX_PAGE_BYTES, "{name} weighs {weight} bytes");
            let theme = if dark { "dark" } else { "light" };
            assert!(
                !browser.is_too_wide().await,
                "{name} sticks out at {width} px"
            );
            browser.screenshot(&format!("{name}-{width}-{theme}")).await;
        }
        assert_accessible(browser, name).await;
    }
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{name}: {complaints:#?}");
}

#[tokio::test]
async fn every_page_fits_its_screen_in_light_and_dark() {
    let Some(browser) = Browser::start("looks", Setup::default()).await else {
        return;
    };
    let demo = Demo::start();
    for (name, path) in [
        ("bank-home", "/"),
        ("bank-guide", "/guide"),
        ("login", "/auth/self-service/login/browser"),
        ("registration", "/auth/self-service/registration/browser"),
        (
            "return-elsewhere",
            "/auth/self-service/login/browser?return_to=https://x.example/",
        ),
        ("bad-request", "/a%2fb"),
    ] {
        look_at(&browser, name, &demo.bank(path)).await;
    }
    let nora = Person::ready(&demo, "nora");
    browser.open(&demo.bank("/accounts")).await;
    browser.fill("identifier", &nora.identifier).await;
    browser.fill("password", &nora.password).await;
    browser.click("button[name=method][value=password]").await;
    for (name, path) in [
        ("bank-accounts", "/accounts"),
        ("enrol", "/transfer"),
        ("settings", "/auth/self-service/settings/browser"),
        ("sessions", "/auth/sessions"),
        ("logout", "/auth/logout"),
        ("refresh", "/auth/self-service/login/browser?refresh=true"),
    ] {
        look_at(&browser, name, &demo.bank(path)).await;
    }
    browser.stop().await;
}
