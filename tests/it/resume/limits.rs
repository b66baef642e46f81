//! How much is kept, for how long, and how slowly it may come.

use std::time::Duration;

use crate::resume::world::{Browser, FORM, kept, start, start_with, step_up};
use crate::support::client::Connection;

const SMALL: &str = "step_up: { keep_body: { max_size: 1KiB, expires: 1m } }\n";

#[test]
fn a_body_over_the_limit_is_not_kept_and_the_page_says_so() {
    let world = start_with(SMALL);
    let alice = Browser::of("alice").with("Referer", "http://bank.example.com/form");
    for (size, status) in [
        (1024, 401),
        (1025, 413),
        (5_000_000, 413),
        (20_000_000, 413),
    ] {
        let body = vec![b'x'; size];
        let answer = alice.send(&world, "POST", "/transfer/now?x=1", FORM, &body);
        assert_eq!(answer.status, status, "{size}");
        let text = answer.text();
        assert!(text.contains("aal=aal2"), "the way on is there");
        assert_eq!(kept(&answer).is_some(), status == 401);
        if status == 413 {
            assert!(
                text.contains("too large to keep, and nothing was sent"),
                "{text}"
            );
            assert!(text.contains("return_to=http%3A%2F%2Fbank.example.com%2Fform"));
        }
    }
    assert!(world.upstream.received().is_empty());
}

#[test]
fn a_body_of_unknown_length_is_measured_as_it_comes() {
    let world = start_with(SMALL);
    let alice = Browser::of("alice");
    for (size, status) in [(1000, 401), (1100, 413)] {
        let head = alice.head("POST", "/transfer/now?x=1");
        let half = "x".repeat(size / 2);
        let chunk = format!("{:x}\r\n{half}\r\n", size / 2);
        let text = format!(
            "{head}Content-Type: {FORM}\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n"
        );
        let answer = Connection::open(world.gateway.address).ask(text);
        assert_eq!(answer.status, status, "{size}");
        if let Some(id) = kept(&answer) {
            step_up(&world, "alice");
            let proof = alice.proof(&world, &id);
            assert_eq!(alice.press(&world, &id, &proof).status, 200);
            let seen = world.upstream.only();
            assert_eq!(seen.header("content-length"), Some("1000"));
            assert_eq!(seen.header("transfer-encoding"), None);
            crate::resume::world::sign_in(&world, "alice");
            world.gateway.running.resolver().purge();
        }
    }
}

#[test]
fn a_body_that_never_comes_is_not_waited_for_long() {
    let world = start();
    let head = Browser::of("alice").head("POST", "/transfer/now?x=1");
    let mut connection = Connection::open(world.gateway.address);
    connection.send(format!(
        "{head}Content-Type: {FORM}\r\nContent-Length: 100\r\n\r\nabc"
    ));
    let reads = || world.identity.calls() > 0;
    assert!(crate::support::eventually(reads));
    // The question past the cache may still be under way: time passes until the answer is there.
    let clock = world.gateway.clock.clone();
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    let turning = std::thread::spawn(move || {
        let pause = Duration::from_millis(20);
        while is_done.recv_timeout(pause) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            clock.advance(Duration::from_secs(5));
        }
    });
    let answer = connection.answer().expect("an answer");
    drop(done);
    let _ = turning.join();
    assert_eq!(answer.status, 408);
    assert!(kept(&answer).is_none());
}

#[test]
fn what_waited_too_long_is_gone_and_the_page_leads_back() {
    let world = start_with(SMALL);
    let alice = Browser::of("alice").with("Referer", "http://bank.example.com/form");
    let id = kept(&alice.transfer(&world, "a=b")).unwrap();
    step_up(&world, "alice");
    let proof = alice.proof(&world, &id);
    world.gateway.clock.advance(Duration::from_secs(60));
    for answer in [alice.open(&world, &id), alice.press(&world, &id, &proof)] {
        assert_eq!(answer.status, 410);
        let text = answer.text();
        assert!(text.contains("This waited too long"), "{text}");
        assert!(text.contains("href=\"http://bank.example.com/form\""));
    }
    assert!(world.upstream.received().is_empty());
}

#[test]
fn the_fourth_request_of_a_session_takes_the_place_of_the_first() {
    let world = start();
    let alice = Browser::of("alice");
    let ids: Vec<String> = (0..4)
        .map(|number| {
            world.gateway.clock.advance(Duration::from_secs(1));
            kept(&alice.transfer(&world, &format!("n={number}"))).unwrap()
        })
        .collect();
    step_up(&world, "alice");
    assert_eq!(alice.open(&world, &ids[0]).status, 410);
    for id in &ids[1..] {
        assert_eq!(alice.open(&world, id).status, 200);
    }
}

#[test]
fn the_fourth_request_from_an_address_takes_the_place_of_the_first() {
    let world = start();
    let mut visitors = Vec::new();
    for number in 0..4 {
        world.gateway.clock.advance(Duration::from_secs(1));
        let mut visitor = Browser::of("");
        let answer = visitor.transfer(&world, &format!("n={number}"));
        let cookie = answer.header("set-cookie").unwrap();
        visitor.nonce = cookie.split_once(';').map(|(pair, _)| pair.to_owned());
        visitor.session = "alice";
        visitors.push((visitor, kept(&answer).unwrap()));
    }
    step_up(&world, "alice");
    let statuses: Vec<u16> = visitors
        .iter()
        .map(|(visitor, id)| visitor.open(&world, id).status)
        .collect();
    assert_eq!(statuses, [410, 200, 200, 200]);
}

#[test]
fn when_there_is_no_room_the_page_says_that_nothing_was_kept() {
    let sections = "step_up: { keep_body: { max_size: 16MiB } }\n";
    let world = start_with(sections);
    let body = vec![b'x'; 15 * 1024 * 1024];
    for name in ["a", "b", "c", "d", "e"] {
        crate::resume::world::sign_in(&world, name);
        let answer = Browser::of(name).send(&world, "POST", "/transfer/now?x=1", FORM, &body);
        assert_eq!(answer.status, 401);
        assert_eq!(kept(&answer).is_some(), name != "e", "{name}");
        let text = answer.text();
        assert_eq!(
            text.contains("We couldn’t keep what you entered"),
            name == "e"
        );
    }
}
