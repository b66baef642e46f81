//! People learn of changes of their account.

use serde_json::json;

use super::world::World;

const NEW_PASSWORD: &str = "velvet-Submarine-77";

fn mail(kind: &str, to: &str, subject: &str) -> (String, String, String) {
    (kind.to_owned(), to.to_owned(), subject.to_owned())
}

#[test]
fn a_factor_that_is_added_or_removed_is_told_to_the_verified_address() {
    let world = World::start(|_| {});
    let ada = world.person("ada@bank.example");
    world.give_address(ada, "new@bank.example", false);
    world.give_address(ada, "ada@bank.example", true);
    let mut browser = world.browser();
    browser.sign_in("ada@bank.example");
    assert_eq!(world.mails(), [], "a login is no change");
    browser.enrol(&world);
    let added = mail(
        "factor_added",
        "ada@bank.example",
        "A way to sign in was added to your account",
    );
    assert_eq!(world.mails(), std::slice::from_ref(&added));
    let flow = browser.open("settings", "");
    let answer = browser.submit(&flow, json!({"method": "totp", "totp_unlink": true}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let removed = mail(
        "factor_removed",
        "ada@bank.example",
        "A way to sign in was removed from your account",
    );
    assert_eq!(world.mails(), [added, removed]);
}

#[test]
fn a_changed_password_is_told_in_the_language_of_who_changed_it() {
    let world = World::start(|_| {});
    let ada = world.person("ada@bank.example");
    world.give_address(ada, "ada@bank.example", false);
    let mut browser = world.browser();
    browser.language = Some("de-DE,de;q=0.9");
    browser.sign_in("ada@bank.example");
    let flow = browser.open("settings", "");
    let fields = json!({"method": "password", "password": NEW_PASSWORD});
    let answer = browser.submit(&flow, fields);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = mail(
        "password_changed",
        "ada@bank.example",
        "Ihr Passwort wurde geändert",
    );
    assert_eq!(world.mails(), [told]);
}

#[test]
fn a_change_that_is_refused_or_changes_nothing_is_not_told() {
    let world = World::start(|_| {});
    let ada = world.person("ada@bank.example");
    world.give_address(ada, "ada@bank.example", true);
    let mut browser = world.browser();
    browser.sign_in("ada@bank.example");
    let flow = browser.open("settings", "");
    let answer = browser.submit(&flow, json!({"method": "password", "password": "short"}));
    assert_eq!(answer.status, 400);
    let flow = browser.open("settings", "");
    let fields = json!({"method": "totp", "totp_code": "000000"});
    assert_eq!(browser.submit(&flow, fields).status, 400);
    let flow = browser.open("settings", "");
    let traits = json!({"email": "ada@bank.example", "nick": "a"});
    let answer = browser.submit(&flow, json!({"method": "profile", "traits": traits}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let kinds: Vec<String> = world.mails().into_iter().map(|mail| mail.0).collect();
    // This schema knows no addresses to verify: the one that was given goes with the profile.
    assert_eq!(kinds, ["verifiable_address_changed"]);
}
