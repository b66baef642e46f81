//! Each kind of stream is cut in its own way, and looks cut.

use stepgate::streams::Cause;

use super::world::{World, close_of, rest_of};
use crate::support::eventually;

#[test]
fn a_websocket_is_closed_with_4401_when_its_session_is_revoked() {
    let world = World::start();
    let mut ada = world.websocket("/one/ws", "ada");
    world.until_running(1);
    world.revoke("ada");
    let (code, reason) = close_of(&mut ada);
    assert_eq!((code, reason.as_str()), (4401, "the session has ended"));
    assert!(eventually(|| world.app.over() == 1));
    assert_eq!(world.cut(Cause::Revoked), 1);
    world.until_running(0);
}

#[test]
fn a_websocket_in_the_middle_of_a_frame_is_closed_without_a_word() {
    let world = World::start();
    let mut connection = world.websocket_begun("/one/half", "ada");
    assert_eq!(connection.read(5), b"\x81\x05abc");
    world.until_running(1);
    world.revoke("ada");
    // Half a frame must not seem to go on with ours.
    assert!(connection.is_closed());
    assert!(eventually(|| world.app.over() == 1));
}

#[test]
fn an_event_stream_breaks_off_without_its_end() {
    let world = World::start();
    let (mut ada, head) = world.open("/one/events", "ada");
    assert_eq!(head.status, 200);
    world.until_running(1);
    world.revoke("ada");
    let rest = rest_of(&mut ada);
    assert!(!rest.ends_with(b"0\r\n\r\n"), "{rest:?}");
    assert!(eventually(|| world.app.over() == 1));
}

#[test]
fn a_download_breaks_off() {
    let world = World::start();
    let (mut ada, head) = world.open("/one/download", "ada");
    assert_eq!(head.header("content-length"), Some("1000000"));
    world.until_running(1);
    world.revoke("ada");
    assert!(rest_of(&mut ada).len() < 1000);
    assert!(eventually(|| world.app.over() == 1));
}

#[test]
fn a_request_that_still_waits_for_its_answer_is_told_why_it_gets_none() {
    let world = World::start();
    let mut ada = world.send("/one/silence", "ada");
    world.until_running(1);
    world.revoke("ada");
    let answer = ada.answer().unwrap();
    assert_eq!(
        (answer.status, answer.error_id().as_str()),
        (401, "session_required")
    );
    assert!(eventually(|| world.app.over() == 1));
}

#[test]
fn an_upload_is_no_longer_taken() {
    let world = World::start();
    let mut ada = crate::support::client::Connection::open(world.gateway.address);
    let cookie = crate::support::gateway::session("ada");
    ada.send(format!(
        "POST /one/upload HTTP/1.1\r\nHost: app.test\r\nCookie: {cookie}\r\n\
         Content-Length: 1000000\r\n\r\nabc"
    ));
    world.until_running(1);
    world.revoke("ada");
    assert_eq!(ada.answer().unwrap().status, 401);
    assert!(eventually(|| world.app.over() == 1));
}

#[test]
fn a_client_that_reads_nothing_is_cut_all_the_same() {
    let world = World::start();
    let _ada = world.send("/one/endless", "ada");
    world.until_running(1);
    world.revoke("ada");
    assert!(eventually(|| world.app.over() == 1));
    world.until_running(0);
}

#[test]
fn a_client_that_never_reads_its_close_frame_holds_nothing_up() {
    let world = World::start();
    let _ada = world.websocket("/one/ws", "ada");
    world.until_running(1);
    world.revoke("ada");
    // It neither reads nor closes; the application is free at once and the place soon after.
    assert!(eventually(|| world.app.over() == 1));
    world.until_running(0);
}
