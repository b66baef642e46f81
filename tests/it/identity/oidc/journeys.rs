use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use stepgate::identity::settings::{ClaimsSource, Pkce};

use super::{Bench, error_of, flow_of};
use crate::identity::world::{PASSWORD, messages, node};

#[test]
fn an_unknown_person_signs_up_and_signs_in_the_next_time() {
    for algorithm in [Algorithm::ES256, Algorithm::RS256] {
        let bench = Bench::start();
        bench.provider.behave(|it| it.algorithm = algorithm);
        let mut browser = bench.world.browser();
        let done = bench.sign_in(&mut browser);
        assert_eq!(done.status, 303);
        let first = browser.whoami().json();
        let identity = &first["identity"];
        assert_eq!(identity["traits"]["email"], "ada@work.example");
        assert_eq!(identity["verifiable_addresses"][0]["verified"], true);
        let steps = first["authentication_methods"].as_array().unwrap();
        assert_eq!((steps.len(), &steps[0]["method"]), (1, &json!("oidc")));
        assert_eq!(steps[0]["provider"], "work");
        assert_eq!(first["authenticator_assurance_level"], "aal1");
        let mut later = bench.world.browser();
        bench.sign_in(&mut later);
        let second = later.whoami().json();
        assert_eq!(second["identity"]["id"], identity["id"]);
    }
}

#[test]
fn the_buttons_name_the_providers_and_native_forms_have_none() {
    let bench = Bench::start();
    let mut browser = bench.world.browser();
    for (kind, label) in [("login", 1_010_002), ("registration", 1_040_002)] {
        let flow = browser.open(kind, "");
        let button = node(&flow, "provider");
        assert_eq!(button["attributes"]["value"], "work");
        assert_eq!(button["meta"]["label"]["id"], label);
        let page = browser.page(&format!("/{kind}?flow={}", flow["id"].as_str().unwrap()));
        assert!(
            page.text().contains("name=\"provider\" value=\"work\""),
            "{kind}"
        );
        let native = bench.world.native().open(kind, "");
        assert!(node(&native, "provider").is_null());
    }
}

#[test]
fn a_provider_that_asked_for_two_factors_makes_it_aal2_with_one_entry() {
    for claims in [json!({"acr": "gold"}), json!({"amr": ["pwd", "mfa"]})] {
        let bench = Bench::start();
        bench.provider.behave(|it| {
            let all = it.claims.as_object_mut().unwrap();
            all.extend(claims.as_object().unwrap().clone());
        });
        let mut browser = bench.world.browser();
        bench.sign_in(&mut browser);
        let session = browser.whoami().json();
        assert_eq!(session["authenticator_assurance_level"], "aal2");
        let steps = session["authentication_methods"].as_array().unwrap();
        assert_eq!((steps.len(), &steps[0]["aal"]), (1, &json!("aal2")));
        let said = [&steps[0]["upstream_acr"], &steps[0]["upstream_amr"]];
        assert!(said.iter().any(|value| !value.is_null()));
    }
}

#[test]
fn missing_traits_are_asked_for_in_a_form_that_knows_the_others() {
    let bench = Bench::start();
    bench
        .provider
        .behave(|it| it.claims = json!({"nickname": "Addy"}));
    let mut browser = bench.world.browser();
    let asked = bench.sign_in(&mut browser);
    let flow = flow_of(&mut browser, "registration", &asked);
    assert_eq!(node(&flow, "traits.nick")["attributes"]["value"], "Addy");
    assert_eq!(node(&flow, "traits.email")["messages"][0]["id"], 4_000_002);
    assert_eq!(node(&flow, "provider")["meta"]["label"]["id"], 1_040_003);
    let traits = json!({"email": "ada@home.example", "nick": "Addy"});
    let fields = json!({"provider": "work", "traits": traits});
    let to = Bench::leave(&mut browser, &flow, fields);
    let back = bench.provider.visit(&to);
    browser.page(&super::local(&back));
    let identity = browser.whoami().json()["identity"].clone();
    assert_eq!(identity["traits"], traits);
    assert_eq!(identity["verifiable_addresses"][0]["verified"], false);
}

#[test]
fn the_userinfo_endpoint_counts_only_when_it_speaks_of_the_same_person() {
    let bench = Bench::with(|work, _| work.claims_source = ClaimsSource::Userinfo);
    bench.provider.behave(|it| {
        it.claims = json!({});
        it.userinfo = json!({"sub": "mallory", "email": "m@evil.example"});
    });
    let mut browser = bench.world.browser();
    let refused = bench.sign_in(&mut browser);
    assert_eq!(error_of(&mut browser, &refused)["code"], 400);
    bench
        .provider
        .behave(|it| it.userinfo = json!({"sub": "ada", "email": "ada@info.example"}));
    bench.sign_in(&mut browser);
    let traits = browser.whoami().json()["identity"]["traits"].clone();
    assert_eq!(traits["email"], "ada@info.example");
}

#[test]
fn what_a_submit_asks_of_the_provider_is_handed_on_from_a_list() {
    let bench = Bench::with(|work, _| work.pkce = Pkce::Force);
    let mut browser = bench.world.browser();
    let flow = browser.open("login", "");
    let asked =
        json!({"login_hint": "ada@x", "redirect_uri": "https://evil.test", "acr_values": "gold"});
    let fields = json!({"method": "oidc", "provider": "work", "upstream_parameters": asked});
    let to = url::Url::parse(&Bench::leave(&mut browser, &flow, fields)).unwrap();
    let all = |name: &str| -> Vec<String> {
        let pairs = to.query_pairs().into_owned();
        pairs
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value)
            .collect()
    };
    assert_eq!(all("login_hint"), ["ada@x"]);
    assert_eq!(all("acr_values"), ["gold"]);
    assert_eq!(all("code_challenge_method"), ["S256"]);
    let redirect = all("redirect_uri");
    assert_eq!(redirect.len(), 1);
    assert!(
        redirect[0].ends_with("/self-service/methods/oidc/callback"),
        "{redirect:?}"
    );
    let back = bench.provider.visit(to.as_str());
    browser.page(&super::local(&back));
    assert_eq!(browser.whoami().status, 200);
}

#[test]
fn each_sign_in_updates_the_identity_where_that_is_configured() {
    let bench = Bench::with(|work, _| work.updates_identity = true);
    let mut browser = bench.world.browser();
    bench.sign_in(&mut browser);
    bench
        .provider
        .behave(|it| it.claims["nickname"] = "Addy".into());
    let mut later = bench.world.browser();
    bench.sign_in(&mut later);
    let traits = later.whoami().json()["identity"]["traits"].clone();
    assert_eq!(traits, json!({"email": "ada@work.example", "nick": "Addy"}));
}

#[test]
fn an_address_that_is_taken_leads_to_its_account_and_links_after_the_password() {
    let bench = Bench::start();
    bench.world.person("ada@work.example");
    bench.world.person("bob@work.example");
    let mut browser = bench.world.browser();
    let led = bench.sign_in(&mut browser);
    assert_eq!(browser.whoami().status, 401, "an address is no proof");
    let flow = flow_of(&mut browser, "login", &led);
    assert_eq!(flow["ui"]["messages"][0]["id"], 1_010_016);
    let password =
        |name: &str| json!({"method": "password", "identifier": name, "password": PASSWORD});
    let other = browser.submit(&flow, password("bob@work.example"));
    assert_eq!((other.status, messages(&other)), (400, vec![4_010_009]));
    assert_eq!(browser.whoami().status, 401);
    let own = browser.submit(&flow, password("ada@work.example"));
    assert_eq!(own.status, 200, "{}", own.text());
    let id = own.json()["session"]["identity"]["id"].clone();
    let mut later = bench.world.browser();
    bench.sign_in(&mut later);
    assert_eq!(later.whoami().json()["identity"]["id"], id);
}

#[test]
fn automatic_linking_needs_the_address_verified_on_both_sides() {
    let automatic = || Bench::with(|work, _| work.links_automatically = true);
    // Ours is not verified: somebody may have put it there to wait for its owner.
    let bench = automatic();
    bench.world.person("ada@work.example");
    let mut browser = bench.world.browser();
    bench.sign_in(&mut browser);
    assert_eq!(browser.whoami().status, 401);
    // Ours is, by an earlier sign-in; theirs is not.
    let bench = automatic();
    let mut first = bench.world.browser();
    bench.sign_in(&mut first);
    let id = first.whoami().json()["identity"]["id"].clone();
    bench.provider.behave(|it| {
        it.subject = "ada-2".to_owned();
        it.claims["email_verified"] = false.into();
    });
    let mut second = bench.world.browser();
    bench.sign_in(&mut second);
    assert_eq!(second.whoami().status, 401);
    // Both are.
    bench
        .provider
        .behave(|it| it.claims["email_verified"] = true.into());
    bench.sign_in(&mut second);
    assert_eq!(second.whoami().json()["identity"]["id"], id);
}

fn settings_button(flow: &Value, name: &str) -> Value {
    node(flow, name)["attributes"]["value"].clone()
}

#[test]
fn an_account_is_linked_and_unlinked_in_the_settings_but_never_the_last_way_in() {
    let bench = Bench::start();
    bench.world.person("bob@bank.example");
    let mut browser = bench.world.browser();
    browser.sign_in("bob@bank.example");
    let id = browser.whoami().json()["identity"]["id"].clone();
    let flow = browser.open("settings", "");
    assert_eq!(settings_button(&flow, "link"), "work");
    let to = Bench::leave(&mut browser, &flow, json!({"link": "work"}));
    let back = super::local(&bench.provider.visit(&to));
    let done = browser.page(&back);
    assert_eq!(done.status, 303);
    let saved = flow_of(&mut browser, "settings", &done);
    assert_eq!(saved["state"], "success");
    assert_eq!(settings_button(&saved, "unlink"), "work");
    let mut other = bench.world.browser();
    bench.sign_in(&mut other);
    assert_eq!(other.whoami().json()["identity"]["id"], id);
    let unlinked = browser.submit(&saved, json!({"unlink": "work"}));
    assert_eq!(unlinked.status, 200, "{}", unlinked.text());
    assert_eq!(settings_button(&unlinked.json(), "link"), "work");
    // Who has nothing but the provider keeps it.
    let mut only = bench.world.browser();
    bench.sign_in(&mut only);
    let flow = only.open("settings", "");
    assert!(settings_button(&flow, "unlink").is_null());
    let refused = only.submit(&flow, json!({"unlink": "work"}));
    assert_eq!(refused.status, 400, "{}", refused.text());
}

#[test]
fn linking_waits_for_a_fresh_sign_in() {
    let bench = Bench::start();
    bench.world.person("bob@bank.example");
    let mut browser = bench.world.browser();
    browser.sign_in("bob@bank.example");
    bench
        .world
        .clock
        .advance(std::time::Duration::from_secs(3601));
    let flow = browser.open("settings", "");
    let refused = browser.submit(&flow, json!({"link": "work"}));
    assert_eq!(refused.status, 403);
    assert_eq!(refused.error_id(), "session_refresh_required");
}
