//! `stepgate demo` as a process: what it tells, what it keeps, what it takes away.

use serde_json::{Value, json};

use crate::support::client::{Connection, Response};
use crate::support::demo::Demo;

/// The demo's host and port.
fn host(demo: &Demo) -> String {
    let bank = demo.url("bank").trim_start_matches("http://");
    bank.trim_end_matches('/').to_owned()
}

/// Sends a request to the demo's gateway.
fn ask(demo: &Demo, head: &str, headers: &[&str], body: &str) -> Response {
    let host = host(demo);
    let port = host
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a port");
    let mut connection = Connection::open(std::net::SocketAddr::from(([127, 0, 0, 1], port)));
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    connection.send(
        format!(
            "{head} HTTP/1.1\r\nHost: {host}\r\n{headers}\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .as_bytes(),
    );
    connection.receive(false).expect("an answer")
}

const JSON: &str = "Accept: application/json";

/// Submits a native flow.
fn submit(demo: &Demo, flow: &Value, headers: &[&str], body: &Value) -> Response {
    let action = flow["ui"]["action"].as_str().expect("an action");
    let (_, target) = action.split_once(&host(demo)).expect("our own host");
    ask(demo, &format!("POST {target}"), headers, &body.to_string())
}

/// Logs a ready user in by the API.
fn try_login(demo: &Demo, name: &str) -> Response {
    let flow = ask(demo, "GET /auth/self-service/login/api", &[JSON], "").json();
    let user = demo.user(name);
    let body = json!({
        "method": "password", "identifier": user["identifier"], "password": user["password"],
    });
    submit(demo, &flow, &[JSON], &body)
}

fn log_in(demo: &Demo, name: &str) -> u16 {
    try_login(demo, name).status
}

#[test]
fn the_mailbox_shows_what_was_written_to_people() {
    let demo = Demo::start();
    let url = demo.url("mailbox").to_owned();
    assert_eq!(url, format!("http://{}/auth/mailbox", host(&demo)));
    let look = |target: &str| ask(&demo, &format!("GET {target}"), &["Accept: text/html"], "");
    let empty = look("/auth/mailbox");
    assert_eq!(empty.status, 200, "{}", empty.text());
    assert!(empty.text().contains("Nothing yet"));
    assert!(empty.header("content-security-policy").is_some());
    let token = try_login(&demo, "nora").json()["session_token"].clone();
    let session = format!("X-Session-Token: {}", token.as_str().expect("a session"));
    let headers = [JSON, session.as_str()];
    let flow = ask(&demo, "GET /auth/self-service/settings/api", &headers, "").json();
    let body = json!({ "method": "password", "password": "velvet-Submarine-77" });
    assert_eq!(submit(&demo, &flow, &headers, &body).status, 200);
    let full = look("/auth/mailbox").text();
    assert!(full.contains("Your password was changed"), "{full}");
    assert!(full.contains("nora@alder.example"));
    let (_, rest) = full.split_once("/auth/mailbox?mail=").expect("a mail");
    let id = rest.split('"').next().expect("its id");
    let open = look(&format!("/auth/mailbox?mail={id}")).text();
    assert!(open.contains("was just changed"), "{open}");
}

#[test]
fn the_demo_tells_its_addresses_and_its_people_in_one_object() {
    let demo = Demo::start();
    for url in ["bank", "login", "settings"] {
        assert!(demo.url(url).starts_with("http://localhost:"), "{url}");
    }
    assert!(demo.url("admin").starts_with("http://127.0.0.1:"));
    let told = demo.told();
    assert_eq!(told["users"].as_array().map(Vec::len), Some(3));
    for (name, has_app) in [("nora", false), ("tom", true), ("lena", true)] {
        assert_eq!(
            demo.user(name)["totp_secret"].is_string(),
            has_app,
            "{name}"
        );
        assert_eq!(log_in(&demo, name), 200, "{name}");
    }
}

#[test]
fn the_people_of_a_data_folder_can_log_in_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Demo::start_in(folder.path());
    let password = first.user("nora")["password"].clone();
    assert!(first.stop(), "the demo ended badly");
    let second = Demo::start_in(folder.path());
    assert_eq!(second.user("nora")["password"], password);
    assert_eq!(log_in(&second, "nora"), 200);
}

#[test]
fn a_stopped_demo_takes_its_temporary_data_away() {
    let place = tempfile::tempdir().expect("a folder");
    let demo = Demo::start_below(place.path());
    let count = || std::fs::read_dir(place.path()).expect("a folder").count();
    assert_eq!(count(), 1);
    assert!(demo.stop(), "the demo ended badly");
    assert_eq!(count(), 0);
}
