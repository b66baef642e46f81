//! What a rule asks of the steps of a session, over real sockets: before an identity service that
//! is told what to say, and with the one in the same process.

use std::fs;
use std::net::SocketAddr;

use jiff::SignedDuration;
use serde_json::{Value, json};
use stepgate::identity::credential::totp::TotpSecret;

use crate::support::client::{Connection, Response};
use crate::support::gateway::{Change, World, now};
use crate::support::identity::{Session, undisclosed};
use crate::support::program::Program;
use crate::support::server::Server;

const RULES: &str = r#"
upstreams:
  bank: { url: UPSTREAM }
requirements:
  sensitive: { required_aal: aal2, required_methods: { any_of: [webauthn, totp] } }
defaults: { upstream: bank, required_aal: aal2 }
rules:
  - id: apart
    match: { host: bank.example.com, path: /apart/** }
    required_methods: { distinct_channels: true }
  - id: no-mail
    match: { host: bank.example.com, path: /no-mail/** }
    required_methods: { none_of: [code] }
  - id: key
    match: { host: bank.example.com, path: /key/** }
    max_age_of: { webauthn: 5m }
    reason: Money leaves the bank here.
  - id: sensitive
    match: { host: bank.example.com, path: /sensitive/** }
    require: sensitive
  - id: password
    match: { host: bank.example.com, path: /password/** }
    required_aal: aal1
    required_methods: { all_of: [password] }
  - id: trial
    match: { host: bank.example.com, path: /trial/** }
    max_age: 10m
    mode: report_only
"#;

/// How the steps of a session are told: method, level, and how many seconds ago.
type Steps<'a> = &'a [(&'a str, &'a str, i64)];

struct Bank(World);

impl Bank {
    fn open() -> Self {
        let change = Change {
            rules: Some(RULES),
            ..Change::default()
        };
        Self(World::with(&change))
    }

    /// From now on everyone has a session with these steps.
    fn after(&self, steps: Steps<'_>) {
        let mut session = Session::new("alice", now());
        let entry = |(method, aal, ago): &(&str, &str, i64)| {
            let at = (now() - SignedDuration::from_secs(*ago)).to_string();
            json!({"method": method, "aal": aal, "completed_at": at})
        };
        session.document["authentication_methods"] = steps.iter().map(entry).collect();
        let has = |level: &str| steps.iter().any(|(_, aal, _)| *aal == level);
        if has("aal1") && has("aal2") {
            session.document["authenticator_assurance_level"] = "aal2".into();
        }
        self.0.identity.says_of_everyone(session.reply());
        self.0.gateway.running.resolver().purge();
    }

    fn refused(&self, target: &str) -> Refused {
        let api = self.0.call(target, "c");
        let browser = self.0.browse(target, "c");
        let error = api.json()["error"].clone();
        let id = error["id"].as_str().unwrap_or_default().to_owned();
        let location = browser.header("location").unwrap_or_default();
        let query = location.split_once('?').map_or("", |(_, query)| query);
        let query = query
            .split_once("return_to")
            .map_or(query, |(query, _)| query);
        Refused {
            id,
            query: query.trim_end_matches('&').to_owned(),
            methods: error["details"]["methods"].clone(),
            challenge: api
                .header("www-authenticate")
                .unwrap_or_default()
                .to_owned(),
        }
    }
}

#[derive(Debug)]
struct Refused {
    id: String,
    /// The parameters of the redirect.
    query: String,
    methods: Value,
    challenge: String,
}

#[test]
fn a_recovery_code_and_a_mailed_code_are_one_channel() {
    let bank = Bank::open();
    bank.after(&[("code_recovery", "aal1", 60), ("code", "aal2", 5)]);
    let refused = bank.refused("/apart/");
    assert_eq!(refused.id, "session_refresh_required", "{refused:?}");
    assert_eq!(refused.query, "refresh=true&aal=aal2");
    assert_eq!(
        refused.methods,
        json!(["totp", "webauthn", "lookup_secret"])
    );

    bank.after(&[("code_recovery", "aal1", 60), ("totp", "aal2", 5)]);
    assert_eq!(bank.0.call("/apart/", "c").status, 200);
}

#[test]
fn a_step_that_does_not_count_is_asked_for_again_although_kratos_is_content() {
    let bank = Bank::open();
    bank.after(&[("password", "aal1", 60), ("code", "aal2", 5)]);
    let refused = bank.refused("/no-mail/");
    assert_eq!(refused.id, "session_aal2_required", "{refused:?}");
    assert_eq!(refused.query, "refresh=true&aal=aal2");
    assert!(
        refused
            .challenge
            .contains("insufficient_user_authentication")
    );
    assert!(refused.challenge.contains("acr_values=\"aal2\""));
    assert_eq!(
        refused.methods,
        json!(["totp", "webauthn", "lookup_secret"])
    );

    bank.after(&[
        ("password", "aal1", 60),
        ("code", "aal2", 5),
        ("totp", "aal2", 1),
    ]);
    assert_eq!(bank.0.call("/no-mail/", "c").status, 200);
}

#[test]
fn a_key_must_have_been_used_this_recently_whatever_else_was() {
    let bank = Bank::open();
    bank.after(&[
        ("password", "aal1", 600),
        ("webauthn", "aal2", 301),
        ("totp", "aal2", 5),
    ]);
    let refused = bank.refused("/key/");
    assert_eq!(refused.id, "session_refresh_required", "{refused:?}");
    assert_eq!(refused.query, "refresh=true&aal=aal2");
    assert_eq!(refused.methods, json!(["webauthn"]));
    assert!(
        refused.challenge.contains("max_age=300"),
        "{}",
        refused.challenge
    );

    bank.after(&[("password", "aal1", 600), ("webauthn", "aal2", 300)]);
    assert_eq!(bank.0.call("/key/", "c").status, 200);
    bank.0
        .gateway
        .clock
        .advance(std::time::Duration::from_secs(1));
    assert_eq!(
        bank.0.call("/key/", "c").status,
        401,
        "judged by the time of the request"
    );
}

#[test]
fn first_factors_are_asked_for_as_first_factors() {
    let bank = Bank::open();
    bank.after(&[("oidc", "aal1", 5)]);
    let refused = bank.refused("/password/");
    assert_eq!(refused.id, "session_refresh_required", "{refused:?}");
    assert_eq!(
        (&*refused.query, &refused.methods),
        ("refresh=true", &json!(["password"]))
    );
    assert!(
        !refused.challenge.contains("acr_values"),
        "{}",
        refused.challenge
    );
}

#[test]
fn a_session_that_is_not_told_steps_up_by_the_methods_of_the_rule() {
    let bank = Bank::open();
    bank.0.identity.says_of_everyone(undisclosed());
    let refused = bank.refused("/sensitive/");
    assert_eq!(refused.id, "session_aal2_required", "{refused:?}");
    assert_eq!(refused.query, "aal=aal2");
    assert_eq!(refused.methods, json!(["totp", "webauthn"]));
}

#[test]
fn whoever_comes_back_by_the_same_method_again_and_again_gets_an_explanation() {
    let bank = Bank::open();
    let mut cookie = String::from("ory_kratos_session=c");
    let mut statuses = Vec::new();
    for ago in [50, 40, 30] {
        // The code is proved anew each time, and never the key.
        bank.after(&[("password", "aal1", 60), ("code", "aal2", ago)]);
        let headers = [("Accept", "text/html"), ("Cookie", &*cookie)];
        let answer = bank.0.gateway.get("/key/", &headers);
        statuses.push(answer.status);
        if let Some(guard) = answer.header("set-cookie") {
            let guard = guard.split(';').next().unwrap();
            cookie = format!("ory_kratos_session=c; {guard}");
        } else {
            assert!(
                answer.text().contains("Money leaves the bank here."),
                "{}",
                answer.text()
            );
        }
    }
    assert_eq!(statuses, [303, 303, 403]);
}

#[test]
fn a_rule_that_only_reports_lets_pass_with_the_verified_identity_or_none() {
    let bank = Bank::open();
    assert_eq!(bank.0.call("/trial/", "nobody").status, 200);
    bank.after(&[("password", "aal1", 5)]);
    assert_eq!(bank.0.call("/trial/", "c").status, 200);
    let seen = bank.0.upstream.received();
    assert_eq!(seen[0].one("x-user-id"), None);
    assert_eq!(seen[1].one("x-user-id"), Some("alice"));
    // Nothing is in force, but an outage is no decision.
    bank.0
        .identity
        .says_of_everyone(crate::support::reply::Reply::json(
            "500 Internal Server Error",
            "{}",
        ));
    bank.0.gateway.running.resolver().purge();
    assert_eq!(bank.0.call("/trial/", "c").status, 503);
}

const EMBEDDED: &str = "
version: 1
proxy: { listen: 127.0.0.1:0 }
identity:
  embedded:
    kratos:
      session: { whoami: { required_aal: aal1 } }
      selfservice: { methods: { totp: { enabled: true } } }
admin: { listen: null }
telemetry: { access_log: { output: access.log } }
";

struct Embedded {
    program: Program,
    proxy: SocketAddr,
    _upstream: Server,
}

impl Embedded {
    fn start() -> Self {
        let upstream = Server::hello();
        let rules = format!(
            "upstreams: {{ app: {{ url: {} }} }}\n\
             defaults: {{ upstream: app, required_aal: aal1 }}\n\
             rules:\n\
             - {{ id: key, match: {{ path: /key }}, required_methods: {{ any_of: [webauthn] }} }}\n\
             - {{ id: app, match: {{ path: /app }}, required_methods: {{ any_of: [totp] }} }}\n\
             - {{ id: firm, match: {{ path: /firm }}, enrol: deny,\n\
             \x20   required_methods: {{ any_of: [webauthn] }} }}\n\
             - {{ id: other, match: {{ path: /other }}, required_aal: aal2,\n\
             \x20   required_methods: {{ none_of: [totp] }} }}\n\
             - {{ id: trial, match: {{ path: /trial }}, required_aal: aal2, mode: report_only }}\n",
            upstream.url()
        );
        let files = [("stepgate.yaml", EMBEDDED), ("rules/app.yaml", &*rules)];
        let program = Program::serve(&files);
        Self {
            proxy: program.addresses("proxy")[0],
            program,
            _upstream: upstream,
        }
    }

    fn ask(&self, method: &str, target: &str, token: &str, body: &str) -> Response {
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

    fn get(&self, target: &str, token: &str) -> Response {
        self.ask("GET", target, token, "")
    }

    /// Opens a native flow and submits it.
    fn flow(&self, kind: &str, token: &str, mut answer: Value) -> Value {
        let flow = self
            .get(&format!("/auth/self-service/{kind}/api"), token)
            .json();
        let action = flow["ui"]["action"].as_str().expect("an action");
        let target = action.split_once(&self.proxy.port().to_string()).unwrap().1;
        let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
        let secret = nodes
            .iter()
            .find(|node| node["attributes"]["id"] == "totp_secret_key");
        if let Some(text) = secret.and_then(|node| node["attributes"]["text"]["text"].as_str()) {
            let step = jiff::Timestamp::now().as_second() / 30;
            answer["totp_code"] = TotpSecret::from_base32(text).unwrap().code(step).into();
        }
        let done = self.ask("POST", target, token, &answer.to_string());
        assert_eq!(done.status, 200, "{}", done.text());
        done.json()
    }

    fn refused(&self, target: &str, token: &str) -> (u16, String, Value) {
        let answer = self.get(target, token);
        let methods = answer.json()["error"]["details"]["methods"].clone();
        (answer.status, answer.error_id(), methods)
    }
}

#[test]
fn the_service_in_the_same_process_tells_exactly_which_factor_is_missing() {
    let gate = Embedded::start();
    let traits = json!({"email": "ada@steps.example"});
    let password = "lively-otter-quartz";
    gate.flow(
        "registration",
        "",
        json!({"method": "password", "traits": traits, "password": password}),
    );
    let credentials =
        json!({"method": "password", "identifier": "ada@steps.example", "password": password});
    let signed_in = gate.flow("login", "", credentials);
    let token = signed_in["session_token"].as_str().expect("a token");
    let missing = (403, "second_factor_required".to_owned(), json!(["totp"]));
    assert_eq!(gate.refused("/app", token), missing);
    assert_eq!(gate.get("/trial", token).status, 200);

    gate.flow("settings", token, json!({"method": "totp"}));
    assert_eq!(gate.get("/app", token).status, 200);
    // An app is set up, but no key.
    let missing = (
        403,
        "second_factor_required".to_owned(),
        json!(["webauthn"]),
    );
    assert_eq!(gate.refused("/key", token), missing);
    assert_eq!(gate.get("/firm", token).error_id(), "access_denied");
    let (status, id, _) = gate.refused("/other", token);
    assert_eq!((status, &*id), (403, "second_factor_required"));
    assert_eq!(gate.get("/trial", token).status, 200);

    let log = gate.program.folder().join("access.log");
    let lines = || -> Vec<Value> {
        let text = fs::read_to_string(&log).unwrap_or_default();
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines
            .filter(|line: &Value| line["rule"] == "trial")
            .collect()
    };
    assert!(
        crate::support::eventually(|| lines().len() == 2),
        "{:?}",
        lines()
    );
    let [before, after] = &lines()[..] else {
        panic!()
    };
    assert_eq!(
        (&before["decision"], &before["reported"]),
        (&json!("enrol"), &json!(true))
    );
    assert_eq!(before["status"], 200);
    assert_eq!(
        (&after["decision"], &after["reported"]),
        (&json!("allow"), &Value::Null)
    );
}
