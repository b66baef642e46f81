//! What an operator does to a running gateway, by commands, and what a visitor sees at once.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::client::{Connection, Response};
use crate::support::demo::Demo;

/// Runs a command against the demo's admin API.
fn operator(demo: &Demo, arguments: &[&str], input: &str) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_stepgate"))
        .args(arguments)
        .env_remove("STEPGATE_ADMIN_TOKEN")
        .env("STEPGATE_ADMIN_URL", demo.url("admin"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    process.wait_with_output().unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json_of(demo: &Demo, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    serde_json::from_str(&text(&operator(demo, &arguments, ""))).unwrap()
}

/// Somebody signed in to the bank, with a session token.
struct Visitor {
    address: SocketAddr,
    host: String,
    token: String,
}

impl Visitor {
    fn ask(&self, head: &str, body: &str) -> Response {
        let mut connection = Connection::open(self.address);
        let (host, token, length) = (&self.host, &self.token, body.len());
        let token = match token.is_empty() {
            true => String::new(),
            false => format!("X-Session-Token: {token}\r\n"),
        };
        connection.send(
            format!(
                "{head} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n{token}\
                 Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
            )
            .as_bytes(),
        );
        connection.receive(false).unwrap()
    }

    fn sign_in(demo: &Demo, identifier: &str, password: &str) -> Self {
        let bank = demo.url("bank").trim_start_matches("http://");
        let host = bank.trim_end_matches('/').to_owned();
        let port = host.rsplit(':').next().unwrap().parse().unwrap();
        let mut visitor = Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            host,
            token: String::new(),
        };
        let flow = visitor.ask("GET /auth/self-service/login/api", "").json();
        let action = flow["ui"]["action"].as_str().unwrap();
        let (_, target) = action.split_once(&visitor.host).unwrap();
        let body = json!({
            "method": "password", "identifier": identifier, "password": password,
        });
        let answer = visitor.ask(&format!("POST {target}"), &body.to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
        visitor.token = answer.json()["session_token"].as_str().unwrap().to_owned();
        visitor
    }

    /// What the proxy answers for a page that asks for a session.
    fn status(&self, path: &str) -> u16 {
        self.ask(&format!("GET {path}"), "").status
    }
}

const PASSWORD: &str = "tangerine-Lighthouse-42";

fn person(email: &str) -> Value {
    json!({
        "traits": {"email": email},
        "credentials": {"password": {"config": {"password": PASSWORD}}},
    })
}

#[test]
fn an_operator_makes_finds_and_deletes_people() {
    let demo = Demo::start();
    let made = operator(
        &demo,
        &["identities", "create", "-", "--format", "json"],
        &person("ivy@bank.example").to_string(),
    );
    let made: Value = serde_json::from_str(&text(&made)).unwrap();
    let id = made["id"].as_str().unwrap();
    let found = json_of(&demo, &["identities", "get", "IVY@bank.example"]);
    assert_eq!(found["id"], id);
    let list = text(&operator(&demo, &["identities", "list"], ""));
    assert!(
        list.contains("ivy@bank.example") && list.contains("password"),
        "{list}"
    );
    let one = json_of(
        &demo,
        &["identities", "list", "--identifier", "ivy@bank.example"],
    );
    assert_eq!(one.as_array().unwrap().len(), 1);
    let all = json_of(&demo, &["identities", "list", "--limit", "2"]);
    assert_eq!(all.as_array().unwrap().len(), 2);
    text(&operator(&demo, &["identities", "delete", id], ""));
    let gone = operator(&demo, &["identities", "get", id], "");
    assert_eq!(gone.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&gone.stderr).contains("404"),
        "{gone:?}"
    );
}

#[test]
fn an_import_makes_what_it_can_and_tells_the_rest() {
    let demo = Demo::start();
    let lines = [
        person("one@bank.example"),
        person("two@bank.example"),
        json!({"traits": {"email": "no address"}}),
        person("one@bank.example"),
    ];
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let output = operator(
        &demo,
        &["identities", "import", "-", "--batch", "2"],
        &input,
    );
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("2 of 4") && told.contains("4 of 4"), "{told}");
    assert!(
        told.contains("number 3: ") && told.contains("number 4: "),
        "{told}"
    );
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("2 made, 2 failed"), "{said}");
    Visitor::sign_in(&demo, "two@bank.example", PASSWORD);
}

#[test]
fn wrong_use_ends_with_2_and_a_silent_gateway_with_1() {
    let demo = Demo::start();
    for arguments in [
        &["identities", "list", "--admin", "nonsense"][..],
        &["identities", "create", "/nowhere/at/all.json"],
        &["identities", "import", "-"],
        &["sessions", "revoke"],
        &["factors", "remove", "ada@bank.example"],
    ] {
        let output = operator(&demo, arguments, "{");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let output = operator(&demo, &["sessions", "list", "--admin", &url], "");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("is the gateway running there?"), "{told}");
}

#[test]
fn the_running_identity_configuration_is_shown() {
    let demo = Demo::start();
    let shown = text(&operator(&demo, &["identity-config", "get"], ""));
    assert!(shown.starts_with("identity:\n"), "{shown}");
    assert!(shown.contains("embedded:"), "{shown}");
    let json = json_of(&demo, &["identity-config", "get"]);
    assert!(json["identity"]["embedded"].is_object(), "{json}");
}

/// A page of the bank that asks for a session of one factor.
const ACCOUNTS: &str = "/accounts";

fn newcomer(demo: &Demo, email: &str) -> (String, Visitor) {
    let made = operator(
        demo,
        &["identities", "create", "-", "--format", "json"],
        &person(email).to_string(),
    );
    let made: Value = serde_json::from_str(&text(&made)).unwrap();
    let visitor = Visitor::sign_in(demo, email, PASSWORD);
    // Twice, so that the second answer may come from memory.
    assert_eq!(visitor.status(ACCOUNTS), 200);
    assert_eq!(visitor.status(ACCOUNTS), 200);
    (made["id"].as_str().unwrap().to_owned(), visitor)
}

#[test]
fn what_an_operator_ends_ends_at_the_next_request() {
    let demo = Demo::start();
    let (_, kim) = newcomer(&demo, "kim@bank.example");
    let sessions = json_of(
        &demo,
        &["sessions", "list", "--identity", "kim@bank.example"],
    );
    let session = sessions[0]["id"].as_str().unwrap();
    text(&operator(&demo, &["sessions", "revoke", session], ""));
    assert_eq!(kim.status(ACCOUNTS), 401);

    let (_, lee) = newcomer(&demo, "lee@bank.example");
    let arguments = ["sessions", "revoke", "--identity", "lee@bank.example"];
    let told = text(&operator(&demo, &arguments, ""));
    assert_eq!(told, "1 session ended\n");
    assert_eq!(lee.status(ACCOUNTS), 401);

    let (id, max) = newcomer(&demo, "max@bank.example");
    text(&operator(&demo, &["identities", "delete", &id], ""));
    assert_eq!(max.status(ACCOUNTS), 401);

    let (_, ned) = newcomer(&demo, "ned@bank.example");
    text(&operator(&demo, &["sessions", "revoke", "--all"], ""));
    assert_eq!(ned.status(ACCOUNTS), 401);
}

/// Asks the admin API itself.
fn admin(demo: &Demo, method: &str, path: &str, body: &Value) -> Response {
    let address = demo.url("admin").trim_start_matches("http://");
    let address: SocketAddr = address.trim_end_matches('/').parse().unwrap();
    let body = body.to_string();
    let mut connection = Connection::open(address);
    let length = body.len();
    connection.send(
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .as_bytes(),
    );
    connection.receive(false).unwrap()
}

#[test]
fn a_switched_off_person_is_out_at_the_next_request() {
    let demo = Demo::start();
    let (id, visitor) = newcomer(&demo, "ola@bank.example");
    let path = format!("/admin/identities/{id}");
    let off = json!([{"op": "replace", "path": "/state", "value": "inactive"}]);
    assert_eq!(admin(&demo, "PATCH", &path, &off).status, 200);
    assert_eq!(visitor.status(ACCOUNTS), 401);
    let on = json!({"state": "active", "traits": {"email": "ola@bank.example"}});
    assert_eq!(admin(&demo, "PUT", &path, &on).status, 200);
    assert_eq!(visitor.status(ACCOUNTS), 200);
}

#[test]
fn a_removed_factor_counts_no_more_at_the_next_request() {
    let demo = Demo::start();
    let ready = demo.user("tom");
    let identifier = ready["identifier"].as_str().unwrap();
    let before = json_of(&demo, &["identities", "get", identifier]);
    assert!(before["credentials"]["totp"].is_object(), "{before}");
    let visitor = Visitor::sign_in(&demo, identifier, ready["password"].as_str().unwrap());
    let transfer = visitor.ask("GET /transfer", "");
    assert!(
        transfer.text().contains("session_aal2_required"),
        "{}",
        transfer.text()
    );
    text(&operator(
        &demo,
        &["factors", "remove", identifier, "totp"],
        "",
    ));
    let transfer = visitor.ask("GET /transfer", "");
    assert!(
        transfer.text().contains("second_factor_required"),
        "{}",
        transfer.text()
    );
    let again = operator(&demo, &["factors", "remove", identifier, "totp"], "");
    assert_eq!(again.status.code(), Some(1), "{again:?}");
}
