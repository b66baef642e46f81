//! Starting, stopping, and what the operator sees.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use super::{Gateway, config, rules};
use crate::support::client::get;
use crate::support::eventually;
use crate::support::program::Program;
use crate::support::reply::{Gate, Reply};
use crate::support::server::{Server, ok};

/// A gateway with a long patience for its upstream and `drain` for itself, with one request of a
/// client that its upstream has got and not answered.
fn with_one_in_flight(upstream: &Server, drain: &str) -> (Gateway, TcpStream) {
    let config = config()
        .replace("drain: 5s", &format!("drain: {drain}"))
        .replace("header_timeout: 3s", "header_timeout: 60s");
    let rules = rules(upstream.address);
    let files: [(&str, &str); 2] = [("stepgate.yaml", &config), ("rules/app.yaml", &rules)];
    let gateway = Gateway::of(Program::serve(&files));
    let mut client = TcpStream::connect(gateway.address).unwrap();
    client
        .write_all(b"GET /slow HTTP/1.1\r\nHost: app.test\r\n\r\n")
        .unwrap();
    upstream.until_received(1);
    (gateway, client)
}

#[test]
fn a_termination_lets_requests_in_flight_finish() {
    let gate = Arc::new(Gate::default());
    let held = Reply::Held(Arc::clone(&gate), Box::new(ok("ok").into()));
    let upstream = Server::replying(move |_| held.clone());
    // Nothing here may end by a limit in time, however busy the machine is.
    let (mut gateway, mut client) = with_one_in_flight(&upstream, "60s");
    gateway.program.signal("TERM");
    let address = gateway.address;
    let refused = eventually(|| get(address, "app.test", "/late", "").status().is_none());
    assert!(refused, "new connections are still served");
    gate.open();
    client
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok"),
        "{answer}"
    );
    let status = gateway.program.wait().expect("it ends");
    assert!(status.success(), "{status}");
}

#[test]
fn a_drain_ends_at_its_deadline() {
    let upstream = Server::replying(|_| Reply::Silence);
    let (mut gateway, _client) = with_one_in_flight(&upstream, "1s");
    gateway.program.signal("TERM");
    assert!(
        gateway.program.wait().is_some(),
        "a stuck request holds the process"
    );
}

#[test]
fn a_second_process_on_the_same_address_does_not_start() {
    let upstream = Server::echo();
    let first = Gateway::before(&upstream);
    let config = config().replace(
        "[{ address: \"127.0.0.1:0\" }]",
        &format!("[{{ address: \"{}\" }}]", first.address),
    );
    let rules = rules(upstream.address);
    let files: [(&str, &str); 2] = [("stepgate.yaml", &config), ("rules/app.yaml", &rules)];
    let mut second = Program::start(&files);
    let status = second.wait().expect("it must end");
    assert!(!status.success());
    assert!(
        second.says(&first.address.to_string()),
        "{}",
        second.output()
    );
}

#[test]
fn a_wrong_configuration_starts_nothing() {
    let rules = rules(Server::echo().address);
    let wrong = config().replace("rules: rules/", "rulez: rules/");
    let files: [(&str, &str); 2] = [("stepgate.yaml", &wrong), ("rules/app.yaml", &rules)];
    let mut program = Program::start(&files);
    assert_eq!(program.wait().expect("it must end").code(), Some(2));
    assert!(program.says("rulez"), "{}", program.output());
    assert!(program.addresses("proxy").is_empty());
}

#[test]
fn a_wrong_rule_starts_nothing() {
    let wrong = rules(Server::echo().address).replace("required_aal: aal2", "required_aal: aal7");
    let config = config();
    let files: [(&str, &str); 2] = [("stepgate.yaml", &config), ("rules/app.yaml", &wrong)];
    let mut program = Program::start(&files);
    assert_eq!(program.wait().expect("it must end").code(), Some(2));
    assert!(program.says("rules/app.yaml"), "{}", program.output());
    assert!(program.addresses("proxy").is_empty());
}

#[test]
fn a_reader_of_the_log_that_stops_does_not_stop_requests() {
    let upstream = Server::echo();
    let (config, rules) = (config(), rules(upstream.address));
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    let config = config.replace(
        "127.0.0.1:0\" }]",
        &format!("{}\" }}]", crate::support::free_port()),
    );
    let address = config
        .split("address: \"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let address: std::net::SocketAddr = address.parse().unwrap();
    std::fs::write(folder.path().join("stepgate.yaml"), &config).unwrap();
    std::fs::write(folder.path().join("rules/app.yaml"), rules).unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_stepgate"))
        .args(["serve", "--config", "stepgate.yaml"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // Nobody reads the pipe; its buffer is full after some hundred lines.
    let up = eventually(|| get(address, "app.test", "/up", "").status() == Some(200));
    let served = (0..1500)
        .filter(|_| {
            get(address, "app.test", &format!("/{}", "a".repeat(200)), "").status() == Some(200)
        })
        .count();
    let _ = child.kill();
    let _ = child.wait();
    assert!(up);
    assert_eq!(served, 1500);
}
