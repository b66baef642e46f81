//! The journey of a program without a browser: the demo's bank with `X-Session-Token`.

use std::net::SocketAddr;

use serde_json::json;

use crate::support::bank::{Bank, Body, enrol};
use crate::support::demo::Demo;

fn open() -> (Demo, Bank) {
    let demo = Demo::start();
    let url = demo.url("bank").to_owned();
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let port = host.rsplit(':').next().and_then(|port| port.parse().ok());
    let bank = Bank {
        address: SocketAddr::from(([127, 0, 0, 1], port.expect("a port"))),
        host: host.to_owned(),
    };
    (demo, bank)
}

#[test]
fn a_program_signs_up_enrols_and_steps_up_with_a_session_token() {
    let (_demo, bank) = open();
    let refused = bank.get("/accounts", None);
    assert_eq!(
        (refused.status, &*refused.error_id()),
        (401, "session_required")
    );

    let traits = json!({"email": "native@alder.example", "name": "Nat"});
    let password = "lively-otter-quartz";
    let signed_up = bank.flow(
        "registration",
        "",
        None,
        json!({"method": "password", "traits": traits, "password": password}),
    );
    let first = signed_up["session_token"].as_str().expect("a token");
    let accounts = bank.get("/accounts", Some(first));
    assert_eq!(accounts.status, 200, "{}", accounts.text());

    let refused = bank.get("/transfer", Some(first));
    assert_eq!(
        (refused.status, &*refused.error_id()),
        (403, "second_factor_required")
    );
    assert!(refused.json()["error"]["details"]["settings_url"].is_string());

    let (secret, step) = enrol(&bank, first);
    let made = bank.transfer(first);
    assert_eq!(made.status, 303, "{}", made.text());

    let gone = bank.ask(
        "DELETE",
        "/auth/self-service/logout/api",
        None,
        &Body::Json(json!({"session_token": first})),
    );
    assert_eq!(gone.status, 204);
    assert_eq!(bank.get("/accounts", Some(first)).status, 401);

    let credentials =
        json!({"method": "password", "identifier": "native@alder.example", "password": password});
    let signed_in = bank.flow("login", "", None, credentials);
    let second = signed_in["session_token"].as_str().expect("a token");
    assert_eq!(bank.get("/accounts", Some(second)).status, 200);
    let challenged = bank.get("/transfer", Some(second));
    assert_eq!(
        (challenged.status, &*challenged.error_id()),
        (401, "session_aal2_required")
    );
    let challenge = challenged.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains("insufficient_user_authentication"));

    // The code of the next step counts too; the one that enrolled is spent.
    let code = secret.code(step + 1);
    bank.flow(
        "login",
        "?aal=aal2",
        Some(second),
        json!({"method": "totp", "totp_code": code}),
    );
    let made = bank.transfer(second);
    assert_eq!(made.status, 303, "{}", made.text());
    let receipt = made.header("location").expect("a receipt");
    assert_eq!(bank.get(receipt, Some(second)).status, 200);
}
