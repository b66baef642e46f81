use super::Place;
use crate::support::client::{Connection, ask};
use crate::support::gateway::{HOST, now, session};
use crate::support::identity::Session;

fn requests(door: &str, rule: &str, decision: &str) -> String {
    format!("stepgate_requests_total{{door=\"{door}\",rule=\"{rule}\",decision=\"{decision}\"}}")
}

fn get(place: &Place, target: &str, cookie: Option<&str>) -> u16 {
    let cookie = cookie.map(session);
    let mut headers = vec![("Accept", "application/json")];
    headers.extend(cookie.as_deref().map(|cookie| ("Cookie", cookie)));
    place.gateway.get(target, &headers).status
}

#[test]
fn numbers_move_as_requests_come() {
    let place = Place::counting();
    place
        .identity
        .says("c", Session::new("alice", now()).reply());
    let before = place.scrape();
    assert_eq!(before.value(&requests("proxy", "public", "allow")), None);
    for (target, cookie, status) in [
        ("/public/1", None, 200),
        ("/public/2", None, 200),
        ("/account/1", None, 401),
        ("/account/1", Some("c"), 200),
        ("/account/2", Some("c"), 200),
        ("/transfer/1", Some("c"), 403),
        ("/nowhere", None, 403),
        ("/public/%00", None, 400),
    ] {
        assert_eq!(get(&place, target, cookie), status, "{target}");
    }
    let duration = "stepgate_request_duration_seconds_count{door=\"proxy\"}";
    let scrape = place.until(duration, 8.0);
    for (rule, decision, count) in [
        ("public", "allow", 2.0),
        ("account", "log_in", 1.0),
        ("account", "allow", 2.0),
        ("transfer", "enrol", 1.0),
        ("", "no_rule", 1.0),
        ("", "bad_request", 1.0),
    ] {
        let sample = requests("proxy", rule, decision);
        assert_eq!(scrape.value(&sample), Some(count), "{sample}");
    }
    for (sample, count) in [
        (
            "stepgate_upstream_duration_seconds_count{upstream=\"bank\"}",
            4.0,
        ),
        ("stepgate_session_cache_misses_total", 1.0),
        ("stepgate_session_cache_bypasses_total", 1.0),
        ("stepgate_session_cache_entries_total", 1.0),
        ("stepgate_whoami_total{result=\"session\"}", 2.0),
        ("stepgate_whoami_duration_seconds_count", 2.0),
        ("stepgate_rules_generation", 1.0),
        ("stepgate_streams_cut_total{reason=\"revoked\"}", 0.0),
    ] {
        assert_eq!(scrape.value(sample), Some(count), "{sample}");
    }
    let hits = scrape.value("stepgate_session_cache_hits_total").unwrap();
    assert!(hits >= 2.0, "{hits}");
    let version = env!("CARGO_PKG_VERSION");
    let build = format!("stepgate_build_info{{version=\"{version}\"}}");
    assert_eq!(scrape.value(&build), Some(1.0));
    // Each upstream got what was counted for it.
    assert_eq!(place.upstream.take().len(), 4);
}

#[test]
fn nothing_that_a_client_sends_becomes_a_label() {
    let place = Place::counting();
    assert_eq!(get(&place, "/public/1", None), 200);
    assert_eq!(get(&place, "/nowhere", None), 403);
    assert_eq!(get(&place, "/public/%00", None), 400);
    let sample = "stepgate_request_duration_seconds_count{door=\"proxy\"}";
    let before = place.until(sample, 3.0);
    let address = place.gateway.address;
    for number in 0..50 {
        let path = format!("/public/evil-{number}%22%7D");
        assert_eq!(get(&place, &path, None), 200);
        assert_eq!(get(&place, &format!("/evil-{number}"), None), 403);
        let host = format!("evil-{number}.example");
        let method = format!("EVIL{number}");
        let accept = [("Accept", "application/json")];
        assert_eq!(ask(address, "GET", "/public/", &host, &accept).status, 404);
        ask(address, &method, "/nowhere", HOST, &accept);
        ask(
            address,
            "GET",
            &format!("/public/%0{number}"),
            HOST,
            &accept,
        );
    }
    let after = place.until(sample, 253.0);
    let names = |scrape: &super::Scrape| {
        let names = scrape.names().into_iter();
        names.map(str::to_owned).collect::<Vec<String>>()
    };
    assert_eq!(names(&before), names(&after));
    assert!(!names(&after).join("\n").to_lowercase().contains("evil"));
}

#[test]
fn who_scrapes_needs_what_the_admin_listener_asks_for() {
    let open = Place::counting();
    let foreign = [("Origin", "https://evil.test")];
    assert_eq!(open.ask_admin("/metrics", &foreign).status, 403);
    let rebound = ask(open.address("admin"), "GET", "/metrics", "evil.test", &[]);
    assert_eq!(rebound.status, 403);
    let closed =
        Place::start("admin: { listen: \"127.0.0.1:0\", token: t0ken-of-sixteen-or-more }");
    for (shown, status) in [
        (None, 401),
        (Some("Bearer guessed"), 401),
        (Some("Bearer t0ken-of-sixteen-or-more"), 200),
    ] {
        let headers = shown.map(|shown| ("Authorization", shown));
        let answer = closed.ask_admin("/metrics", headers.as_slice());
        assert_eq!(answer.status, status, "{shown:?}");
        assert_eq!(answer.text().contains("stepgate_"), status == 200);
    }
    let off = Place::start("admin: { listen: \"127.0.0.1:0\" }\ntelemetry: { metrics: false }");
    assert_eq!(off.ask_admin("/metrics", &[]).status, 404);
    assert_eq!(get(&off, "/public/1", None), 200);
}

#[test]
fn reloads_and_open_connections_are_told() {
    let place = Place::counting();
    let listener = format!(
        "stepgate_connections{{listener=\"{}\"}}",
        place.gateway.address
    );
    assert_eq!(place.scrape().value(&listener), Some(0.0));
    let mut held = Connection::open(place.gateway.address);
    held.send(format!("GET /public/1 HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes());
    assert_eq!(held.receive(false).unwrap().status, 200);
    assert_eq!(place.scrape().value(&listener), Some(1.0));
    drop(held);
    place.until(&listener, 0.0);

    let rules = super::RULES.replace("UPSTREAM", &place.upstream.url());
    place
        .gateway
        .reload(&rules.replace("id: public", "id: open"));
    place.gateway.try_reload("rules: [broken");
    assert_eq!(get(&place, "/public/1", None), 200);
    let scrape = place.scrape();
    let reloads = |result| scrape.value(&format!("stepgate_reload_total{{result=\"{result}\"}}"));
    assert_eq!(
        (reloads("applied"), reloads("rejected")),
        (Some(1.0), Some(1.0))
    );
    assert_eq!(scrape.value("stepgate_rules_generation"), Some(2.0));
    assert_eq!(scrape.value(&requests("proxy", "open", "allow")), Some(1.0));
    assert_eq!(
        scrape.value(&requests("proxy", "public", "allow")),
        Some(1.0)
    );
}

#[test]
fn questions_of_other_proxies_count_at_their_own_door() {
    let decision = |trusted: &str| {
        format!(
            "admin: {{ listen: \"127.0.0.1:0\" }}\n\
             telemetry: {{ access_log: {{ output: null }} }}\n\
             decision: {{ http: {{ listen: \"127.0.0.1:0\" }}, trusted_proxies: [{trusted}] }}"
        )
    };
    let place = Place::start(&decision("127.0.0.0/8"));
    let check = |place: &Place, uri: &str| {
        let headers = [
            ("Accept", "application/json"),
            ("X-Forwarded-Method", "GET"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Host", HOST),
            ("X-Forwarded-Uri", uri),
        ];
        let door = place.address("forward_auth");
        ask(door, "GET", "/check", "door.test", &headers).status
    };
    assert_eq!(check(&place, "/public/1"), 200);
    assert_eq!(check(&place, "/account/1"), 401);
    assert_eq!(check(&place, "/nowhere"), 403);
    assert_eq!(check(&place, "/public/%00"), 400);
    let scrape = place.until(
        "stepgate_request_duration_seconds_count{door=\"forward_auth\"}",
        4.0,
    );
    for (rule, decision) in [
        ("public", "allow"),
        ("account", "log_in"),
        ("", "no_rule"),
        ("", "bad_request"),
    ] {
        let sample = requests("forward_auth", rule, decision);
        assert_eq!(scrape.value(&sample), Some(1.0), "{sample}");
    }
    assert_eq!(scrape.value(&requests("proxy", "public", "allow")), None);

    let strangers = Place::start(&decision("192.0.2.0/24"));
    assert_eq!(check(&strangers, "/public/1"), 403);
    let sample = requests("forward_auth", "", "untrusted_peer");
    assert_eq!(strangers.scrape().value(&sample), Some(1.0));
}
