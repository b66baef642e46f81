//! The decision over HTTP on real sockets: what a proxy in front sends, byte for byte, and what it
//! gets.

mod told;
mod world;

use std::net::IpAddr;

use serde_json::Value;

use crate::support::client::{Connection, Response};
use crate::support::eventually;
use crate::support::identity::{COOKIE, Session};
use crate::support::reply::Reply;

use world::{PUBLIC, World, question};

const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 9));

#[test]
fn a_renewed_session_cookie_is_handed_on_with_the_decision() {
    let world = World::start();
    let session = Session::new("alice", world.now);
    let renewed = ("Set-Cookie", "ory_kratos_session=new; Path=/; HttpOnly");
    world.identity.says("token", session.reply_with(&[renewed]));
    let cookie = format!("theme=dark; {COOKIE}=token");
    let answer = world.check("/account", &[("Cookie", &cookie)]);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("set-cookie"), Some(renewed.1));
    assert_eq!(answer.header("x-user-id"), Some("alice"));
    assert_eq!(answer.header("x-user-email"), Some("alice@example.com"));
    assert_eq!(answer.header("cookie"), Some("theme=dark"));
    assert_eq!(answer.header("content-length"), Some("0"));
}

#[test]
fn a_200_names_every_identity_header_on_public_rules_too() {
    let world = World::start();
    let answer = world.check(
        PUBLIC,
        &[("X-User-Id", "attacker"), ("X_User_Id", "attacker")],
    );
    assert_eq!(answer.status, 200);
    for name in [
        "x-user-id",
        "x-user-email",
        "x-session-id",
        "x-session-aal",
        "x-session-methods",
        "x-authenticated-at",
    ] {
        assert_eq!(answer.header(name), Some(""), "{name}");
    }
    assert_eq!(answer.header("x-stepgate-remove"), Some("x_user_id"));
    assert_eq!(answer.header("x_user_id"), Some(""));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(
        answer
            .header("x-request-id")
            .is_some_and(|id| id.len() >= 16)
    );
}

#[test]
fn a_body_and_a_method_of_the_question_itself_change_nothing() {
    let world = World::start();
    let mut connection = Connection::open(world.decision);
    for (method, body) in [("POST", "hello"), ("PUT", ""), ("GET", "")] {
        let text = question("/check", "GET", PUBLIC, &[]).replacen("GET", method, 1);
        let length = format!("\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let text = format!("{}{length}", text.trim_end());
        assert_eq!(connection.ask(text).status, 200, "{method}");
    }
    let text = question("/check", "GET", "/account", &[]).replacen("GET", "HEAD", 1);
    connection.send(text);
    let head = connection.head().unwrap();
    assert_eq!(head.status, 401);
    assert!(head.body.is_empty());
}

#[test]
fn a_question_that_is_no_proper_request_is_refused_whatever_it_is_about() {
    let world = World::start();
    let good = question("/check", "GET", PUBLIC, &[]);
    let host = "Host: decision.test\r\n";
    for (name, text, status) in [
        ("as it should be", good.clone(), 200),
        ("by CONNECT", good.replacen("GET", "CONNECT", 1), 405),
        ("without Host", good.replacen(host, "", 1), 400),
        ("with two", good.replacen(host, &host.repeat(2), 1), 400),
        (
            "of an old client",
            good.replacen(host, "", 1).replacen("1.1", "1.0", 1),
            200,
        ),
    ] {
        let answer = Connection::open(world.decision).ask(text);
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        assert_eq!(
            answer.header("x-user-id").is_some(),
            status == 200,
            "{name}"
        );
    }
    assert_eq!(world.counted("bad_request"), 3);
}

#[test]
fn what_is_no_http_is_counted_though_nobody_can_say_what_it_asks() {
    let world = World::start();
    let many: String = (0..200)
        .map(|number| format!("X-{number}: 1\r\n"))
        .collect();
    let garbage = [
        (
            "no header",
            "GET /check HTTP/1.1\r\nHost: a\r\nX-Forwarded-Uri : /\r\n\r\n".to_owned(),
            400,
        ),
        (
            "a version",
            "GET /check HTTP/3.0\r\nHost: a\r\n\r\n".to_owned(),
            400,
        ),
        (
            "too many",
            format!("GET /check HTTP/1.1\r\nHost: a\r\n{many}\r\n"),
            431,
        ),
    ];
    for (count, (name, text, status)) in (1..).zip(garbage) {
        let answer = Connection::open(world.decision).ask(text);
        assert_eq!(answer.status, status, "{name}");
        assert!(
            eventually(|| world.counted("bad_request") == count),
            "{name}"
        );
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_and_not_guessed() {
    let world = World::start();
    for name in [
        "X-Forwarded-Method",
        "X-Forwarded-Proto",
        "X-Forwarded-Host",
        "X-Forwarded-Uri",
        "X-Forwarded-For",
    ] {
        let mut bytes = question("/check", "GET", PUBLIC, &[]).into_bytes();
        bytes.truncate(bytes.len() - 2);
        bytes.extend_from_slice(format!("{name}: /public/").as_bytes());
        bytes.extend_from_slice(b"\xff\xfe\r\n\r\n");
        let answer = Connection::open(world.decision).ask(bytes);
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
    }
}

#[test]
fn whoever_is_no_trusted_proxy_learns_nothing_and_is_told_to_the_log() {
    let world = World::start();
    for at in ["/check", "/nginx/check", "/ext_authz/public/x", "/"] {
        let text = question(at, "GET", PUBLIC, &[("X-Forwarded-For", "127.0.0.1")]);
        let answer = Connection::open_from(STRANGER, world.decision).ask(text);
        assert_eq!(
            (answer.status, &*answer.error_id()),
            (403, "access_denied"),
            "{at}"
        );
        assert_eq!(answer.header("x-user-id"), None);
    }
    world.line(|line| line["client_ip"] == "127.0.0.9" && line["status"] == 403);
}

#[test]
fn an_identity_service_that_is_down_means_503_for_everybody_who_must_be_known() {
    let world = World::start();
    world.identity.server.stop();
    let cookie = format!("{COOKIE}=token");
    let answer = world.check("/account", &[("Cookie", &cookie)]);
    assert_eq!(
        (answer.status, &*answer.error_id()),
        (503, "identity_unavailable")
    );
    assert!(answer.header("retry-after").is_some());
    assert_eq!(world.check(PUBLIC, &[("Cookie", &cookie)]).status, 200);
}

#[test]
fn each_decision_is_one_line_of_the_access_log() {
    let world = World::start();
    let session = Session::new("alice", world.now);
    world.identity.says("tell-nobody", session.reply());
    let cookie = format!("{COOKIE}=tell-nobody");
    let way = ("X-Forwarded-For", "192.0.2.7, 127.0.0.1");
    let answer = world.check("/account?secret=1", &[("Cookie", &cookie), way]);
    assert_eq!(answer.status, 200);
    let line = world.line(|line| line["door"] == "forward_auth");
    assert_eq!(line["request_id"], answer.header("x-request-id").unwrap());
    assert_eq!(line["client_ip"], "192.0.2.7");
    assert_eq!(line["host"], "app.test");
    assert_eq!(line["path"], "/account");
    assert_eq!(line["rule"], "account");
    assert_eq!(line["decision"], "allow");
    assert_eq!(line["subject"], "alice");
    assert_eq!(world.lines(|line| line["path"] == "/account").len(), 1);
    assert!(
        !world.program.says("tell-nobody"),
        "a credential in the log"
    );
}

#[test]
fn what_a_session_may_do_is_asked_anew_each_time() {
    let world = World::start();
    let cookie = format!("{COOKIE}=token");
    let session = Session::new("alice", world.now);
    world.identity.says("token", session.reply());
    assert_eq!(world.check("/admin", &[("Cookie", &cookie)]).status, 401);
    // The person has used a second factor; the session's token stayed.
    world.identity.says("token", session.aal2().reply());
    assert_eq!(world.check("/admin", &[("Cookie", &cookie)]).status, 200);
}

#[test]
fn other_paths_are_not_found_and_no_request_passes_by_them() {
    let world = World::start();
    for at in [
        "/",
        "/public/x",
        "/check/x",
        "/.well-known/stepgate/",
        "/self-service/login/browser",
    ] {
        let answer = ask(&world, at);
        assert_eq!(answer.status, 404, "{at}");
        let error: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(error["error"]["code"], 404);
    }
}

fn ask(world: &World, at: &str) -> Response {
    Connection::open(world.decision).ask(question(at, "GET", PUBLIC, &[]))
}

#[test]
fn a_service_that_answers_anything_else_lets_nobody_pass() {
    let world = World::start();
    let cookie = format!("{COOKIE}=token");
    for reply in [
        Reply::json("200 OK", "{}"),
        Reply::json("200 OK", "not json"),
        Reply::json("204 No Content", ""),
        Reply::json("500 Internal Server Error", "{}"),
    ] {
        world.identity.says("token", reply);
        let answer = world.check("/account", &[("Cookie", &cookie)]);
        assert_eq!(answer.status, 503, "{answer:?}");
    }
}
