//! What is explained is what the running gateway does, over real sockets.

use serde_json::json as value;
use stepgate::aal::Aal;

use super::*;
use crate::support::client::{self, Response};
use crate::support::gateway::{Gateway, HOST, now, session};
use crate::support::identity::{Identity, Session, unauthorized};
use crate::support::server::Server;

const RULES: &str = r#"upstreams: { bank: { url: UPSTREAM } }
defaults: { upstream: bank }
rules:
  - { id: assets, match: { host: bank.example.com, path: /static/** }, required_aal: none }
  - { id: bank, match: { host: bank.example.com, path: /** }, required_aal: aal1 }
  - id: transfer
    match: { host: bank.example.com, path: /transfer/**, methods: [POST] }
    required_aal: aal2
    max_age: 10m
  - id: settings
    match: { host: bank.example.com, path: /settings/** }
    required_aal: aal1
    max_age: 1h
  - id: slashes
    match: { host: bank.example.com, path: /slashes/** }
    required_aal: aal1
    merge_slashes: true
    allow_encoded_slash: true
  - id: sealed
    match: { host: bank.example.com, path: /sealed/**, methods: [PUT] }
    required_aal: aal1
  - id: sealed-open
    match: { host: bank.example.com, path: "/{any}/open" }
    required_aal: none
"#;

struct Place {
    identity: Identity,
    _upstream: Server,
    gateway: Gateway,
}

impl Place {
    fn start() -> Self {
        let identity = Identity::start();
        let upstream = Server::hello();
        let stepgate = format!(
            "proxy: {{ listen: 127.0.0.1:0, workers: 1 }}
identity: {{ external: {{ public_url: {}, whoami_required_aal: aal1 }} }}
sessions: {{ refusal_recheck: {{ per_second_per_credential: 10000 }}, misses: {{ per_second_per_address: 10000 }} }}
reload: {{ watch: false }}
telemetry: {{ access_log: {{ output: null }} }}
admin: {{ listen: 127.0.0.1:0 }}
",
            identity.url()
        );
        let gateway = Gateway::start(&stepgate, &RULES.replace("UPSTREAM", &upstream.url()));
        Self {
            identity,
            _upstream: upstream,
            gateway,
        }
    }

    fn admin(&self, method: &str, target: &str, body: &str) -> Response {
        let address = self.gateway.running.address("admin").unwrap();
        let mut connection = client::Connection::open(address.parse().unwrap());
        let length = body.len();
        connection.ask(format!(
            "{method} {target} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ))
    }

    /// What the admin listener says of a request.
    fn explained(&self, body: &Json) -> Json {
        let answer = self.admin("POST", "/stepgate/v1/explain", &body.to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}

/// People, as whoami tells of them and as a case does.
fn people() -> Vec<(&'static str, Option<Session>, Json)> {
    let of = |level: Aal, age: i64| {
        let one = Session::new("ada", now());
        let session = if level == Aal::Aal2 { one.aal2() } else { one };
        let methods = match level {
            Aal::Aal2 => value!(["password", "totp"]),
            Aal::Aal0 | Aal::Aal1 => value!(["password"]),
        };
        let told = value!({
            "aal": level.as_str(), "methods": methods, "authenticated": format!("{age}s"),
            "second_factors": "unknown",
        });
        (Some(session.authenticated_ago(age)), told)
    };
    let mut people = vec![("nobody", None, Json::Null)];
    for (name, level, age) in [
        ("aal1-new", Aal::Aal1, 5),
        ("aal1-old", Aal::Aal1, 7200),
        ("aal2-new", Aal::Aal2, 5),
        ("aal2-middling", Aal::Aal2, 900),
        ("aal2-old", Aal::Aal2, 7200),
    ] {
        let (session, told) = of(level, age);
        people.push((name, session, told));
    }
    people
}

const REQUESTS: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/static/logo.svg"),
    ("POST", "/static/logo.svg"),
    ("GET", "/STATIC/logo.svg"),
    ("GET", "/static;v=1/logo.svg"),
    ("GET", "/static%2Flogo.svg"),
    ("GET", "/transfer/1"),
    ("POST", "/transfer/1"),
    ("POST", "/transfer"),
    ("POST", "/Transfer/1"),
    ("POST", "/transfer/1;x=1/"),
    ("POST", "/%74ransfer/1"),
    ("GET", "/settings"),
    ("POST", "/settings/name?next=/x"),
    ("GET", "/settingsx"),
    ("GET", "/slashes//a"),
    ("GET", "/slashes/a%2Fb"),
    ("GET", "/a//b"),
    ("PUT", "/sealed/open"),
    ("GET", "/sealed/open"),
    ("GET", "/other/open"),
    ("GET", "/a/%2e%2e/b"),
    ("GET", "/a%00"),
    ("DELETE", "/transfer/1"),
    ("OPTIONS", "/accounts"),
];

#[test]
fn explain_agrees_with_the_running_gateway() {
    let place = Place::start();
    let mut compared = 0;
    for (name, told_by_whoami, told) in people() {
        let reply = told_by_whoami.map_or_else(unauthorized, |session| session.reply());
        place.identity.says(name, reply);
        for (method, target) in REQUESTS {
            let request = value!({"method": method, "url": format!("http://{HOST}{target}")});
            let explained = place.explained(&value!({"request": request, "session": told}));
            for (client, accept) in [("browser", "text/html"), ("api", "application/json")] {
                let cookie = session(name);
                let headers = [("Accept", accept), ("Cookie", cookie.as_str())];
                let answer = place.gateway.ask(method, target, &headers);
                let context = format!("{name} {method} {target} {client}: {explained}");
                let expected = &explained[client];
                let status = expected["status"].as_u64().unwrap_or(200);
                assert_eq!(u64::from(answer.status), status, "{context}");
                if client == "browser" {
                    assert_eq!(
                        answer.header("location"),
                        expected["location"].as_str(),
                        "{context}"
                    );
                } else if !expected["id"].is_null() {
                    assert_eq!(answer.json()["error"]["id"], expected["id"], "{context}");
                }
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 6 * REQUESTS.len() * 2);
}

#[test]
fn a_question_is_asked_in_a_query_or_in_a_body() {
    let place = Place::start();
    let query = format!(
        "/stepgate/v1/explain?url=http%3A%2F%2F{HOST}%2Ftransfer&method=POST&aal=aal2\
         &methods=password%402h,totp%4020m&second_factors=totp&authenticated_at=20m&ip=192.0.2.7\
         &header=X-A%3A+b&traits=%7B%7D"
    );
    let asked = place.admin("GET", &query, "").json();
    assert_eq!(asked["decision"], "refresh", "{asked}");
    let flat = value!({
        "url": format!("http://{HOST}/transfer"), "method": "POST", "aal": "aal2",
        "methods": ["password", "totp"], "authenticated_at": "20m", "second_factors": ["totp"],
    });
    assert_eq!(place.explained(&flat)["decision"], "refresh");
    assert_eq!(place.explained(&flat)["rule"], "transfer");
    let keys: Vec<String> = place
        .explained(&flat)
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(
        keys,
        [
            "decision",
            "rule",
            "considered",
            "requirements",
            "browser",
            "api"
        ]
    );
    for (body, part) in [
        ("{", "can not be read"),
        ("{}", "`url` is missing"),
        ("{\"url\": \"/x\"}", "no URL"),
        (
            "{\"url\": \"http://a.test/\", \"aal\": \"aal9\"}",
            "no level",
        ),
        (
            "{\"url\": \"http://a.test/\", \"session\": \"ada\"}",
            "written out",
        ),
        ("{\"url\": \"http://a.test/\", \"nope\": 1}", "unknown key"),
    ] {
        let refused = place.admin("POST", "/stepgate/v1/explain", body);
        assert_eq!(refused.status, 400, "{body}");
        assert!(refused.text().contains(part), "{body}: {}", refused.text());
    }
    assert_eq!(place.admin("GET", "/stepgate/v1/explain", "").status, 400);
}

#[test]
fn the_page_asks_and_answers_without_script() {
    let place = Place::start();
    let empty = place.admin("GET", "/", "");
    assert_eq!(empty.status, 200);
    let policy = empty.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(!empty.text().contains("<script"), "{}", empty.text());
    let target = format!("/?url=http%3A%2F%2F{HOST}%2Ftransfer&method=POST&aal=aal1&ip=&header=");
    let answered = place.admin("GET", &target, "").text();
    assert!(
        answered.contains(">step_up</span> by rule transfer"),
        "{answered}"
    );
    assert!(answered.contains("401 session_aal2_required"), "{answered}");
    // What was typed comes back as text, whatever it is.
    let hostile = place
        .admin("GET", "/?url=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "")
        .text();
    assert!(!hostile.contains("<script"), "{hostile}");
    assert!(hostile.contains("no URL"), "{hostile}");
    assert_eq!(place.admin("GET", "/dashboard.css", "").status, 200);
}

#[test]
fn the_page_stands_behind_the_guard_of_the_admin_listener() {
    let place = Place::start();
    let address = place.gateway.running.address("admin").unwrap();
    for (target, more) in [
        ("/", "Host: rebound.example\r\n"),
        (
            "/?url=http://a.test/",
            "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n",
        ),
        (
            "/stepgate/v1/explain?url=http://a.test/",
            "Host: localhost\r\nOrigin: http://evil.example\r\n",
        ),
    ] {
        let mut connection = client::Connection::open(address.parse().unwrap());
        let head = format!("GET {target} HTTP/1.1\r\n{more}Connection: close\r\n\r\n");
        assert_eq!(connection.ask(head).status, 403, "{target}");
    }
}
