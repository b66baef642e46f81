//! The journey of a program without a browser: the demo's bank with `X-Session-Token`.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::support::client::{Connection, Response};
use crate::support::demo::Demo;
use stepgate::identity::credential::totp::TotpSecret;

struct Bank {
    _demo: Demo,
    address: SocketAddr,
    host: String,
}

impl Bank {
    fn open() -> Self {
        let demo = Demo::start();
        let url = demo.url("bank").to_owned();
        let host = url.trim_start_matches("http://").trim_end_matches('/');
        let port = host.rsplit(':').next().and_then(|port| port.parse().ok());
        Self {
            _demo: demo,
            address: SocketAddr::from(([127, 0, 0, 1], port.expect("a port"))),
            host: host.to_owned(),
        }
    }

    fn ask(&self, method: &str, target: &str, token: Option<&str>, body: &Body<'_>) -> Response {
        let (kind, body) = match body {
            Body::None => ("application/json", String::new()),
            Body::Json(value) => ("application/json", value.to_string()),
            Body::Form(text) => ("application/x-www-form-urlencoded", (*text).to_owned()),
        };
        let session = token.map(|token| format!("X-Session-Token: {token}\r\n"));
        let mut connection = Connection::open(self.address);
        connection.send(
            format!(
                "{method} {target} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\n{}\
                 Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
                self.host,
                session.unwrap_or_default(),
                body.len(),
            )
            .as_bytes(),
        );
        connection.receive(false).expect("an answer")
    }

    fn get(&self, target: &str, token: Option<&str>) -> Response {
        self.ask("GET", target, token, &Body::None)
    }

    /// Opens a native flow and submits it; gives the answer's JSON.
    fn flow(&self, kind: &str, query: &str, token: Option<&str>, submit: Value) -> Value {
        let flow = self.get(&format!("/auth/self-service/{kind}/api{query}"), token);
        assert_eq!(flow.status, 200, "{}", flow.text());
        self.submit(&flow.json(), token, submit)
    }

    fn submit(&self, flow: &Value, token: Option<&str>, submit: Value) -> Value {
        let action = flow["ui"]["action"].as_str().expect("an action");
        let target = action.split_once(&self.host).expect("our own host").1;
        let answer = self.ask("POST", target, token, &Body::Json(submit));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    fn transfer(&self, token: &str) -> Response {
        let page = self.get("/transfer", Some(token));
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.text();
        let field = page.split_once("name=\"token\"").expect("the form's token");
        let value = field.1.split_once("value=\"").expect("its value").1;
        let value = value.split_once('"').expect("its end").0;
        let form = format!(
            "token={value}&payee=Ada+Moss&iban=GB33BUKB20201555555555&amount=12.50&reference=Rent"
        );
        self.ask("POST", "/transfer", Some(token), &Body::Form(&form))
    }
}

enum Body<'a> {
    None,
    Json(Value),
    Form(&'a str),
}

fn step_now() -> i64 {
    jiff::Timestamp::now().as_second() / 30
}

/// Sets up an authenticator app; gives its secret, and the time step whose code is spent.
fn enrol(bank: &Bank, token: &str) -> (TotpSecret, i64) {
    let settings = bank.get("/auth/self-service/settings/api", Some(token));
    let settings = settings.json();
    let nodes = settings["ui"]["nodes"].as_array().expect("nodes");
    let secret = nodes
        .iter()
        .find(|node| node["attributes"]["id"] == "totp_secret_key")
        .and_then(|node| node["attributes"]["text"]["text"].as_str())
        .and_then(TotpSecret::from_base32)
        .expect("a secret to enrol");
    let step = step_now();
    let code = secret.code(step);
    bank.submit(
        &settings,
        Some(token),
        json!({"method": "totp", "totp_code": code}),
    );
    (secret, step)
}

#[test]
fn a_program_signs_up_enrols_and_steps_up_with_a_session_token() {
    let bank = Bank::open();
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
