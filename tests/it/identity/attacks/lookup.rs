//! Attacks on lookup secrets.

use std::time::Duration;

use serde_json::{Value, json};

use crate::identity::world::{Client, World, messages, node};

const USED: u64 = 4_000_012;
const WRONG: u64 = 4_000_016;

fn world() -> World {
    World::start(|settings| settings.methods.lookup_secret_enabled = true)
}

fn codes_of(flow: &Value) -> Vec<String> {
    let text = node(flow, "lookup_secret_codes")["attributes"]["text"].clone();
    let all = text["context"]["secrets"].as_array().unwrap().clone();
    let code = |one: &Value| {
        one["context"]["secret"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    all.iter().map(code).collect()
}

/// Makes codes; the flow waits for their confirmation.
fn regenerate(client: &mut Client) -> (Value, Vec<String>) {
    let flow = client.open("settings", "");
    let flow = if node(&flow, "lookup_secret_reveal").is_null() {
        flow
    } else {
        client
            .submit(&flow, json!({ "lookup_secret_reveal": true }))
            .json()
    };
    let made = client.submit(&flow, json!({ "lookup_secret_regenerate": true }));
    assert_eq!(made.status, 200, "{}", made.text());
    let flow = made.json();
    let codes = codes_of(&flow);
    (flow, codes)
}

fn enrol(client: &mut Client) -> Vec<String> {
    let (flow, codes) = regenerate(client);
    let kept = client.submit(&flow, json!({ "lookup_secret_confirm": true }));
    assert_eq!(kept.status, 200, "{}", kept.text());
    codes
}

fn try_code(client: &mut Client, code: &str) -> crate::support::client::Response {
    let flow = client.open("login", "?aal=aal2");
    let fields = json!({ "method": "lookup_secret", "lookup_secret": code });
    client.submit(&flow, fields)
}

fn ada(world: &World) -> (Client, Vec<String>) {
    world.person("ada@bank.example");
    let mut client = world.browser();
    client.sign_in("ada@bank.example");
    let codes = enrol(&mut client);
    (client, codes)
}

fn signed_in(world: &World) -> Client {
    let mut client = world.native();
    client.sign_in("ada@bank.example");
    client
}

#[test]
fn a_code_counts_once() {
    let world = world();
    let (_, codes) = ada(&world);
    assert_eq!(try_code(&mut signed_in(&world), &codes[0]).status, 200);
    let again = try_code(&mut signed_in(&world), &codes[0]);
    assert_eq!(messages(&again), [USED]);
}

#[test]
fn of_fifty_submits_of_one_code_at_once_one_counts() {
    // Without the limit on guessing, which would do the same for another reason.
    let world = World::start(|settings| {
        settings.methods.lookup_secret_enabled = true;
        settings.throttle.second_factor.tries = 1000;
    });
    let (_, codes) = ada(&world);
    let clients: Vec<Client> = (0..50).map(|_| signed_in(&world)).collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = clients
            .into_iter()
            .map(|mut client| {
                let code = &codes[5];
                scope.spawn(move || try_code(&mut client, code).status)
            })
            .collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let won = statuses.iter().filter(|&&status| status == 200).count();
    assert_eq!(won, 1, "{statuses:?}");
}

#[test]
fn new_codes_count_once_confirmed_and_end_the_old_ones() {
    let world = world();
    let (mut client, old) = ada(&world);
    let (flow, pending) = regenerate(&mut client);
    let early = try_code(&mut signed_in(&world), &pending[0]);
    assert_eq!(messages(&early), [WRONG]);
    let kept = client.submit(&flow, json!({ "lookup_secret_confirm": true }));
    assert_eq!(kept.status, 200);
    let late = try_code(&mut signed_in(&world), &old[0]);
    assert_eq!(messages(&late), [WRONG]);
    assert_eq!(try_code(&mut signed_in(&world), &pending[0]).status, 200);
    // Confirming once more must not bring the used one back.
    let again = client.submit(&flow, json!({ "lookup_secret_confirm": true }));
    assert_eq!(again.status, 400);
    let used = try_code(&mut signed_in(&world), &pending[0]);
    assert_eq!(messages(&used), [USED]);
}

#[test]
fn guessing_runs_out_even_for_the_right_code() {
    let world = world();
    let (_, codes) = ada(&world);
    let mut thief = signed_in(&world);
    for _ in 0..10 {
        assert_eq!(messages(&try_code(&mut thief, "aaaaaaaa")), [WRONG]);
    }
    assert_eq!(messages(&try_code(&mut thief, &codes[0])), [WRONG]);
    world.clock.advance(Duration::from_secs(15 * 60 + 1));
    let mut owner = signed_in(&world);
    assert_eq!(try_code(&mut owner, &codes[0]).status, 200);
}

#[test]
fn a_stale_session_neither_sees_nor_changes_codes() {
    let world = world();
    let (mut client, _) = ada(&world);
    world.clock.advance(Duration::from_secs(60 * 60 + 1));
    for wish in ["reveal", "disable", "regenerate", "confirm"] {
        let flow = client.open("settings", "");
        let name = format!("lookup_secret_{wish}");
        let answer = client.submit(&flow, json!({ name: true }));
        assert_eq!(answer.status, 403, "{wish}");
        let body = answer.json();
        assert_eq!(body["error"]["id"], "session_refresh_required", "{wish}");
        assert!(!body.to_string().contains("secrets"), "{wish}");
    }
}

#[test]
fn a_method_that_is_switched_off_lets_nobody_in() {
    let world = world();
    let (_, codes) = ada(&world);
    let off = World::start(|_| {});
    off.person("ada@bank.example");
    let mut client = signed_in(&off);
    let answer = try_code(&mut client, &codes[0]);
    assert_eq!(messages(&answer), [4_010_002]);
}
