//! Expressions over the wire: conditions of rules, values of identity headers.

mod headers;

use serde_json::{Value, json};

use crate::support::client;
use crate::support::eventually;
use crate::support::gateway::{Change, HOST, World, now, session};
use crate::support::identity::{Identity, Session};
use crate::support::message::Response;
use crate::support::program::Program;
use crate::support::server::Server;

const RULES: &str = r#"
upstreams:
  bank: { url: UPSTREAM }
defaults: { upstream: bank, required_aal: aal1 }
rules:
  - id: desk
    match: { host: bank.example.com, path: /desk/** }
    condition: session.identity.traits.role == "teller"
  - id: methods
    match: { host: bank.example.com, path: /methods/** }
    condition: '"totp" in session.methods && session.authentication_methods.exists(m, m.aal == "aal2")'
  - id: request
    match: { host: bank.example.com, path: /request/** }
    condition: >-
      request.method in ["GET", "PUT"] && request.path.matches("^/request/[0-9]+$")
      && request.query.lang == "d\u00e9" && request.headers["x-client"] == "app"
      && request.ip == "127.0.0.1" && request.host == "bank.example.com" && request.scheme == "http"
  - id: recent
    match: { host: bank.example.com, path: /recent/** }
    condition: now - timestamp(session.authenticated_at) < duration("10m")
  - id: not-blocked
    match: { host: bank.example.com, path: /open/** }
    condition: '!has(session.identity.traits.blocked) && session.identity.traits.role != "none"'
  - id: public
    match: { host: bank.example.com, path: /public/** }
    required_aal: none
    condition: request.query.key == "sesame"
  - id: known
    match: { host: bank.example.com, path: /known/** }
    required_aal: none
    identify: true
    condition: session == null || session.identity.traits.role == "teller"
  - id: strong
    match: { host: bank.example.com, path: /strong/** }
    required_aal: aal2
    condition: session.identity.traits.role == "teller"
  - id: shadow
    match: { host: bank.example.com, path: /shadow/** }
    condition: "false"
    mode: report_only
"#;

fn world() -> World {
    World::with(&Change {
        rules: Some(RULES),
        ..Change::default()
    })
}

fn person(traits: Value) -> Session {
    Session::new("alice", now()).with("/identity/traits", traits)
}

fn teller() -> Session {
    person(json!({"role": "teller"}))
}

/// The status for a session cookie, and for the same session by its token.
fn both(world: &World, target: &str) -> u16 {
    let cookie = world.call(target, "c").status;
    let token = world
        .gateway
        .get(target, &[("X-Session-Token", "c")])
        .status;
    assert_eq!(cookie, token, "{target}");
    cookie
}

#[test]
fn a_desk_is_for_tellers() {
    let world = world();
    world.identity.says("c", teller().reply());
    assert_eq!(both(&world, "/desk/1"), 200);
    world
        .identity
        .says("d", person(json!({"role": "clerk"})).reply());
    let refused = world.call("/desk/1", "d");
    assert_eq!(
        (refused.status, refused.error_id().as_str()),
        (403, "access_denied")
    );
    assert_eq!(world.browse("/desk/1", "d").status, 403);
    assert!(
        world
            .upstream
            .received()
            .iter()
            .all(|seen| seen.header("x-user-id") == Some("alice"))
    );
    // Who has no session is asked to log in first, whatever the condition says.
    assert_eq!(world.gateway.get("/desk/1", &[]).status, 401);
    // So is who has too weak a one: the condition comes after the level.
    let weak = world.call("/strong/", "c");
    assert_eq!(
        (weak.status, weak.error_id().as_str()),
        (403, "second_factor_required")
    );
}

#[test]
fn what_is_missing_or_of_the_wrong_type_denies() {
    let world = world();
    for traits in [
        json!({}),
        json!({"role": null}),
        json!({"role": ["teller"]}),
        json!({"role": {"teller": true}}),
        json!({"role": 5}),
        json!({"role": true}),
        json!([]),
        json!("teller"),
        json!(null),
    ] {
        world.identity.says("c", person(traits.clone()).reply());
        assert_eq!(both(&world, "/desk/1"), 403, "{traits}");
        world.gateway.running.resolver().purge();
    }
    // Not even where the condition only says what must not be.
    for (traits, status) in [
        (json!({"role": "clerk"}), 200),
        (json!({"role": "none"}), 403),
        (json!({"role": ["none"]}), 403),
        (json!({}), 403),
        (json!({"role": "clerk", "blocked": false}), 403),
    ] {
        world.identity.says("c", person(traits.clone()).reply());
        assert_eq!(both(&world, "/open/"), status, "{traits}");
        world.gateway.running.resolver().purge();
    }
}

#[test]
fn methods_and_times_of_the_session_count() {
    let world = world();
    world.identity.says("c", teller().reply());
    assert_eq!(both(&world, "/methods/"), 403);
    world.identity.says("c", teller().aal2().reply());
    assert_eq!(both(&world, "/methods/"), 200);
    assert_eq!(both(&world, "/recent/"), 200);
    world
        .identity
        .says("d", teller().authenticated_ago(601).reply());
    assert_eq!(world.call("/recent/", "d").status, 403);
}

#[test]
fn a_step_up_counts_for_a_condition_at_the_very_next_request() {
    let world = world();
    world
        .identity
        .says("c", person(json!({"role": "clerk"})).reply());
    assert_eq!(world.call("/desk/1", "c").status, 403);
    // A refusal never rests on what was known before.
    world.identity.says("c", teller().reply());
    assert_eq!(world.call("/desk/1", "c").status, 200);
}

#[test]
fn the_request_counts_in_each_of_its_parts() {
    let world = world();
    // Each refusal asks anew, which is limited for one credential: everybody has their own here.
    let count = std::cell::Cell::new(0);
    let next = || {
        count.set(count.get() + 1);
        let name = format!("c{}", count.get());
        world.identity.says(&name, teller().reply());
        session(&name)
    };
    let ask = |method: &str, target: &str, client: &str| {
        let cookie = next();
        let headers = [
            ("Cookie", cookie.as_str()),
            ("X-Client", client),
            ("X-Client", "second"),
        ];
        world.gateway.ask(method, target, &headers).status
    };
    let good = "/request/7?lang=d%C3%A9&lang=xx";
    assert_eq!(ask("GET", good, "app"), 200);
    assert_eq!(ask("PUT", good, "app"), 200);
    assert_eq!(ask("DELETE", good, "app"), 403);
    assert_eq!(ask("GET", good, "other"), 403);
    assert_eq!(ask("GET", "/request/7?lang=xx&lang=d%C3%A9", "app"), 403);
    assert_eq!(ask("GET", "/request/7", "app"), 403);
    assert_eq!(ask("GET", "/request/seven?lang=d%C3%A9", "app"), 403);
    let cookie = next();
    let without = [("Cookie", cookie.as_str())];
    assert_eq!(world.gateway.get(good, &without).status, 403);
}

#[test]
fn public_rules_can_have_conditions_too() {
    let world = world();
    assert_eq!(world.gateway.get("/public/?key=sesame", &[]).status, 200);
    for target in [
        "/public/",
        "/public/?key=",
        "/public/?key=other",
        "/public/?Key=sesame",
    ] {
        assert_eq!(world.gateway.get(target, &[]).status, 403, "{target}");
    }
    assert_eq!(world.identity.calls(), 0);
    assert_eq!(world.gateway.get("/known/", &[]).status, 200);
    world.identity.says("c", teller().reply());
    world
        .identity
        .says("d", person(json!({"role": "clerk"})).reply());
    assert_eq!(both(&world, "/known/"), 200);
    assert_eq!(world.call("/known/", "d").status, 403);
}

#[test]
fn while_nobody_can_say_who_asks_no_condition_is_met() {
    let world = world();
    let down = crate::support::reply::Reply::json("500 Internal Server Error", "{}");
    world.identity.says("c", down);
    assert_eq!(world.call("/known/", "c").status, 503);
    assert_eq!(world.call("/desk/1", "c").status, 503);
    assert!(world.upstream.received().is_empty());
}

#[test]
fn a_rule_that_only_reports_lets_through_what_its_condition_refuses() {
    let world = world();
    world.identity.says("c", teller().reply());
    assert_eq!(both(&world, "/shadow/"), 200);
}

#[test]
fn traits_that_make_a_condition_costly_are_refused_soon() {
    let rules = r#"
upstreams:
  bank: { url: UPSTREAM }
rules:
  - id: pairs
    match: { host: bank.example.com, path: /** }
    required_aal: aal1
    upstream: bank
    condition: >-
      session.identity.traits.groups.all(a, session.identity.traits.groups.exists(b,
      session.identity.traits.groups.exists(c, a + b != c)))
      && !session.identity.traits.note.matches("(x+x+)+y")
"#;
    let world = World::with(&Change {
        rules: Some(rules),
        ..Change::default()
    });
    let groups: Vec<String> = (0..3_000).map(|number| format!("group-{number}")).collect();
    let traits = json!({"groups": groups, "note": "x".repeat(20_000)});
    world.identity.says("c", person(traits).reply());
    let start = std::time::Instant::now();
    for _ in 0..20 {
        assert_eq!(both(&world, "/"), 403);
        world
            .gateway
            .clock
            .advance(std::time::Duration::from_secs(1));
    }
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

/// The program itself before an identity service, so that its log can be read.
struct Served {
    program: Program,
    identity: Identity,
    upstream: Server,
}

impl Served {
    fn with(condition: &str) -> Self {
        let (identity, upstream) = (Identity::start(), Server::hello());
        let stepgate = format!(
            "version: 1\nproxy: {{ listen: [{{ address: \"127.0.0.1:0\" }}], workers: 1 }}\n\
             identity: {{ external: {{ public_url: \"{}\" }} }}\n\
             telemetry: {{ log: {{ format: json }}, access_log: {{ output: null }} }}\n\
             admin: {{ listen: null }}\n",
            identity.url()
        );
        let rules = rule(&upstream, condition);
        let files = [
            ("stepgate.yaml", stepgate.as_str()),
            ("rules/test.yaml", &rules),
        ];
        Self {
            program: Program::serve(&files),
            identity,
            upstream,
        }
    }

    fn call(&self, target: &str) -> Response {
        let address = self.program.addresses("proxy")[0];
        client::ask(address, "GET", target, HOST, &[("Cookie", &session("c"))])
    }
}

fn rule(upstream: &Server, condition: &str) -> String {
    format!(
        "upstreams: {{ bank: {{ url: \"{}\" }} }}\nrules:\n  - id: desk\n    match: {{ host: \
         {HOST}, path: /** }}\n    required_aal: aal1\n    upstream: bank\n{condition}",
        upstream.url()
    )
}

#[test]
fn a_condition_without_an_answer_is_logged_once_and_says_nothing_of_the_person() {
    let served = Served::with("    condition: session.identity.traits.role == \"teller\"\n");
    let wrong = person(json!({"role": ["very-secret-value"], "other": "another-secret"}));
    // The program's clock is the real one.
    let wrong = wrong.with("/expires_at", json!("2999-01-01T00:00:00Z"));
    served.identity.says("c", wrong.reply());
    for _ in 0..5 {
        assert_eq!(served.call("/?q=query-secret").status, 403);
    }
    assert!(eventually(|| served.program.says("\"wrong_type\"")));
    let output = served.program.output();
    let lines = output
        .lines()
        .filter(|line| line.contains("\"wrong_type\""));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("\"desk\""), "{lines:#?}");
    for secret in [
        "very-secret-value",
        "another-secret",
        "query-secret",
        "teller",
    ] {
        assert!(!output.contains(secret), "{secret}: {output}");
    }
}

#[test]
fn sessions_that_were_kept_for_other_rules_are_asked_for_again() {
    let served = Served::with("");
    let known = person(json!({"role": "clerk", "blocked": true}));
    let known = known.with("/expires_at", json!("2999-01-01T00:00:00Z"));
    served.identity.says("c", known.reply());
    assert_eq!(served.call("/").status, 200);
    assert_eq!(served.call("/").status, 200);
    assert_eq!(served.identity.calls(), 1);
    let reload = |condition: &str, generation: u64| {
        let rules = rule(&served.upstream, condition);
        served.program.write("rules/test.yaml", &rules);
        served.program.signal("HUP");
        let applied = format!("\"generation\":{generation}");
        assert!(
            eventually(|| served.program.says(&applied)),
            "{}",
            served.program.output()
        );
    };
    // What was kept had no traits at all: it must not look as if nobody were blocked.
    reload(
        "    condition: '!has(session.identity.traits.blocked)'\n",
        2,
    );
    assert_eq!(served.call("/").status, 403);
    reload(
        "    condition: session.identity.traits.role == \"clerk\"\n",
        3,
    );
    let before = served.identity.calls();
    assert_eq!(served.call("/").status, 200);
    assert_eq!(served.call("/").status, 200);
    assert_eq!(served.identity.calls(), before + 1);
}
