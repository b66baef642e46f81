//! A refusal that nginx asks about twice, once to know and once for the words, is one decision.

use super::world::{PUBLIC, World};
use crate::support::client::{Connection, Response};
use crate::support::eventually;
use crate::support::identity::{COOKIE, Session};

fn ask(world: &World, at: &str, target: &str, cookie: &str) -> Response {
    Connection::open(world.decision).ask(format!(
        "GET {at} HTTP/1.1\r\nHost: decision.test\r\nX-Original-Method: GET\r\n\
         X-Original-URL: https://app.test{target}\r\nX-Request-Id: one-{}\r\n\
         Cookie: {COOKIE}={cookie}\r\n\r\n",
        target.len()
    ))
}

#[test]
fn a_request_that_nginx_refuses_is_counted_and_audited_once() {
    let world = World::start();
    assert_eq!(ask(&world, "/nginx/check", "/account", "").status, 401);
    assert_eq!(ask(&world, "/nginx/answer", "/account", "").status, 401);
    assert_eq!(ask(&world, "/nginx/check", "/nowhere", "").status, 403);
    assert_eq!(ask(&world, "/nginx/answer", "/nowhere", "").status, 403);
    assert_eq!(ask(&world, "/nginx/check", "/public/%00", "").status, 403);
    assert_eq!(ask(&world, "/nginx/answer", "/public/%00", "").status, 400);
    for decision in ["log_in", "no_rule", "bad_request"] {
        assert_eq!(world.counted(decision), 1, "{decision}");
    }
    // What comes later is written later.
    assert_eq!(ask(&world, "/nginx/check", "/account/last", "").status, 401);
    assert!(eventually(|| world.audited("/account/last").len() == 1));
    assert_eq!(world.audited("/account").len(), 1);
    assert_eq!(world.audited("/nowhere").len(), 1);
    let unread = world.audited_where(|line| line["decision"] == "bad_request");
    assert_eq!(unread.len(), 1);
}

#[test]
fn the_access_log_says_which_line_is_the_answers() {
    let world = World::start();
    ask(&world, "/nginx/check", "/account", "");
    ask(&world, "/nginx/answer", "/account", "");
    world.line(|line| line["path"] == "/account" && line["repeated"] == true);
    let lines = world.lines(|line| line["path"] == "/account");
    let first: Vec<_> = lines
        .iter()
        .filter(|line| line["repeated"].is_null())
        .collect();
    assert_eq!((lines.len(), first.len()), (2, 1), "{lines:#?}");
    assert_eq!(lines[0]["request_id"], lines[1]["request_id"]);
    assert_eq!(lines[0]["decision"], lines[1]["decision"]);
}

#[test]
fn an_answer_that_was_overtaken_is_neither_an_allow_nor_another_refusal() {
    let world = World::start();
    assert_eq!(ask(&world, "/nginx/check", "/account", "token").status, 401);
    let session = Session::new("alice", world.now);
    world.identity.says("token", session.reply());
    let answer = ask(&world, "/nginx/answer", "/account", "token");
    assert_eq!(answer.status, 503);
    assert_eq!(world.counted("log_in"), 1);
    assert_eq!(world.counted("allow") + world.counted("unavailable"), 0);
    world.line(|line| line["status"] == 503 && line["repeated"] == true);
    assert_eq!(world.lines(|line| line["path"] == "/account").len(), 2);
}

#[test]
fn a_stranger_is_counted_wherever_it_asks() {
    let world = World::start();
    for at in ["/nginx/answer", "/check"] {
        let text = super::world::question(at, "GET", PUBLIC, &[]);
        let answer = Connection::open_from(super::STRANGER, world.decision).ask(text);
        assert_eq!(answer.status, 403);
    }
    assert_eq!(world.counted("untrusted_peer"), 2);
    let told = || world.audited_where(|line| line["decision"] == "untrusted_peer");
    assert!(eventually(|| told().len() == 2), "{:#?}", told());
}
