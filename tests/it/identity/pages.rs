//! Our own pages, driven the way a browser without JavaScript drives them.

use super::world::World;

#[test]
fn the_login_page_opens_a_flow_by_itself_and_shows_its_form() {
    let world = World::start(|_| {});
    let mut browser = world.browser();
    let first = browser.page("/login?return_to=%2Fapp");
    assert_eq!(first.status, 303);
    let init = first.header("location").unwrap();
    assert!(
        init.ends_with("/self-service/login/browser?return_to=%2Fapp"),
        "{init}"
    );
    let opened = browser.page(path_of(init));
    assert_eq!(opened.status, 303);
    let page = browser.page(path_of(opened.header("location").unwrap()));
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    for part in [
        "name=\"identifier\"",
        "name=\"password\"",
        "name=\"csrf_token\"",
    ] {
        assert!(page.text().contains(part), "{part} in {}", page.text());
    }
}

#[test]
fn a_browser_without_cookies_is_told_so_and_not_sent_round_in_circles() {
    let world = World::start(|_| {});
    let opened = world.browser().page("/self-service/login/browser");
    let page = world
        .browser()
        .page(path_of(opened.header("location").unwrap()));
    assert_eq!(page.status, 403, "{}", page.text());
}

#[test]
fn a_flow_that_is_gone_starts_again_with_one_redirect() {
    let world = World::start(|_| {});
    let mut browser = world.browser();
    let opened = browser.page("/self-service/login/browser?return_to=%2Fapp");
    let shown = path_of(opened.header("location").unwrap()).to_owned();
    world
        .clock
        .advance(std::time::Duration::from_secs(2 * 60 * 60));
    let again = browser.page(&shown);
    assert_eq!(again.status, 303);
    let to = again.header("location").unwrap();
    assert!(
        to.ends_with("/self-service/login/browser?return_to=%2Fapp"),
        "{to}"
    );
}

#[test]
fn the_settings_page_shows_the_qr_code_as_svg_and_sessions_can_be_ended() {
    let world = World::start(|_| {});
    world.person("ada@bank.example");
    let mut other = world.browser();
    other.sign_in("ada@bank.example");
    let mut browser = world.browser();
    browser.sign_in("ada@bank.example");
    let opened = browser.page("/self-service/settings/browser");
    let settings = browser.page(path_of(opened.header("location").unwrap()));
    assert!(
        settings.text().contains("data:image/svg&#43;xml;base64,")
            || settings.text().contains("data:image/svg+xml;base64,"),
        "{}",
        settings.text()
    );
    let sessions = browser.page("/sessions");
    let text = sessions.text();
    let token = text.split("name=\"csrf_token\" value=\"").nth(1).unwrap();
    let token = token
        .split('"')
        .next()
        .unwrap()
        .replace("&#43;", "+")
        .replace("&#61;", "=");
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("csrf_token", &token)
        .append_pair("end", "others");
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    let ended = browser.send("POST", "/sessions", &kind, &form.finish());
    assert_eq!(ended.status, 303, "{}", ended.text());
    assert_eq!(other.whoami().status, 401);
    assert_eq!(browser.whoami().status, 200);
    let forged = browser.send("POST", "/sessions", &kind, "end=others&csrf_token=x");
    assert_eq!(forged.status, 403);
}

#[test]
fn a_logout_page_asks_before_it_signs_out() {
    let world = World::start(|_| {});
    world.person("ada@bank.example");
    let mut browser = world.browser();
    browser.sign_in("ada@bank.example");
    let page = browser.page("/logout");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("ory_lo_"));
    assert_eq!(browser.whoami().status, 200);
}

fn path_of(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    after.find('/').map_or("/", |at| &after[at..])
}
