//! The demo's bank as a program asks for it, with `X-Session-Token` and without a browser.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::client::{Connection, Response};
use stepgate::identity::credential::totp::TotpSecret;

/// The bank, at the address of whoever stands before it.
pub(crate) struct Bank {
    pub(crate) address: SocketAddr,
    /// As it stands in its URLs.
    pub(crate) host: String,
}

impl Bank {
    pub(crate) fn ask(
        &self,
        method: &str,
        target: &str,
        token: Option<&str>,
        body: &Body<'_>,
    ) -> Response {
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

    pub(crate) fn get(&self, target: &str, token: Option<&str>) -> Response {
        self.ask("GET", target, token, &Body::None)
    }

    /// Opens a native flow and submits it; gives the answer's JSON.
    pub(crate) fn flow(
        &self,
        kind: &str,
        query: &str,
        token: Option<&str>,
        submit: Value,
    ) -> Value {
        let flow = self.get(&format!("/auth/self-service/{kind}/api{query}"), token);
        assert_eq!(flow.status, 200, "{}", flow.text());
        self.submit(&flow.json(), token, submit)
    }

    pub(crate) fn submit(&self, flow: &Value, token: Option<&str>, submit: Value) -> Value {
        let action = flow["ui"]["action"].as_str().expect("an action");
        let target = action.split_once(&self.host).expect("our own host").1;
        let answer = self.ask("POST", target, token, &Body::Json(submit));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub(crate) fn transfer(&self, token: &str) -> Response {
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

/// What is sent along.
pub(crate) enum Body<'a> {
    None,
    Json(Value),
    Form(&'a str),
}

pub(crate) fn step_now() -> i64 {
    jiff::Timestamp::now().as_second() / 30
}

/// Sets up an authenticator app; gives its secret, and the time step whose code is spent.
pub(crate) fn enrol(bank: &Bank, token: &str) -> (TotpSecret, i64) {
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
