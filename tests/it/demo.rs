//! `stepgate demo` as a process: what it tells, what it keeps, what it takes away.

use serde_json::json;

use crate::support::client::Connection;
use crate::support::demo::Demo;

/// Logs a ready user in by the API; gives the status.
fn log_in(demo: &Demo, name: &str) -> u16 {
    let host = demo
        .url("bank")
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    let port = host
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a port");
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let ask = |head: &str, body: &str| {
        let mut connection = Connection::open(address);
        let length = body.len();
        connection.send(
            format!(
                "{head} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\
                 Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
            )
            .as_bytes(),
        );
        connection.receive(false).expect("an answer")
    };
    let flow = ask("GET /auth/self-service/login/api", "").json();
    let action = flow["ui"]["action"].as_str().expect("an action");
    let (_, target) = action.split_once(&host).expect("our own host");
    let user = demo.user(name);
    let body = json!({
        "method": "password", "identifier": user["identifier"], "password": user["password"],
    });
    ask(&format!("POST {target}"), &body.to_string()).status
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
