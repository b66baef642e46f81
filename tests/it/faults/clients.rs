//! Clients that are slow, or many.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{Gateway, config, rules};
use crate::support::client::get;
use crate::support::eventually;
use crate::support::program::Program;
use crate::support::server::Server;

/// Whether the server answers 408 or closes, while another client is served.
fn is_shown_the_door(mut client: TcpStream, gateway: &Gateway) -> bool {
    let other = get(gateway.address, "app.test", "/other", "");
    assert_eq!(other.status(), Some(200), "another client waits");
    client
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut answer = Vec::new();
    let ended = client.read_to_end(&mut answer).is_ok();
    ended && (answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"))
}

fn connect(gateway: &Gateway, bytes: &[u8]) -> TcpStream {
    let mut client = TcpStream::connect(gateway.address).unwrap();
    client.write_all(bytes).unwrap();
    client
}

#[test]
fn a_client_that_says_nothing_is_shown_the_door() {
    let gateway = Gateway::before(&Server::echo());
    assert!(is_shown_the_door(connect(&gateway, b""), &gateway));
}

#[test]
fn a_client_that_never_ends_its_headers_is_shown_the_door() {
    let gateway = Gateway::before(&Server::echo());
    let mut client = connect(&gateway, b"GET / HTTP/1.1\r\nHost: app.test\r\n");
    // One line at a time, always within the deadline of a single read.
    for number in 0..30 {
        std::thread::sleep(Duration::from_millis(100));
        if client
            .write_all(format!("X-{number}: a\r\n").as_bytes())
            .is_err()
        {
            break;
        }
    }
    client
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let mut answer = Vec::new();
    let read = client.read_to_end(&mut answer);
    let reset = read.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset);
    assert!(reset || answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"));
}

#[test]
fn a_client_that_stops_in_its_body_is_shown_the_door() {
    let upstream = Server::echo();
    let gateway = Gateway::before(&upstream);
    let half = b"POST /up HTTP/1.1\r\nHost: app.test\r\nContent-Length: 10\r\n\r\nhalf";
    assert!(is_shown_the_door(connect(&gateway, half), &gateway));
    let whole = upstream
        .received()
        .iter()
        .any(|it| it.target() == "/up" && it.whole);
    assert!(!whole, "half a body reached the application as a whole one");
}

#[test]
fn a_client_that_leaves_in_its_body_leaves_no_whole_request_upstream() {
    let upstream = Server::echo();
    let gateway = Gateway::before(&upstream);
    let half =
        b"POST /up HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    drop(connect(&gateway, half));
    assert_eq!(
        get(gateway.address, "app.test", "/other", "").status(),
        Some(200)
    );
    let whole = upstream
        .received()
        .iter()
        .any(|it| it.target() == "/up" && it.whole);
    assert!(!whole);
}

#[test]
fn running_out_of_files_does_not_end_the_service() {
    let upstream = Server::echo();
    let (config, rules) = (config(), rules(upstream.address));
    let files: [(&str, &str); 2] = [("stepgate.yaml", &config), ("rules/app.yaml", &rules)];
    let mut gateway = Gateway::of(Program::serve_with_open_files(&files, 96));
    let held: Vec<TcpStream> = (0..200)
        .filter_map(|_| TcpStream::connect(gateway.address).ok())
        .collect();
    assert!(
        held.len() > 100,
        "not enough connections to run out of files"
    );
    std::thread::sleep(Duration::from_millis(300));
    let before = cpu_ticks(gateway.program.id());
    std::thread::sleep(Duration::from_millis(500));
    let spent = cpu_ticks(gateway.program.id()) - before;
    assert!(
        spent < 30,
        "{spent} ticks of 10 ms in half a second: it spins"
    );
    assert!(gateway.program.is_alive(), "{}", gateway.program.output());
    drop(held);
    let recovered =
        eventually(|| get(gateway.address, "app.test", "/after", "").status() == Some(200));
    assert!(recovered, "{}", gateway.program.output());
}

/// Processor time that a process has used, in ticks of 10 ms.
fn cpu_ticks(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
