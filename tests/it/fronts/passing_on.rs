//! Balancers that pass connections on to Stepgate's own proxy and say by PROXY protocol whose they
//! are: everything goes by the address of the client.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::case::case;
use super::certificate::{Certificate, shown};
use super::encrypted::Client;
use super::haproxy::{self, Haproxy};
use super::nginx::{self, Nginx};
use super::process::Started;
use super::world::{HOST, OFFICE, STRANGER, World};
use super::{deployed, find};
use crate::support::client::Connection;
use crate::support::eventually;

/// A client that only the limits are asked about.
const NEIGHBOUR: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4));

fn world() -> World {
    World::with(Timestamp::now(), &behind(""), RULES)
}

fn behind(listener: &str) -> String {
    CONFIG.replace("LISTENER", listener)
}

fn through_haproxy(world: &World, program: &Path) -> Started {
    Started::launch(|address, folder| {
        let listen = (":8000", address);
        let text = deployed::for_world("haproxy/proxy-protocol.cfg", world, listen, &[]);
        haproxy::run(program, folder, &text)
    })
}

#[test]
fn through_haproxy_everything_goes_by_the_clients_address() {
    if let Some(program) = find(&Haproxy) {
        let world = world();
        goes_by_the_clients_address(&world, &through_haproxy(&world, &program));
    }
}

#[test]
fn through_a_stream_of_nginx_everything_goes_by_the_clients_address() {
    let (Some(program), Some(module)) = (find(&Nginx), stream_module()) else {
        return;
    };
    let world = world();
    let started = Started::launch(|address, folder| {
        let part = "PROXY protocol: for what passes bytes on";
        let [example] = &deployed::examples_of("load-balancers.md", part)[..] else {
            panic!("one example");
        };
        let example = example
            .replace(
                "/usr/lib/nginx/modules/ngx_stream_module.so",
                &shown(&module),
            )
            .replace("0.0.0.0:443", &address.to_string())
            .replace(deployed::PROXY, &world.proxy().to_string());
        nginx::run(&program, folder, &format!("{example}events {{}}\n"))
    });
    goes_by_the_clients_address(&world, &started);
}

/// nginx' module for streams, which Debian has in a package of its own.
fn stream_module() -> Option<PathBuf> {
    let folder = std::env::var_os("STEPGATE_FRONTS").map(PathBuf::from);
    let folders = folder.into_iter().chain(["/usr/lib/nginx/modules".into()]);
    let found = folders
        .map(|folder| folder.join("ngx_stream_module.so"))
        .find(|it| it.is_file());
    let required = std::env::var("STEPGATE_TEST_REQUIRE").is_ok_and(|list| list.contains("fronts"));
    assert!(
        found.is_some() || !required,
        "libnginx-mod-stream is not installed"
    );
    if found.is_none() {
        eprintln!("left out: libnginx-mod-stream is not installed");
    }
    found
}

fn get(from: IpAddr, to: SocketAddr, path: &str) -> Option<u16> {
    let lie = "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\nX-Real-IP: 192.0.2.1";
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{lie}\r\nConnection: close\r\n\r\n");
    let mut connection = Connection::open_from(from, to);
    connection.send(request);
    connection.answer().map(|answer| answer.status)
}

fn goes_by_the_clients_address(world: &World, front: &Started) {
    let log = || front.log();
    let ask = |from, path| get(from, front.address, path);
    // Rules.
    assert_eq!(ask(OFFICE, "/office/a"), Some(200), "{}", log());
    assert_eq!(ask(STRANGER, "/office/a"), Some(403));
    // Limits: each address has its own, and no header gets it another one.
    for client in [STRANGER, OFFICE, NEIGHBOUR] {
        assert_eq!(ask(client, "/seldom/a"), Some(200), "{client}");
        assert_eq!(ask(client, "/seldom/a"), Some(429), "{client}");
    }
    // What the application is told.
    let told: Vec<String> = world
        .application
        .received()
        .iter()
        .filter_map(|request| request.one("x-forwarded-for").map(str::to_owned))
        .collect();
    assert_eq!(told, ["127.0.0.3", "127.0.0.2", "127.0.0.3", "127.0.0.4"]);
    // The access log.
    let wanted = addresses([
        ("127.0.0.3", "/office/a", 200),
        ("127.0.0.2", "/office/a", 403),
        ("127.0.0.2", "/seldom/a", 200),
        ("127.0.0.2", "/seldom/a", 429),
        ("127.0.0.3", "/seldom/a", 200),
        ("127.0.0.3", "/seldom/a", 429),
        ("127.0.0.4", "/seldom/a", 200),
        ("127.0.0.4", "/seldom/a", 429),
    ]);
    let in_log = || lines(&world.log(), |line| line["bytes_out"].is_u64());
    assert!(eventually(|| in_log() == wanted), "{:?}", in_log());
    // The audit log, which has what was refused.
    let refused = addresses([("127.0.0.2", "/office/a", 403)]);
    let file = world.folder().join("audit.log");
    let audited = || {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        lines(&text, |line| {
            line["event"] == "refusal" && line["status"] == 403
        })
    };
    assert!(eventually(|| audited() == refused), "{:?}", audited());
}

/// Address, path and status of the records that count.
fn lines(text: &str, counts: impl Fn(&Value) -> bool) -> BTreeSet<(String, String, u64)> {
    let records = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    records
        .filter(|record| counts(record))
        .filter_map(|record: Value| {
            let text = |name: &str| record[name].as_str().map(str::to_owned);
            Some((
                text("client_ip")?,
                text("path")?,
                record["status"].as_u64()?,
            ))
        })
        .collect()
}

fn addresses<const N: usize>(records: [(&str, &str, u64); N]) -> BTreeSet<(String, String, u64)> {
    let owned = |(client, path, status): (&str, &str, u64)| (client.into(), path.into(), status);
    records.map(owned).into()
}

#[test]
fn through_haproxy_a_client_speaks_tls_with_stepgate_and_keeps_its_address() {
    let Some(program) = find(&Haproxy) else {
        return;
    };
    let certificate = Certificate::make();
    let tls = format!(
        ", tls: {{ certificates: [{{ cert: {}, key: {} }}] }}",
        shown(&certificate.file()),
        shown(&certificate.key())
    );
    let world = World::with(Timestamp::now(), &behind(&tls), RULES);
    let haproxy = through_haproxy(&world, &program);
    let client = Client::of(haproxy.address, &certificate);
    let office = case("a network", "GET", "/office/a");
    let from = |address| {
        let case = office.clone().from(address);
        client.ask(&case, 1, &[]).unwrap().0.status
    };
    assert_eq!(from(OFFICE), 200, "{}", haproxy.log());
    assert_eq!(from(STRANGER), 403);
}

/// The balancer is trusted, the clients are not.
const CONFIG: &str = r#"
version: 1
proxy:
  listen: { address: "127.0.0.1:0", proxy_protocol: trueLISTENER }
  trusted_proxies: [127.0.0.1/32]
rules: rules/
reload: { watch: false }
networks: { office: [127.0.0.3/32] }
identity: { external: { public_url: "IDENTITY" } }
admin: { listen: null }
telemetry: { log: { format: json }, audit_log: { output: audit.log } }
"#;

const RULES: &str = r#"
upstreams:
  app: { url: "UPSTREAM" }
defaults: { upstream: app, required_aal: none }
rules:
  - { id: office, match: { host: app.test, path: /office/**, networks: [office] } }
  - id: seldom
    match: { host: app.test, path: /seldom/** }
    limits: { requests: 1 per 1h, per: ip }
"#;
