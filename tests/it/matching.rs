//! Which rule judges a request, over the wire: queries, headers, networks and expressions that are
//! written to be read in more than one way.

use std::time::Duration;

use http::Request;

use crate::gateway::http2::{Body, block_on, h2c};
use crate::support::client::Response;
use crate::support::gateway::{Change, World, now};
use crate::support::identity::Session;

const RULES: &str = r#"
upstreams:
  bank: { url: UPSTREAM }
defaults: { upstream: bank }
networks:
  desk: [192.0.2.0/24]
rules:
  - id: preview
    match: { host: bank.example.com, path: /page/**, query: { preview: "1" } }
    required_aal: none
  - id: page
    match: { host: bank.example.com, path: /page/** }
    required_aal: aal1
  - id: admin-mode
    match: { host: bank.example.com, path: /mode/**, query: { mode: admin } }
    required_aal: aal1
  - id: mode
    match: { host: bank.example.com, path: /mode/** }
    required_aal: none
  - id: app
    match: { host: bank.example.com, path: /app/**, headers: { X-Client: app } }
    required_aal: none
  - id: desk
    match: { host: bank.example.com, path: /desk/**, networks: [desk, office, "2001:db8::/32"] }
    required_aal: none
  - id: report
    match: { host: bank.example.com, path_regex: "/reports/[0-9]{4}/.*" }
    required_aal: aal1
  - id: reports
    match: { host: bank.example.com, path: /reports/** }
    required_aal: none
  - id: shielded
    match: { host: bank.example.com, path: /narrow/**, query: { key: present }, methods: [GET] }
    required_aal: aal1
  - id: public
    match: { host: bank.example.com, path: /** }
    required_aal: none
"#;

fn world(proxy: &[&str]) -> World {
    World::with(&Change {
        rules: Some(RULES),
        proxy,
        sections: "networks: { office: [10.0.0.0/8] }\n",
        ..Change::default()
    })
}

/// What became of a request: `allow`, or the id of the refusal.
fn outcome(response: &Response) -> String {
    match response.status {
        200 => "allow".to_owned(),
        _ => response.json()["error"]["id"].as_str().unwrap().to_owned(),
    }
}

/// A target, headers, and the rule that takes the request.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

fn check(world: &World, table: &[Case<'_>]) {
    for (target, headers, expected) in table {
        let response = world.gateway.get(target, headers);
        assert_eq!(outcome(&response), *expected, "{target} {headers:?}");
    }
}

#[test]
fn a_parameter_opens_only_where_every_reader_sees_it_and_closes_where_one_does() {
    let world = world(&[]);
    let log_in = "session_required";
    check(
        &world,
        &[
            // A public exception: all readers must agree on it.
            ("/page/x?preview=1", &[], "allow"),
            ("/page/x?a=b&preview=1", &[], "allow"),
            ("/page/x?%70review=%31", &[], "allow"),
            ("/page/x?preview=1&preview=1", &[], "allow"),
            ("/page/x", &[], log_in),
            ("/page/x?preview=2", &[], log_in),
            ("/page/x?preview=1&preview=", &[], log_in),
            ("/page/x?preview=&preview=1", &[], log_in),
            ("/page/x?preview=1;a=b", &[], log_in),
            ("/page/x?a=b;preview=1", &[], log_in),
            ("/page/x?Preview=1", &[], log_in),
            ("/page/x?preview[]=1", &[], log_in),
            ("/page/x?apreview=1", &[], log_in),
            // A protected mode: one reader is enough.
            ("/mode/x", &[], "allow"),
            ("/mode/x?mode=user", &[], "allow"),
            ("/mode/x?mode=admin", &[], log_in),
            ("/mode/x?mode=user&mode=admin", &[], log_in),
            ("/mode/x?mode=admin&mode=user", &[], log_in),
            ("/mode/x?a=1;mode=admin", &[], log_in),
            ("/mode/x?m%6Fde=admin", &[], log_in),
            ("/mode/x?MODE=admin", &[], log_in),
            ("/mode/x?mode[]=admin", &[], log_in),
        ],
    );
}

#[test]
fn headers_open_only_where_every_line_says_so() {
    let world = world(&[]);
    check(
        &world,
        &[
            ("/app/x", &[("X-Client", "app")], "allow"),
            (
                "/app/x",
                &[("x-client", "app"), ("X-CLIENT", "app")],
                "allow",
            ),
            // Nothing else covers it but a public rule, which this one shields.
            ("/app/x", &[], "no_rule"),
            ("/app/x", &[("X-Client", "web")], "no_rule"),
            ("/app/x", &[("X-Client", "App")], "no_rule"),
            (
                "/app/x",
                &[("X-Client", "app"), ("X-Client", "web")],
                "no_rule",
            ),
            ("/app/x", &[("X_Client", "app")], "no_rule"),
        ],
    );
}

#[test]
fn a_network_is_the_clients_and_no_stranger_can_claim_it() {
    let claimed: &[(&str, &str)] = &[("X-Forwarded-For", "192.0.2.7")];
    // The test's own address is no network of the rule.
    check(
        &world(&[]),
        &[("/desk/x", &[], "no_rule"), ("/desk/x", claimed, "no_rule")],
    );
    let behind_proxy = world(&["trusted_proxies: [127.0.0.0/8]"]);
    let from = |address: &'static str| {
        let headers = [("X-Forwarded-For", address)];
        outcome(&behind_proxy.gateway.get("/desk/x", &headers))
    };
    for inside in [
        "192.0.2.7",
        "::ffff:192.0.2.7",
        "::ffff:c000:207",
        "10.9.8.7",
        "2001:db8::1",
        "6.6.6.6, 192.0.2.7",
    ] {
        assert_eq!(from(inside), "allow", "{inside}");
    }
    for outside in [
        "192.0.3.1",
        "192.0.2.7, 6.6.6.6",
        "2001:db9::1",
        "::192.0.2.7",
    ] {
        assert_eq!(from(outside), "no_rule", "{outside}");
    }
}

#[test]
fn an_expression_is_matched_on_the_canonical_path_and_on_what_looks_like_it() {
    let world = world(&[]);
    let log_in = "session_required";
    check(
        &world,
        &[
            ("/reports/2026/x", &[], log_in),
            ("/reports/%32026/x", &[], log_in),
            ("/reports/2026/", &[], log_in),
            // To a lax application these are the same.
            ("/Reports/2026/x", &[], log_in),
            ("/reports;v=1/2026/x", &[], log_in),
            ("/reports/2026;x/y", &[], log_in),
            ("/reports/2026", &[], log_in),
            // These are not.
            ("/reports/20267/x", &[], "allow"),
            ("/reports/all/x", &[], "allow"),
            ("/x/reports/2026/x", &[], "allow"),
            ("/reports/2026%2Fx", &[], "ambiguous_request"),
            ("/reports/../reports/2026/x", &[], "ambiguous_request"),
        ],
    );
}

#[test]
fn a_narrowed_rule_shields_its_path_and_405_names_the_method_only_if_it_alone_differs() {
    let world = world(&[]);
    let ask = |method: &str, target: &str| world.gateway.ask(method, target, &[]);
    assert_eq!(outcome(&ask("GET", "/narrow/x?key=1")), "session_required");
    assert_eq!(outcome(&ask("GET", "/narrow/x")), "no_rule");
    assert_eq!(outcome(&ask("DELETE", "/narrow/x")), "no_rule");
    let wrong_method = ask("DELETE", "/narrow/x?key=1");
    assert_eq!(wrong_method.status, 405);
    assert_eq!(wrong_method.header("allow"), Some("GET, HEAD"));
    assert_eq!(outcome(&ask("GET", "/elsewhere")), "allow");
}

const LIMITED: &str = r#"
upstreams:
  bank: { url: UPSTREAM }
defaults: { upstream: bank }
rules:
  - id: by-address
    match: { host: bank.example.com, path: /address/** }
    required_aal: aal1
    limits: { requests: 3 per 1m, per: ip }
  - id: by-session
    match: { host: bank.example.com, path: /session/** }
    required_aal: aal1
    limits: { requests: 2 per 1m, per: session }
"#;

#[test]
fn a_rule_is_used_as_often_as_it_says_and_then_tells_when_to_come_again() {
    let world = World::with(&Change {
        rules: Some(LIMITED),
        proxy: &["trusted_proxies: [127.0.0.0/8]"],
        ..Change::default()
    });
    for person in ["alice", "bob"] {
        let session = Session::new(person, now());
        world.identity.says(person, session.reply());
    }
    let get = |target: &str, person: &str, from: &str| {
        let cookie = crate::support::gateway::session(person);
        let headers = [("Cookie", cookie.as_str()), ("X-Forwarded-For", from)];
        world.gateway.get(target, &headers)
    };
    // Strangers count, and so does the whole /64.
    for from in ["2001:db8::1", "2001:db8::2", "2001:db8::3"] {
        assert_eq!(
            outcome(&get("/address/x", "nobody", from)),
            "session_required"
        );
    }
    let refused = get("/address/x", "alice", "2001:db8::4");
    assert_eq!(refused.status, 429);
    assert_eq!(outcome(&refused), "too_many_requests");
    assert_eq!(refused.header("retry-after"), Some("20"));
    assert_eq!(refused.json()["error"]["rule"], "by-address");
    assert_eq!(
        outcome(&get("/address/x", "alice", "2001:db8:0:1::1")),
        "allow"
    );
    assert_eq!(outcome(&get("/address/x", "alice", "192.0.2.7")), "allow");
    // A session counts by itself, from wherever it comes; other rules count apart.
    for from in ["192.0.2.1", "192.0.2.2"] {
        assert_eq!(outcome(&get("/session/x", "alice", from)), "allow");
    }
    assert_eq!(
        outcome(&get("/session/x", "alice", "192.0.2.3")),
        "too_many_requests"
    );
    assert_eq!(outcome(&get("/session/x", "bob", "192.0.2.3")), "allow");
    let forwarded = world.upstream.received().len();
    world.gateway.clock.advance(Duration::from_secs(30));
    assert_eq!(outcome(&get("/session/x", "alice", "192.0.2.3")), "allow");
    assert_eq!(
        outcome(&get("/session/x", "alice", "192.0.2.3")),
        "too_many_requests"
    );
    assert_eq!(world.upstream.received().len(), forwarded + 1);
}

#[test]
fn http2_is_judged_by_the_same_words() {
    let world = world(&[]);
    block_on(async {
        let mut sender = h2c(world.gateway.address).await;
        for (target, header, expected) in [
            ("/app/x", Some(("x-client", "app")), 200),
            ("/app/x", Some(("x_client", "app")), 403),
            ("/app/x", None, 403),
            ("/page/x?preview=1", None, 200),
            ("/page/x?preview=1&preview=2", None, 401),
            ("/mode/x?mode=user&mode=admin", None, 401),
            ("/reports/2026/x", None, 401),
            ("/Reports/2026/x", None, 401),
            ("/desk/x", Some(("x-forwarded-for", "192.0.2.7")), 403),
        ] {
            let request = Request::get(format!("http://bank.example.com{target}"));
            let request = match header {
                Some((name, value)) => request.header(name, value),
                None => request,
            };
            let answer = sender.send_request(request.body(Body::default()).unwrap());
            assert_eq!(
                answer.await.unwrap().status(),
                expected,
                "{target} {header:?}"
            );
        }
    });
}
