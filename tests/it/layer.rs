//! The decision as a layer of an axum service, over real sockets: the example as it is.

use std::net::SocketAddr;

use stepgate::layer::{Gate, GateLayer};
use tokio::runtime::Runtime;

use crate::support::client::{Response, ask};
use crate::support::gateway::session;
use crate::support::identity::{Identity, Session, undisclosed};

#[path = "../../examples/axum.rs"]
#[allow(dead_code, reason = "its `main` is for people")]
mod example;

const HOST: &str = "app.test";

/// The example between its visitors and a scripted identity service.
struct World {
    identity: Identity,
    address: SocketAddr,
    _runtime: Runtime,
}

impl World {
    fn start() -> Self {
        Self::serving(|identity| example::service(identity, "http://app.test").unwrap())
    }

    fn serving(service: impl FnOnce(&str) -> axum::Router) -> Self {
        let identity = Identity::start();
        let runtime = Runtime::new().unwrap();
        let address = runtime.block_on(async {
            let service = service(&identity.url());
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let service = service.into_make_service_with_connect_info::<SocketAddr>();
            drop(runtime.spawn(async move { axum::serve(listener, service).await }));
            address
        });
        Self {
            identity,
            address,
            _runtime: runtime,
        }
    }

    fn get(&self, target: &str, headers: &[(&str, &str)]) -> Response {
        ask(self.address, "GET", target, HOST, headers)
    }

    fn call(&self, target: &str, cookie: &str) -> Response {
        let cookie = session(cookie);
        self.get(
            target,
            &[("Accept", "application/json"), ("Cookie", &cookie)],
        )
    }
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[test]
fn a_service_with_the_layer_knows_who_asks_and_serves_nobody_else() {
    let world = World::start();
    world
        .identity
        .says("ada", Session::new("ada", now()).reply());
    let nobody = world.get("/account", &[]);
    assert_eq!(
        (nobody.status, &*nobody.error_id()),
        (401, "session_required")
    );
    let ada = world.call("/account", "ada");
    assert_eq!(ada.status, 200, "{}", ada.text());
    assert!(ada.text().starts_with("the account of "), "{}", ada.text());
    let home = world.get("/", &[]);
    assert_eq!((home.status, home.text().as_str()), (200, "welcome"));
    assert!(world.call("/", "ada").text().starts_with("welcome back"));
    assert_eq!(world.get("/none", &[]).status, 403);
}

#[test]
fn a_service_with_the_layer_sends_people_to_the_second_factor_and_programs_a_challenge() {
    let world = World::start();
    world.identity.says("half", undisclosed());
    let aal2 = Session::new("full", now()).aal2();
    world.identity.says("full", aal2.reply());
    let challenged = world.call("/transfer", "half");
    assert_eq!(challenged.status, 401);
    let challenge = challenged.header("www-authenticate").unwrap();
    assert!(
        challenge.contains("insufficient_user_authentication"),
        "{challenge}"
    );
    let cookie = session("half");
    let person = [("Accept", "text/html"), ("Cookie", cookie.as_str())];
    let sent = world.get("/transfer?to=7", &person);
    assert_eq!(sent.status, 303);
    let location = sent.header("location").unwrap();
    let there = format!(
        "{}/self-service/login/browser?aal=aal2",
        world.identity.url()
    );
    assert!(location.starts_with(&there), "{location}");
    assert!(
        location.ends_with("http%3A%2F%2Fapp.test%2Ftransfer%3Fto%3D7"),
        "{location}"
    );
    let full = world.call("/transfer", "full");
    assert_eq!(full.status, 200, "{}", full.text());
}

#[test]
fn a_request_that_can_be_read_in_two_ways_does_not_reach_the_service() {
    let world = World::start();
    for target in [
        "/../account",
        "/%2e%2e/account",
        "//account",
        "/account%2f..",
        "/a%00",
    ] {
        let answer = world.get(target, &[]);
        assert_eq!(answer.status, 400, "{target}");
    }
}

#[test]
fn a_route_that_was_chosen_by_another_spelling_than_the_judged_one_is_not_served() {
    let world = World::serving(|identity| {
        let rules = "rules:\n\
                     - { id: open, match: { path: /open }, required_aal: none }\n\
                     - { id: pages, match: { path: \"/{page}\" }, required_aal: aal1 }\n";
        let gate = Gate::behind_kratos(identity).unwrap();
        let gate = gate.rules_text("rules.yaml", rules);
        let gate = gate.start(tokio::runtime::Handle::current()).unwrap();
        axum::Router::new()
            .route("/open", axum::routing::get(async || "open"))
            .route("/{page}", axum::routing::get(async || "a page"))
            .layer(GateLayer::new(gate))
    });
    assert_eq!(world.get("/open", &[]).status, 200);
    assert_eq!(world.get("/other", &[]).status, 401);
    // Judged as the public path, routed to the other one.
    assert_eq!(world.get("/%6fpen", &[]).status, 400);
}

#[test]
fn around_a_whole_service_another_spelling_is_served_as_the_path_it_is() {
    let world = World::serving(|identity| {
        let app = example::service(identity, "http://app.test").unwrap();
        let all = "rules: [{ id: all, match: { path: /** }, required_aal: aal1 }]";
        let gate = Gate::behind_kratos(identity).unwrap();
        let gate = gate.rules_text("rules.yaml", all);
        let gate = gate.start(tokio::runtime::Handle::current()).unwrap();
        axum::Router::new()
            .fallback_service(app)
            .layer(GateLayer::new(gate))
    });
    world
        .identity
        .says("ada", Session::new("ada", now()).reply());
    let served = world.call("/%61ccount", "ada");
    assert_eq!(served.status, 200, "{}", served.text());
}

#[test]
fn a_gate_does_not_start_with_rules_that_change_requests_on_the_way() {
    let runtime = Runtime::new().unwrap();
    let rules = "rules: [{ id: old, match: { path: /** }, required_aal: none, \
                 rewrite: { strip_prefix: /old } }]";
    let gate = Gate::behind_kratos("http://127.0.0.1:9").unwrap();
    let refused = gate
        .rules_text("rules.yaml", rules)
        .start(runtime.handle().clone());
    assert!(refused.is_err());
}

#[test]
fn an_outage_of_the_identity_service_opens_nothing() {
    let world = World::start();
    let broken = crate::support::reply::Reply::answer("500 Oops", &[], "");
    world.identity.says_of_everyone(broken);
    let answer = world.call("/account", "ada");
    assert_eq!(
        (answer.status, &*answer.error_id()),
        (503, "identity_unavailable")
    );
    assert_eq!(world.get("/", &[]).status, 200);
}

#[test]
fn an_upgrade_with_a_cookie_from_a_foreign_page_is_refused() {
    let world = World::start();
    world
        .identity
        .says("ada", Session::new("ada", now()).reply());
    let cookie = session("ada");
    let upgrade = |origin: &str| {
        world.get(
            "/account",
            &[
                ("Cookie", &cookie),
                ("Connection", "Upgrade"),
                ("Upgrade", "websocket"),
                ("Origin", origin),
            ],
        )
    };
    assert_eq!(upgrade("https://evil.test").status, 403);
    assert_eq!(upgrade("http://app.test").status, 200);
}
