use serde_json::{Value, json};

use super::{Bench, local};
use crate::identity::world::Client;

const EXCHANGE: &str = "?return_session_token_exchange_code=true&return_to=/app";

/// A native client that sent its person away: its first code, and where the browser ends.
fn sent_away(bench: &Bench, native: &mut Client) -> (String, String) {
    let flow = native.open("login", EXCHANGE);
    let first = flow["session_token_exchange_code"]
        .as_str()
        .unwrap()
        .to_owned();
    let to = Bench::leave(native, &flow, json!({"method": "oidc", "provider": "work"}));
    let back = local(&bench.provider.visit(&to));
    let mut browser = bench.world.browser();
    let done = browser.page(&back);
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(browser.whoami().status, 401, "the browser gets no session");
    let place = done.header("location").unwrap().to_owned();
    assert!(place.contains("/app?code="), "{place}");
    (first, place.split("code=").nth(1).unwrap().to_owned())
}

fn exchange(native: &mut Client, first: &str, second: &str) -> (u16, Value) {
    let query = format!("init_code={first}&return_to_code={second}");
    let answer = native.get(&format!("/sessions/token-exchange?{query}"));
    (answer.status, answer.json())
}

#[test]
fn a_native_client_gets_the_session_for_both_codes_and_only_once() {
    let bench = Bench::start();
    let mut native = bench.world.native();
    let (first, second) = sent_away(&bench, &mut native);
    for (one, other) in [
        (first.as_str(), "wrong"),
        ("wrong", second.as_str()),
        (second.as_str(), first.as_str()),
    ] {
        assert_eq!(exchange(&mut native, one, other).0, 404);
    }
    assert_eq!(
        native.get("/sessions/token-exchange?init_code=x").status,
        400
    );
    let (status, body) = exchange(&mut native, &first, &second);
    assert_eq!(status, 200, "{body}");
    native.token = body["session_token"].as_str().map(str::to_owned);
    let session = native.whoami().json();
    assert_eq!(session["identity"]["traits"]["email"], "ada@work.example");
    assert_eq!(session["id"], body["session"]["id"]);
    assert_eq!(exchange(&mut native, &first, &second).0, 404);
}

#[test]
fn of_many_exchanges_at_once_one_gets_the_session() {
    let bench = Bench::start();
    let mut native = bench.world.native();
    let (first, second) = sent_away(&bench, &mut native);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..12)
            .map(|_| {
                let mut client = bench.world.native();
                let (first, second) = (&first, &second);
                scope.spawn(move || exchange(&mut client, first, second).0)
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let got = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(got, 1, "{statuses:?}");
}

#[test]
fn codes_are_worth_nothing_after_their_time() {
    let bench = Bench::start();
    let mut native = bench.world.native();
    let (first, second) = sent_away(&bench, &mut native);
    bench
        .world
        .clock
        .advance(std::time::Duration::from_secs(3601));
    assert_eq!(exchange(&mut native, &first, &second).0, 404);
}

#[test]
fn a_native_flow_without_an_exchange_does_not_lead_away() {
    let bench = Bench::start();
    let mut native = bench.world.native();
    let flow = native.open("login", "");
    let answer = native.submit(&flow, json!({"method": "oidc", "provider": "work"}));
    assert_eq!(answer.status, 400);
}

#[test]
fn an_id_token_that_a_native_client_brings_counts_once_and_with_its_nonce() {
    let bench = Bench::start();
    let token = bench.provider.native_token("n-1");
    let submit = |nonce: &str| {
        let mut native = bench.world.native();
        let flow = native.open("registration", "");
        let fields = json!({
            "method": "oidc", "provider": "work", "id_token": token, "id_token_nonce": nonce,
        });
        native.submit(&flow, fields)
    };
    assert_eq!(submit("n-2").status, 400);
    assert_eq!(submit("").status, 400);
    let done = submit("n-1");
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(done.json()["session_token"].is_string());
    assert_eq!(submit("n-1").status, 400);
}
