//! Identity services that break: the answer is 503, never a way in and never a way to the login
//! page, unless the service itself said that nobody is logged in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::{Gateway, config_with, rules};
use crate::support::client::{Exchange, exchange, get};
use crate::support::free_port;
use crate::support::people::{ALICE, ALICE_ID, alice};
use crate::support::program::Program;
use crate::support::reply::Reply;
use crate::support::server::Server;

fn gateway(identity: SocketAddr, upstream: &Server) -> Gateway {
    gateway_with(&config_with(&format!("http://{identity}")), upstream)
}

fn gateway_with(config: &str, upstream: &Server) -> Gateway {
    let rules = rules(upstream.address);
    let files: [(&str, &str); 2] = [("stepgate.yaml", config), ("rules/app.yaml", &rules)];
    Gateway::of(Program::serve(&files))
}

fn as_alice(gateway: &Gateway) -> Exchange {
    get(gateway.address, "app.test", "/vault/gold", ALICE)
}

fn as_browser(gateway: &Gateway) -> Exchange {
    let request = format!(
        "GET /vault/gold?a=1&b=2 HTTP/1.1\r\nHost: app.test\r\nAccept: text/html\r\n\
         Sec-Fetch-Mode: navigate\r\nCookie: session={ALICE}\r\nConnection: close\r\n\r\n"
    );
    exchange(gateway.address, request.as_bytes(), Duration::from_secs(10))
}

fn assert_unavailable(identity: SocketAddr, what: &str) {
    let upstream = Server::echo();
    let gateway = gateway(identity, &upstream);
    for answer in [as_alice(&gateway), as_browser(&gateway)] {
        assert_eq!(answer.status(), Some(503), "{what}");
        let after = answer.responses[0].header("retry-after");
        assert!(after.is_some(), "{what}: no Retry-After");
    }
    assert_eq!(
        as_alice(&gateway).error_id(),
        "identity_unavailable",
        "{what}"
    );
    assert!(upstream.received().is_empty(), "{what}: forwarded");
}

#[test]
fn an_identity_service_that_is_not_there_means_503() {
    assert_unavailable(free_port(), "connection refused");
}

#[test]
fn an_identity_service_that_is_silent_means_503() {
    let silent = Server::replying(|_| Reply::Silence);
    assert_unavailable(silent.address, "silence");
}

#[test]
fn an_answer_that_is_no_session_means_503() {
    let whole = alice().document.to_string();
    let cases = [
        ("500 Internal Server Error", String::from("{}")),
        ("502 Bad Gateway", String::new()),
        ("204 No Content", String::new()),
        ("200 OK", String::new()),
        ("200 OK", String::from("not json")),
        ("200 OK", String::from("{}")),
        ("200 OK", String::from("<html>please log in</html>")),
        ("200 OK", whole[..whole.len() / 2].to_owned()),
        (
            "200 OK",
            whole.replace("\"active\":true", "\"active\":\"true\""),
        ),
        ("200 OK", "[".repeat(100_000)),
        ("302 Found\r\nLocation: /login", String::new()),
        (
            "403 Forbidden",
            String::from("{\"error\":{\"id\":\"security_csrf_violation\"}}"),
        ),
        ("404 Not Found", String::new()),
    ];
    for (status, body) in cases {
        let service = Server::replying(move |_| Reply::json(status, &body));
        assert_unavailable(service.address, status);
    }
}

#[test]
fn an_endless_answer_means_503() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n\"";
    let endless = Server::replying(|_| Reply::Endless(head.to_vec()));
    assert_unavailable(endless.address, "endless");
}

#[test]
fn a_throttled_identity_service_is_passed_on_with_its_retry_after() {
    let wait = [("Retry-After", "7")];
    let service = Server::replying(move |_| Reply::answer("429 Too Many Requests", &wait, "{}"));
    let upstream = Server::echo();
    let gateway = gateway(service.address, &upstream);
    let answer = as_alice(&gateway);
    assert_eq!(answer.status(), Some(429));
    assert_eq!(answer.responses[0].header("retry-after"), Some("7"));
    assert_eq!(answer.error_id(), "identity_throttled");
    assert!(upstream.received().is_empty());
}

#[test]
fn a_session_that_lacks_the_second_factor_is_sent_there_and_back() {
    let body = r#"{"error":{"id":"session_aal2_required","code":403,"status":"Forbidden"}}"#;
    let service = Server::replying(move |_| Reply::json("403 Forbidden", body));
    let upstream = Server::echo();
    let gateway = gateway(service.address, &upstream);
    let browser = as_browser(&gateway);
    assert_eq!(browser.status(), Some(303));
    let location = browser.responses[0].header("location").unwrap_or_default();
    let location = url::Url::parse(location).unwrap();
    assert_eq!(location.path(), "/self-service/login/browser");
    let query: Vec<(String, String)> = location.query_pairs().into_owned().collect();
    assert!(
        query.contains(&("aal".to_owned(), "aal2".to_owned())),
        "{query:?}"
    );
    let back = "http://app.test/vault/gold?a=1&b=2".to_owned();
    assert!(query.contains(&("return_to".to_owned(), back)), "{query:?}");
    let client = as_alice(&gateway);
    assert_eq!(client.status(), Some(401));
    assert_eq!(client.error_id(), "session_aal2_required");
    let challenge = client.responses[0]
        .header("www-authenticate")
        .unwrap_or_default();
    assert!(
        challenge.contains("insufficient_user_authentication"),
        "{challenge}"
    );
    assert!(challenge.contains("acr_values=\"aal2\""), "{challenge}");
    assert!(upstream.received().is_empty());
}

#[test]
fn a_warm_session_is_served_within_the_configured_grace_and_no_longer() {
    let broken = Arc::new(AtomicUsize::new(0));
    let down = Arc::clone(&broken);
    let service = Server::replying(move |_| {
        if down.load(Ordering::SeqCst) == 0 {
            return alice().reply();
        }
        Reply::json("500 Internal Server Error", "{}")
    });
    let url = format!("http://{}", service.address);
    let cache = "sessions:\n  cache: { ttl: 1s }\n  serve_stale_when_down: 2s\n";
    let upstream = Server::echo();
    let gateway = gateway_with(&config_with(&url).replace("sessions:\n", cache), &upstream);
    assert_eq!(as_alice(&gateway).status(), Some(200));
    broken.store(1, Ordering::SeqCst);
    thread::sleep(Duration::from_millis(1300));
    assert_eq!(as_alice(&gateway).status(), Some(200), "within the grace");
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(as_alice(&gateway).status(), Some(503), "after the grace");
}

/// What a thousand clients with one cold session cost the identity service.
fn stampede(answer: Reply, expected: u16) -> usize {
    let service = Server::replying(move |_| {
        thread::sleep(Duration::from_millis(300));
        answer.clone()
    });
    let gateway = gateway(service.address, &Server::echo());
    let address = gateway.address;
    let clients: Vec<_> = (0..1000)
        .map(|_| thread::spawn(move || get(address, "app.test", "/vault/x", ALICE).status()))
        .collect();
    for client in clients {
        assert_eq!(client.join().unwrap(), Some(expected));
    }
    service.received().len()
}

#[test]
fn a_thousand_clients_of_one_cold_session_cause_one_question() {
    // The last client may connect after the first answer; it finds the session in the cache.
    assert_eq!(stampede(alice().reply(), 200), 1);
}

#[test]
fn the_identity_headers_are_ours_alone() {
    let renewed = [("Set-Cookie", "session=renewed; Path=/")];
    let service = Server::replying(move |_| alice().reply_with(&renewed));
    let upstream = Server::echo();
    let gateway = gateway(service.address, &upstream);
    let request = format!(
        "GET /vault/x HTTP/1.1\r\nHost: app.test\r\nCookie: a=b; session={ALICE}; c=d\r\n\
         X-User-Id: attacker\r\nX_User_Id: attacker\r\nX.User.Id: attacker\r\n\
         X-User-Name: attacker\r\nX-Session-Anything: attacker\r\nConnection: X-User-Id\r\n\r\n"
    );
    let answer = exchange(gateway.address, request.as_bytes(), Duration::from_secs(5));
    assert_eq!(answer.status(), Some(200));
    let renewed = answer.responses[0].header("set-cookie").unwrap_or_default();
    assert!(
        renewed.starts_with("session=renewed"),
        "whoami's cookie: {renewed}"
    );
    let got = upstream.take();
    let [request] = got.as_slice() else {
        panic!("{} requests", got.len());
    };
    assert_eq!(request.header("x-user-id"), Some(ALICE_ID));
    assert!(!request.fields().any(|(_, value)| value == "attacker"));
    assert_eq!(request.header("cookie"), Some("a=b; c=d"));
}
