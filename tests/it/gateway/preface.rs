//! Behind load balancers that pass bytes on: the PROXY header tells whose connection it is.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::http2::{block_on, certificate, tls_over};
use super::world::{Plan, World};
use crate::support::server::Server;

const RULES: &str = r#"
upstreams:
  app: { url: "UPSTREAM" }
rules:
  - { id: desk, match: { host: app.test, path: /desk, networks: [192.0.2.0/24] }, required_aal: none, upstream: app }
  - { id: slow, match: { host: app.test, path: /slow }, required_aal: none, upstream: app, limits: { requests: 1 per 1h, per: ip } }
  - { id: public, match: { host: app.test, path: /open/** }, required_aal: none, upstream: app }
"#;
const SEVEN: &str = "PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\n";
const EIGHT: &str = "PROXY TCP4 198.51.100.8 127.0.0.1 4711 80\r\n";

fn plan(app: &Server) -> Plan {
    let url = format!("http://{}", app.address);
    let mut plan = Plan::with_rules(&RULES.replace("UPSTREAM", &url));
    plan.config.listeners[0].proxy_protocol = true;
    plan.config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    plan
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: app.test\r\n\r\n")
}

fn status(world: &World, preface: &str, path: &str) -> u16 {
    world.ask([preface, &get(path)].concat()).status
}

fn second_version(client: [u8; 4]) -> Vec<u8> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    bytes.extend_from_slice(&client);
    bytes.extend_from_slice(&[127, 0, 0, 1, 0x12, 0x67, 0, 80]);
    bytes
}

#[test]
fn rules_limits_and_the_application_go_by_the_address_in_the_preface() {
    let app = Server::hello();
    let world = plan(&app).start();
    assert_eq!(status(&world, SEVEN, "/desk"), 200);
    assert_eq!(app.take()[0].one("x-forwarded-for"), Some("192.0.2.7"));
    assert_eq!(status(&world, EIGHT, "/desk"), 403);
    let second = [second_version([192, 0, 2, 9]), get("/desk").into()].concat();
    assert_eq!(world.ask(second).status, 200);
    assert_eq!(app.take()[0].one("x-forwarded-for"), Some("192.0.2.9"));

    assert_eq!(status(&world, SEVEN, "/slow"), 200);
    assert_eq!(status(&world, SEVEN, "/slow"), 429);
    assert_eq!(status(&world, EIGHT, "/slow"), 200);
}

#[test]
fn a_client_behind_the_balancer_does_not_speak_for_others() {
    let app = Server::hello();
    let world = plan(&app).start();
    let lie = "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n\r\n";
    let asked = get("/desk").replacen("\r\n\r\n", &format!("\r\n{lie}"), 1);
    assert_eq!(world.ask([EIGHT, &asked].concat()).status, 403);
    assert!(app.received().is_empty());
}

#[test]
fn a_load_balancer_that_asks_for_itself_is_the_peer() {
    let app = Server::hello();
    let world = plan(&app).start();
    let own = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0";
    let asked = [&own[..], get("/open/health").as_bytes()].concat();
    assert_eq!(world.ask(asked).status, 200);
    assert_eq!(app.received()[0].one("x-forwarded-for"), Some("127.0.0.1"));
}

#[test]
fn without_a_preface_or_from_a_stranger_nothing_is_served() {
    let app = Server::hello();
    let world = plan(&app).start();
    for bytes in [
        get("/open/a"),
        format!("PROXY UNKNOWN\r\n{}", get("/open/a")),
        format!("PROXY TCP4 1.2.3.4\r\n{}", get("/open/a")),
        format!("PROXY TCP4 192.0.2.7 127.0.0.1 1 2 3\r\n{}", get("/open/a")),
    ] {
        let mut client = world.client();
        client.send(&bytes);
        assert!(client.answer().is_none(), "{bytes}");
    }
    let mut stranger = plan(&app);
    stranger.config.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    let world = stranger.start();
    let mut client = world.client();
    client.send([SEVEN, &get("/open/a")].concat());
    assert!(client.answer().is_none());
    assert!(app.received().is_empty());
}

#[test]
fn a_preface_that_does_not_come_ends_the_connection() {
    let app = Server::hello();
    let mut plan = plan(&app);
    plan.config.timeouts.request_header = Duration::from_millis(100);
    let world = plan.start();
    let mut client = world.client();
    client.send("PROXY TCP4 192.0.");
    assert!(client.is_closed());
    assert_eq!(status(&world, SEVEN, "/open/a"), 200);
}

#[test]
fn the_preface_comes_before_tls() {
    let app = Server::hello();
    let folder = tempfile::tempdir().unwrap();
    let files = certificate(folder.path(), "front", &["app.test"]);
    let mut plan = plan(&app);
    plan.config.listeners[0].tls = Some(stepgate::gateway::TlsConfig {
        certificates: vec![files.clone()],
        client_ca: None,
        min_version: stepgate::gateway::TlsVersion::Tls12,
    });
    let world = plan.start();
    let asked = get("/desk").replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1);
    let answer = block_on(async {
        let mut stream = TcpStream::connect(world.address()).await.unwrap();
        stream.write_all(SEVEN.as_bytes()).await.unwrap();
        let tls = tls_over(stream, "app.test", &files.cert, b"http/1.1").await;
        let mut tls = tls.unwrap();
        tls.write_all(asked.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = tls.read_to_end(&mut answer).await;
        answer
    });
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    assert_eq!(app.received()[0].one("x-forwarded-for"), Some("192.0.2.7"));
}
