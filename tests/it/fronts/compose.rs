//! deploy/compose: the files themselves, and a whole journey through the programs that they start.
//! No container engine is needed: the same programs run with the same files, on other addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::caddy::{self, Caddy};
use super::process::Started;
use super::{deployed, find};
use crate::support::bank::{Bank, Body, enrol};
use crate::support::client::{Connection, Response};
use crate::support::program::Program;
use stepgate::document::{Problems, Source, parse};

const HOST: &str = "localhost:8000";

fn composition() -> Value {
    let text = deployed::file("compose/compose.yaml", &[]);
    let mut problems = Problems::new();
    let root = parse(&Source::new("compose.yaml", &text), &mut problems);
    assert!(problems.iter().next().is_none(), "{problems:?}");
    root.expect("a document").to_json()
}

fn services(composition: &Value) -> impl Iterator<Item = (&String, &Value)> {
    composition["services"]
        .as_object()
        .expect("services")
        .iter()
}

fn texts(list: &Value) -> Vec<&str> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).collect()
}

#[test]
fn every_service_of_the_composition_runs_with_as_little_as_it_needs() {
    let composition = composition();
    for (name, service) in services(&composition) {
        assert_eq!(service["read_only"], json!(true), "{name}");
        assert_eq!(texts(&service["cap_drop"]), ["ALL"], "{name}");
        let options = texts(&service["security_opt"]);
        assert!(options.contains(&"no-new-privileges:true"), "{name}");
        let user = service["user"].as_str().expect("a user");
        assert!(!user.starts_with('0') && user != "root", "{name}");
        assert!(service.get("privileged").is_none(), "{name}");
        assert!(service.get("network_mode").is_none(), "{name}");
    }
    let published = services(&composition).filter(|(_, service)| service.get("ports").is_some());
    let published: Vec<&String> = published.map(|(name, _)| name).collect();
    assert_eq!(published, ["caddy"], "nobody gets past Caddy");
    for port in texts(&composition["services"]["caddy"]["ports"]) {
        assert!(
            port.starts_with("127.0.0.1:"),
            "{port} is open to everybody"
        );
    }
    assert_eq!(composition["networks"]["inside"]["internal"], json!(true));
}

/// The keys that the Compose specification has for a service, of those that are used.
const KEYS: [&str; 17] = [
    "build",
    "cap_add",
    "cap_drop",
    "command",
    "depends_on",
    "environment",
    "healthcheck",
    "image",
    "networks",
    "ports",
    "read_only",
    "restart",
    "security_opt",
    "stop_grace_period",
    "tmpfs",
    "user",
    "volumes",
];

#[test]
fn whatever_the_composition_names_is_there() {
    let composition = composition();
    let known = BTreeSet::from(KEYS);
    let declared = |kind: &str, name: &str| composition[kind].get(name).is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/compose");
    for (name, service) in services(&composition) {
        for key in service.as_object().expect("a service").keys() {
            assert!(known.contains(key.as_str()), "{name}: {key}");
        }
        for network in texts(&service["networks"]) {
            assert!(declared("networks", network), "{name}: {network}");
        }
        for volume in texts(&service["volumes"]) {
            let source = volume.split(':').next().expect("a source");
            if source.starts_with('.') {
                assert!(folder.join(source).exists(), "{name}: {source}");
                assert!(volume.ends_with(":ro"), "{name}: {volume} could be written");
            } else {
                assert!(declared("volumes", source), "{name}: {source}");
            }
        }
        let needed = service["depends_on"].as_object().into_iter().flatten();
        for (other, how) in needed {
            let other = &composition["services"][other];
            let healthy = how["condition"] == json!("service_healthy");
            assert!(
                other.is_object() && (!healthy || other["healthcheck"].is_object()),
                "{name}"
            );
        }
        if let Some(build) = service["build"].as_str() {
            assert!(folder.join(build).join("Dockerfile").exists(), "{name}");
        }
    }
}

/// The range of the inner network is the one that Stepgate believes.
#[test]
fn the_network_of_the_composition_is_the_one_that_is_believed() {
    let composition = composition();
    let subnet = &composition["networks"]["inside"]["ipam"]["config"][0]["subnet"];
    let subnet = subnet.as_str().expect("a range");
    let config = deployed::file("compose/stepgate.yaml", &[]);
    let believed = format!("trusted_proxies: [{subnet}]");
    assert_eq!(config.matches(&believed).count(), 2, "{believed}");
}

/// What runs: the bank, Stepgate and Caddy, each with its own file.
struct Running {
    front: Started,
    _stepgate: Program,
    _bank: Program,
}

fn arguments(service: &str, changes: &[(&str, &str)]) -> Vec<String> {
    let composition = composition();
    let command = texts(&composition["services"][service]["command"]);
    let words = command.iter().map(|word| {
        let mut word = (*word).to_owned();
        for (from, to) in changes {
            word = word.replace(from, to);
        }
        word
    });
    words.collect()
}

fn start() -> Option<Running> {
    let program = find(&Caddy)?;
    let words = arguments("bank", &[("0.0.0.0:8080", "127.0.0.1:0")]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let bank = Program::run(&words, "\"listening\"");
    let application = bank.addresses("bank")[0].to_string();
    let config = deployed::file(
        "compose/stepgate.yaml",
        &[
            ("0.0.0.0:4455", "127.0.0.1:0"),
            ("0.0.0.0:4456", "127.0.0.1:0"),
            ("127.0.0.1:4434", "127.0.0.1:0"),
            ("172.31.85.0/28", "127.0.0.0/8"),
            ("sqlite:/var/lib/stepgate/data/", "sqlite:data/"),
        ],
    );
    let rules = deployed::file("compose/rules/bank.yaml", &[("bank:8080", &application)]);
    let stepgate = Program::serve(&[("stepgate.yaml", &config), ("rules/bank.yaml", &rules)]);
    let one = |door: &str| stepgate.addresses(door)[0].to_string();
    let addresses = [
        ("STEPGATE_PROXY", "stepgate:4455", one("proxy")),
        ("STEPGATE_DECISION", "stepgate:4456", one("forward_auth")),
        ("APPLICATION", "bank:8080", application),
    ];
    let composition = composition();
    let told = &composition["services"]["caddy"]["environment"];
    for (name, default, _) in &addresses {
        assert_eq!(told[name], json!(default), "{name}");
    }
    let front = Started::launch(|address, folder| {
        let file = folder.join("Caddyfile");
        let port = format!(":{} {{", address.port());
        let text = deployed::file("caddy/Caddyfile", &[(":8000 {", &port)]);
        std::fs::write(&file, text).unwrap();
        let mut command: Command = caddy::run(&program, &file);
        command.envs(addresses.iter().map(|(name, _, real)| (*name, real)));
        command
    });
    Some(Running {
        front,
        _stepgate: stepgate,
        _bank: bank,
    })
}

/// A browser, as far as it takes to log in: it keeps cookies and asks for pages or JSON.
struct Browser {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn ask(&mut self, method: &str, target: &str, accept: &str, body: &str) -> Response {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut connection = Connection::open(self.address);
        let answer = connection.ask(format!(
            "{method} {target} HTTP/1.1\r\nHost: {HOST}\r\nAccept: {accept}\r\nCookie: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            cookies.join("; "),
            body.len(),
        ));
        for line in answer.headers("set-cookie") {
            let pair = line.split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a name");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    fn page(&mut self, target: &str) -> Response {
        self.ask("GET", target, "text/html", "")
    }

    /// Opens a login flow, submits it and leaves with its cookies.
    fn log_in(&mut self, query: &str, mut submit: Value) {
        let target = format!("/auth/self-service/login/browser{query}");
        let flow = self.ask("GET", &target, "application/json", "");
        assert_eq!(flow.status, 200, "{}", flow.text());
        let flow = flow.json();
        let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
        let csrf = nodes
            .iter()
            .find(|node| node["attributes"]["name"] == "csrf_token");
        submit["csrf_token"] = csrf.expect("a token")["attributes"]["value"].clone();
        let action = flow["ui"]["action"].as_str().expect("an action");
        let target = action.split_once(HOST).expect("our own host").1;
        let answer = self.ask("POST", target, "application/json", &submit.to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

#[test]
fn a_customer_logs_in_and_steps_up_through_the_composition() {
    let Some(running) = start() else {
        return;
    };
    let address = running.front.address;
    let host = HOST.to_owned();
    let bank = Bank { address, host };
    assert_eq!(bank.get("/", None).status, 200, "the front page is open");
    let email = "ada@alder.example";
    let password = "lively-otter-quartz";
    let signed_up = bank.flow(
        "registration",
        "",
        None,
        json!({"method": "password", "traits": {"email": email}, "password": password}),
    );
    let token = signed_up["session_token"].as_str().expect("a token");
    let (secret, step) = enrol(&bank, token);

    let mut browser = Browser {
        address,
        cookies: BTreeMap::new(),
    };
    let sent = browser.page("/accounts");
    let to = sent.header("location").expect("the login").to_owned();
    let login = format!("http://{HOST}/auth/self-service/login/browser?return_to=");
    assert!(sent.status == 303 && to.starts_with(&login), "{to}");
    let credentials = json!({"method": "password", "identifier": email, "password": password});
    browser.log_in("", credentials);
    let accounts = browser.page("/accounts");
    assert_eq!(accounts.status, 200, "{}", accounts.text());
    assert!(accounts.text().contains(email), "the bank knows who it is");

    let sent = browser.page("/transfer");
    let to = sent.header("location").expect("the step-up").to_owned();
    assert!(sent.status == 303 && to.contains("aal=aal2"), "{to}");
    // The code of the next step counts too; the one that enrolled is spent.
    let code = json!({"method": "totp", "totp_code": secret.code(step + 1)});
    browser.log_in("?aal=aal2", code);
    assert_eq!(browser.page("/transfer").status, 200);

    let made = bank.transfer(token);
    assert_eq!(
        made.status,
        303,
        "a program's session is as good: {}",
        made.text()
    );
    let forged = bank.ask("GET", "/accounts", Some("ory_st_nobody"), &Body::None);
    assert_eq!(forged.status, 401);
}
