//! The audit log of a running gateway: what people and operators did, in a chain.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::client::{Connection, Response, ask};
use crate::support::program::Program;
use crate::support::server::Server;
use stepgate::identity::credential::totp::TotpSecret;

const PASSWORD: &str = "lively-otter-quartz";
const EMAIL: &str = "ada@audit.example";

const CONFIG: &str = "
version: 1
proxy: { listen: 127.0.0.1:0 }
identity:
  embedded:
    kratos:
      session: { whoami: { required_aal: aal1 } }
      selfservice: { methods: { totp: { enabled: true } } }
admin: { listen: 127.0.0.1:0 }
telemetry: { access_log: { output: null }, audit_log: { output: audit.log } }
";

struct World {
    program: Program,
    proxy: SocketAddr,
    admin: SocketAddr,
    _upstream: Server,
}

impl World {
    fn start() -> Self {
        let upstream = Server::hello();
        let rules = format!(
            "upstreams: {{ app: {{ url: {} }} }}\n\
             defaults: {{ upstream: app }}\n\
             rules:\n\
             - {{ id: app, match: {{ path: /** }}, required_aal: aal1 }}\n\
             - {{ id: safe, match: {{ path: /safe/** }}, required_aal: aal2 }}\n",
            upstream.url()
        );
        let files = [("stepgate.yaml", CONFIG), ("rules/app.yaml", &*rules)];
        let program = Program::serve(&files);
        Self {
            proxy: program.addresses("proxy")[0],
            admin: program.addresses("admin")[0],
            program,
            _upstream: upstream,
        }
    }

    fn ask(&self, method: &str, target: &str, token: &str, body: &Value) -> Response {
        let body = match body.is_null() {
            true => String::new(),
            false => body.to_string(),
        };
        let token = match token {
            "" => String::new(),
            token => format!("X-Session-Token: {token}\r\n"),
        };
        let (port, length) = (self.proxy.port(), body.len());
        Connection::open(self.proxy).ask(format!(
            "{method} {target} HTTP/1.1\r\nHost: localhost:{port}\r\n{token}\
             Accept: application/json\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// Opens a native flow and submits it.
    fn flow(&self, kind: &str, token: &str, answer: &Value) -> Response {
        let flow = self.ask(
            "GET",
            &format!("/auth/self-service/{kind}"),
            token,
            &Value::Null,
        );
        let flow = flow.json();
        let action = flow["ui"]["action"].as_str().expect("an action");
        let target = action.split_once(&self.proxy.port().to_string()).unwrap().1;
        let mut answer = answer.clone();
        if let Some(secret) = secret(&flow) {
            answer["totp_code"] = secret.code(step_now()).into();
        }
        self.ask("POST", target, token, &answer)
    }

    fn log(&self) -> String {
        log(self.program.folder())
    }
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("audit.log")).unwrap()
}

fn step_now() -> i64 {
    jiff::Timestamp::now().as_second() / 30
}

fn secret(flow: &Value) -> Option<TotpSecret> {
    let mut nodes = flow["ui"]["nodes"].as_array()?.iter();
    let node = nodes.find(|node| node["attributes"]["id"] == "totp_secret_key")?;
    TotpSecret::from_base32(node["attributes"]["text"]["text"].as_str()?)
}

fn verify(folder: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stepgate"))
        .args(["audit", "verify", "audit.log"])
        .args(more)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Each event with what it is about: rule, factor or path.
fn told(log: &str) -> Vec<(String, String)> {
    log.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| {
            let about = ["rule", "factor", "path"]
                .iter()
                .find_map(|key| line[key].as_str());
            let event = line["event"].as_str().unwrap().to_owned();
            (event, about.unwrap_or_default().to_owned())
        })
        .collect()
}

#[test]
fn the_log_tells_what_people_and_operators_did_and_no_secret() {
    let mut world = World::start();
    let none = Value::Null;
    assert_eq!(world.ask("GET", "/", "", &none).status, 401);
    assert_eq!(world.ask("GET", "/%2e%2e/etc", "", &none).status, 400);
    let signed_up = world.flow(
        "registration/api",
        "",
        &json!({"method": "password", "traits": {"email": EMAIL}, "password": PASSWORD}),
    );
    assert_eq!(signed_up.status, 200, "{}", signed_up.text());
    let wrong = json!({"method": "password", "identifier": EMAIL, "password": "not-it-at-all"});
    assert_eq!(world.flow("login/api", "", &wrong).status, 400);
    let right = json!({"method": "password", "identifier": EMAIL, "password": PASSWORD});
    let signed_in = world.flow("login/api", "", &right).json();
    let token = signed_in["session_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    assert_eq!(world.ask("GET", "/safe/x", &token, &none).status, 403);
    let enrolled = world.flow("settings/api", &token, &json!({"method": "totp"}));
    assert_eq!(enrolled.status, 200, "{}", enrolled.text());
    assert_eq!(world.ask("GET", "/safe/x", &token, &none).status, 200);
    let gone = world.ask(
        "DELETE",
        "/auth/self-service/logout/api",
        "",
        &json!({"session_token": token}),
    );
    assert_eq!(gone.status, 204, "{}", gone.text());
    let id = signed_in["session"]["identity"]["id"]
        .as_str()
        .expect("an id");
    let path = format!("/admin/identities/{id}");
    let host = format!("localhost:{}", world.admin.port());
    let deleted = ask(world.admin, "DELETE", &path, &host, &[]);
    assert_eq!(deleted.status, 204, "{}", deleted.text());
    world.program.signal("TERM");
    assert!(world.program.wait().expect("it ends").success());

    let log = world.log();
    let about = |event: &str, about: &str| (event.to_owned(), about.to_owned());
    let expected = [
        about("opened", ""),
        about("login_required", "app"),
        about("refusal", ""),
        about("registration", "password"),
        about("login_failed", "password"),
        about("login", "password"),
        about("step_up_required", "safe"),
        about("factor_change", "totp"),
        about("session_ended", ""),
        about("admin", &path),
        about("closed", ""),
    ];
    assert_eq!(told(&log), expected, "{log}");
    for secret in [PASSWORD, "not-it-at-all", &token, EMAIL] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    let folder = world.program.folder();
    let verified = verify(folder, &[]);
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn a_changed_log_is_reported_by_line_and_exit_code() {
    let mut world = World::start();
    for target in ["/a", "/b", "/c"] {
        world.ask("GET", target, "", &Value::Null);
    }
    world.program.signal("TERM");
    assert!(world.program.wait().expect("it ends").success());
    let folder = world.program.folder();
    let changed = log(folder).replace("\"/b\"", "\"/z\"");
    fs::write(folder.join("audit.log"), changed).unwrap();
    let verified = verify(folder, &["--format", "json"]);
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
    let told: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(
        (&told["whole"], &told["flaws"][0]["line"]),
        (&json!(false), &json!(3))
    );
}

#[test]
fn a_killed_gateway_goes_on_with_its_chain() {
    let mut world = World::start();
    world.ask("GET", "/a", "", &Value::Null);
    let told_once = crate::support::eventually(|| world.log().contains("\"/a\""));
    assert!(told_once);
    world.program.kill();
    world.program.start_again();
    world.program.signal("TERM");
    assert!(world.program.wait().expect("it ends").success());
    let folder = world.program.folder();
    let verified = verify(folder, &[]);
    assert!(verified.status.success(), "{verified:?}");
    let events: Vec<String> = told(&log(folder))
        .into_iter()
        .map(|(event, _)| event)
        .collect();
    assert_eq!(events, ["opened", "login_required", "opened", "closed"]);
}
