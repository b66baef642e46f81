//! Attacks on security keys: lies, replays, borrowed keys, and settings that change.

use std::time::Duration;

use serde_json::{Value, json};
use stepgate::identity::settings::RequiredAal;

use crate::identity::world::{Client, PASSWORD, World, messages, node};
use crate::support::client::Response;
use crate::support::security_key::{Lies, ORIGIN, RP_ID, SecurityKey};

const WRONG_KEY: u64 = 4_000_043;

fn world(passwordless: bool) -> World {
    World::start(|settings| {
        settings.self_service.settings.required_aal = RequiredAal::Aal1;
        let keys = &mut settings.methods.webauthn;
        keys.enabled = true;
        keys.passwordless = passwordless;
        keys.rp_id = RP_ID.to_owned();
        keys.rp_display_name = "Bank".to_owned();
        keys.origins = vec![ORIGIN.to_owned()];
    })
}

fn options(flow: &Value, trigger: &str) -> Value {
    let value = node(flow, trigger)["attributes"]["value"].clone();
    serde_json::from_str(value.as_str().expect("options")).unwrap()
}

fn try_enrol(client: &mut Client, key: &mut SecurityKey, lies: &Lies) -> Response {
    let flow = client.open("settings", "");
    let answer = key.create(&options(&flow, "webauthn_register_trigger"), lies);
    client.submit(&flow, enrolment(&answer))
}

fn enrolment(answer: &str) -> Value {
    json!({ "webauthn_register": answer, "webauthn_register_displayname": "blue" })
}

fn assertion(answer: &str, email: &str) -> Value {
    json!({ "method": "webauthn", "webauthn_login": answer, "identifier": email })
}

fn try_key(client: &mut Client, key: &mut SecurityKey, lies: &Lies) -> Response {
    let flow = client.open("login", "?aal=aal2");
    let answer = key.sign(&options(&flow, "webauthn_login_trigger"), lies);
    client.submit(&flow, assertion(&answer, "ada@bank.example"))
}

fn level(client: &mut Client) -> String {
    let session = client.whoami().json();
    session["authenticator_assurance_level"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Ada, signed in with a password where a key of hers is known.
fn ada(world: &World) -> (Client, SecurityKey) {
    world.person("ada@bank.example");
    let mut first = world.browser();
    first.sign_in("ada@bank.example");
    let mut key = SecurityKey::new();
    let enrolled = try_enrol(&mut first, &mut key, &Lies::default());
    assert_eq!(enrolled.status, 200, "{}", enrolled.text());
    let mut client = world.browser();
    client.sign_in("ada@bank.example");
    (client, key)
}

fn lies() -> Vec<(&'static str, Lies)> {
    let origins = [
        "https://evil.example",
        "http://localhost:4455.evil.example",
        "https://localhost:4455",
        "http://localhost:4456",
        "http://localhost",
        "http://localhost:4455/",
        "http://LOCALHOST:4455",
        "null",
    ];
    let mut all: Vec<(&'static str, Lies)> = Vec::new();
    let mut lie = |name, change: &dyn Fn(&mut Lies)| {
        let mut lies = Lies::default();
        change(&mut lies);
        all.push((name, lies));
    };
    for origin in origins {
        lie(origin, &|it| it.origin = Some(origin));
    }
    lie("challenge", &|it| {
        it.challenge = Some("eHh4eHh4eHh4eHh4".to_owned());
    });
    lie("no challenge", &|it| it.challenge = Some(String::new()));
    lie("party", &|it| it.rp_id = Some("evil.example"));
    lie("kind", &|it| it.kind = Some("payment.get"));
    lie("frame", &|it| it.cross_origin = true);
    lie("frame within", &|it| {
        it.top_origin = Some("https://evil.example");
    });
    lie("bytes behind", &|it| it.trailing = true);
    all
}

#[test]
fn an_enrolment_that_lies_leaves_keys_and_session_as_they_were() {
    let world = world(false);
    world.person("ada@bank.example");
    let mut client = world.browser();
    client.sign_in("ada@bank.example");
    let mut all = lies();
    let lie = Lies::default;
    all.extend([
        (
            "nobody touched it",
            Lies {
                flags: Some(0x40),
                ..lie()
            },
        ),
        (
            "no key in it",
            Lies {
                flags: Some(0x05),
                ..lie()
            },
        ),
        (
            "an algorithm that was not offered",
            Lies {
                algorithm: Some(-8),
                ..lie()
            },
        ),
        (
            "backed up but not able to",
            Lies {
                flags: Some(0x55),
                ..lie()
            },
        ),
        (
            "kind of a login",
            Lies {
                kind: Some("webauthn.get"),
                ..lie()
            },
        ),
    ]);
    for (what, lies) in all {
        let answer = try_enrol(&mut client, &mut SecurityKey::new(), &lies);
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
    }
    let flow = client.open("settings", "");
    assert!(node(&flow, "webauthn_remove").is_null());
    assert_eq!(level(&mut client), "aal1");
}

#[test]
fn a_signature_that_lies_leaves_the_session_as_it_was() {
    let world = world(false);
    let (mut client, mut key) = ada(&world);
    let mut all = lies();
    let lie = Lies::default;
    all.extend([
        (
            "nobody touched it",
            Lies {
                flags: Some(0x04),
                ..lie()
            },
        ),
        (
            "kind of an enrolment",
            Lies {
                kind: Some("webauthn.create"),
                ..lie()
            },
        ),
        (
            "another person",
            Lies {
                handle: Some(vec![7; 16]),
                ..lie()
            },
        ),
        (
            "signed something else",
            Lies {
                spoiled: true,
                ..lie()
            },
        ),
        (
            "able to be backed up now",
            Lies {
                flags: Some(0x0d),
                ..lie()
            },
        ),
    ]);
    for (what, lies) in all {
        let answer = try_key(&mut client, &mut key, &lies);
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
        assert_eq!(level(&mut client), "aal1", "{what}");
    }
    assert_eq!(try_key(&mut client, &mut key, &Lies::default()).status, 200);
    assert_eq!(level(&mut client), "aal2");
}

#[test]
fn what_is_no_answer_at_all_is_refused_and_harms_nobody() {
    let world = world(false);
    let (mut client, mut key) = ada(&world);
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let flow = client.open("login", "?aal=aal2");
    let good = key.sign(&options(&flow, "webauthn_login_trigger"), &Lies::default());
    let halves = &good[..good.len() / 2];
    let huge = good.replace("public-key", &"k".repeat(1_000_000));
    let bomb = json!({
        "id": "AA", "rawId": "AA", "type": "public-key",
        "response": { "clientDataJSON": "e30", "attestationObject": "m4CAgICAgICAgIA" },
    })
    .to_string();
    for odd in [
        "{}",
        "null",
        "[]",
        "\u{0}",
        "\"",
        "{\"id\":1}",
        halves,
        &deep,
        &huge,
        &bomb,
    ] {
        let flow = client.open("login", "?aal=aal2");
        let answer = client.submit(&flow, assertion(odd, "ada@bank.example"));
        assert_eq!(answer.status, 400, "{odd:.40}");
        let flow = client.open("settings", "");
        let answer = client.submit(&flow, enrolment(odd));
        assert_eq!(answer.status, 400, "{odd:.40}");
    }
    assert_eq!(level(&mut client), "aal1");
    assert_eq!(try_key(&mut client, &mut key, &Lies::default()).status, 200);
}

#[test]
fn a_captured_signature_counts_once_in_its_own_flow_and_never_in_another() {
    let world = world(false);
    let (mut client, mut key) = ada(&world);
    let flow = client.open("login", "?aal=aal2");
    let answer = key.sign(&options(&flow, "webauthn_login_trigger"), &Lies::default());
    let mut thief = world.browser();
    thief.sign_in("ada@bank.example");
    let elsewhere = thief.open("login", "?aal=aal2");
    let borrowed = thief.submit(&elsewhere, assertion(&answer, "ada@bank.example"));
    assert_eq!(messages(&borrowed), [WRONG_KEY]);
    let fields = assertion(&answer, "ada@bank.example");
    assert_eq!(client.submit(&flow, fields.clone()).status, 200);
    let again = client.open("login", "?aal=aal2&refresh=true");
    let replayed = client.submit(&again, fields.clone());
    assert_eq!(messages(&replayed), [WRONG_KEY]);
    assert_ne!(client.submit(&flow, fields).status, 200);
    assert_eq!(level(&mut thief), "aal1");
}

#[test]
fn of_many_submits_of_one_signature_at_once_one_counts() {
    let world = world(false);
    let (mut client, mut key) = ada(&world);
    for counter in [None, Some(0)] {
        let mut fresh = world.browser();
        fresh.sign_in("ada@bank.example");
        if counter.is_some() {
            // A key that does not count has only its flow to be held by.
            let mut other = SecurityKey::new();
            let lies = Lies {
                counter,
                ..Lies::default()
            };
            assert_eq!(try_enrol(&mut client, &mut other, &lies).status, 200);
            key = other;
        }
        let flow = fresh.open("login", "?aal=aal2");
        let lies = Lies {
            counter,
            ..Lies::default()
        };
        let answer = key.sign(&options(&flow, "webauthn_login_trigger"), &lies);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..12)
                .map(|_| {
                    let mut one = fresh.clone();
                    let (flow, answer) = (&flow, &answer);
                    scope.spawn(move || {
                        one.submit(flow, assertion(answer, "ada@bank.example"))
                            .status
                    })
                })
                .collect();
            threads.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let won = statuses.iter().filter(|&&status| status == 200).count();
        assert_eq!(won, 1, "{statuses:?}");
    }
}

#[test]
fn a_counter_that_goes_back_is_refused() {
    let world = world(false);
    let (mut client, mut key) = ada(&world);
    key.counter = 40;
    assert_eq!(try_key(&mut client, &mut key, &Lies::default()).status, 200);
    for counter in [0, 1, 40, 41] {
        let mut other = world.browser();
        other.sign_in("ada@bank.example");
        let lies = Lies {
            counter: Some(counter),
            ..Lies::default()
        };
        let answer = try_key(&mut other, &mut key, &lies);
        assert_eq!(messages(&answer), [WRONG_KEY], "{counter}");
    }
    key.counter = 41;
    let mut other = world.browser();
    other.sign_in("ada@bank.example");
    assert_eq!(try_key(&mut other, &mut key, &Lies::default()).status, 200);
}

#[test]
fn a_key_of_somebody_else_is_no_second_step() {
    let world = world(false);
    let (mut client, _) = ada(&world);
    world.person("bob@bank.example");
    let mut bob = world.browser();
    bob.sign_in("bob@bank.example");
    let mut bobs = SecurityKey::new();
    assert_eq!(try_enrol(&mut bob, &mut bobs, &Lies::default()).status, 200);
    let answer = try_key(&mut client, &mut bobs, &Lies::default());
    assert_eq!(messages(&answer), [WRONG_KEY]);
    assert_eq!(level(&mut client), "aal1");
}

#[test]
fn an_enrolment_counts_once_and_no_key_belongs_to_two() {
    let world = world(false);
    world.person("ada@bank.example");
    let mut client = world.browser();
    client.sign_in("ada@bank.example");
    let flow = client.open("settings", "");
    let mut key = SecurityKey::new();
    let answer = key.create(
        &options(&flow, "webauthn_register_trigger"),
        &Lies::default(),
    );
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let mut one = client.clone();
                let (flow, answer) = (&flow, &answer);
                scope.spawn(move || one.submit(flow, enrolment(answer)).status)
            })
            .collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let won = statuses.iter().filter(|&&status| status == 200).count();
    assert_eq!(won, 1, "{statuses:?}");
    let mut again = world.browser();
    again.sign_in("ada@bank.example");
    assert_eq!(try_key(&mut again, &mut key, &Lies::default()).status, 200);
    let late = again.open("settings", "");
    assert_eq!(again.submit(&late, enrolment(&answer)).status, 400);
    assert_eq!(
        try_enrol(&mut again, &mut key, &Lies::default()).status,
        400
    );
    world.person("bob@bank.example");
    let mut bob = world.browser();
    bob.sign_in("bob@bank.example");
    assert_eq!(try_enrol(&mut bob, &mut key, &Lies::default()).status, 400);
    assert!(node(&bob.open("settings", ""), "webauthn_remove").is_null());
}

/// Turns what every key of Ada's was enrolled as, as if the setting had been another one then.
fn enrolled_as(world: &World, passwordless: bool) {
    world.change_credential("webauthn", |config| {
        for key in config["credentials"].as_array_mut().unwrap() {
            key["is_passwordless"] = passwordless.into();
        }
    });
}

#[test]
fn a_key_that_signs_in_alone_is_no_second_step_after_the_setting_was_turned() {
    let world = world(false);
    let (mut client, mut key) = ada(&world);
    let flow = client.open("login", "?aal=aal2");
    let answer = key.sign(&options(&flow, "webauthn_login_trigger"), &Lies::default());
    enrolled_as(&world, true);
    let refused = client.submit(&flow, assertion(&answer, "ada@bank.example"));
    assert_eq!(refused.status, 400);
    let flow = client.open("login", "?aal=aal2");
    assert!(node(&flow, "webauthn_login_trigger").is_null());
    let refresh = client.open("login", "?refresh=true");
    let answer = key.sign(
        &options(&refresh, "webauthn_login_trigger"),
        &Lies::default(),
    );
    let again = client.submit(&refresh, assertion(&answer, "ada@bank.example"));
    assert_eq!(again.status, 200, "{}", again.text());
    assert_eq!(level(&mut client), "aal1", "it stays a first factor");
}

#[test]
fn a_second_factor_does_not_sign_in_alone_after_the_setting_was_turned() {
    let world = world(true);
    let (_, mut key) = ada(&world);
    let mut thief = world.browser();
    let flow = thief.open("login", "");
    let first = json!({ "method": "webauthn", "identifier": "ada@bank.example" });
    assert_eq!(thief.submit(&flow, first.clone()).status, 422);
    let id = flow["id"].as_str().unwrap();
    let shown = thief
        .get(&format!("/self-service/login/flows?id={id}"))
        .json();
    let answer = key.sign(&options(&shown, "webauthn_login_trigger"), &Lies::default());
    enrolled_as(&world, false);
    let refused = thief.submit(&shown, assertion(&answer, "ada@bank.example"));
    assert_eq!(messages(&refused), [4_000_015]);
    let flow = thief.open("login", "");
    assert_eq!(messages(&thief.submit(&flow, first)), [4_000_015]);
    assert_eq!(thief.whoami().status, 401);
}

#[test]
fn a_key_that_signs_in_alone_opens_a_session_and_its_signature_is_good_for_one() {
    let world = world(true);
    let (_, mut key) = ada(&world);
    let mut client = world.browser();
    let flow = client.open("login", "");
    let first = json!({ "method": "webauthn", "identifier": " ADA@bank.example" });
    assert_eq!(client.submit(&flow, first).status, 422);
    let id = flow["id"].as_str().unwrap();
    let shown = client
        .get(&format!("/self-service/login/flows?id={id}"))
        .json();
    let answer = key.sign(&options(&shown, "webauthn_login_trigger"), &Lies::default());
    let mut other = world.browser();
    other.cookies.clone_from(&client.cookies);
    let fields = assertion(&answer, "ada@bank.example");
    assert_eq!(client.submit(&shown, fields.clone()).status, 200);
    assert_eq!(level(&mut client), "aal1");
    assert_ne!(other.submit(&shown, fields).status, 200);
}

#[test]
fn on_a_stale_session_no_key_is_added_or_taken_away() {
    let world = world(false);
    let (_, mut key) = ada(&world);
    let mut client = world.browser();
    client.sign_in("ada@bank.example");
    assert_eq!(try_key(&mut client, &mut key, &Lies::default()).status, 200);
    world.clock.advance(Duration::from_secs(60 * 60 + 1));
    let flow = client.open("settings", "");
    let hex = node(&flow, "webauthn_remove")["attributes"]["value"].clone();
    let parked = client.submit(&flow, json!({ "webauthn_remove": hex }));
    assert_eq!(parked.json()["error"]["id"], "session_refresh_required");
    let added = try_enrol(&mut client, &mut SecurityKey::new(), &Lies::default());
    assert_eq!(added.json()["error"]["id"], "session_refresh_required");
    let flow = client.open("settings", "");
    assert_eq!(node(&flow, "webauthn_remove")["attributes"]["value"], hex);
}

#[test]
fn the_last_key_that_signs_in_stays() {
    let world = world(true);
    let (_, mut key) = ada(&world);
    world.change_credential("password", |config| *config = json!({}));
    let mut client = world.browser();
    let denied = client.try_password("ada@bank.example", PASSWORD);
    assert_eq!(denied.status, 400);
    let flow = client.open("login", "");
    let first = json!({ "method": "webauthn", "identifier": "ada@bank.example" });
    client.submit(&flow, first);
    let id = flow["id"].as_str().unwrap();
    let shown = client
        .get(&format!("/self-service/login/flows?id={id}"))
        .json();
    let answer = key.sign(&options(&shown, "webauthn_login_trigger"), &Lies::default());
    let fields = assertion(&answer, "ada@bank.example");
    assert_eq!(client.submit(&shown, fields).status, 200);
    let flow = client.open("settings", "");
    let remove = node(&flow, "webauthn_remove");
    assert_eq!(remove["attributes"]["disabled"], true);
    let hex = remove["attributes"]["value"].clone();
    let refused = client.submit(&flow, json!({ "webauthn_remove": hex }));
    assert_eq!(messages(&refused), [4_000_001]);
}
