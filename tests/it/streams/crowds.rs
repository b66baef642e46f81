//! Many streams, and what they leave behind.

use stepgate::streams::Cause;

use super::world::{World, close_of};

/// Streams of one person. Each costs this process four sockets.
const MANY: usize = 200;

#[test]
fn every_stream_of_a_session_is_cut_however_many_there_are() {
    let world = World::start();
    let mut streams: Vec<_> = (0..MANY)
        .map(|_| world.websocket("/one/ws", "ada"))
        .collect();
    let mut bob = world.websocket("/one/ws", "bob");
    world.until_running(MANY + 1);
    world.revoke("ada");
    for stream in &mut streams {
        assert_eq!(close_of(stream).0, 4401);
    }
    assert_eq!(world.cut(Cause::Revoked), MANY as u64);
    world.until_running(1);
    world.revoke("bob");
    close_of(&mut bob);
    world.until_running(0);
}

#[test]
fn short_requests_and_streams_that_end_by_themselves_leave_nothing_behind() {
    let world = World::start();
    for _ in 0..1000 {
        let (_, head) = world.open("/one/plain", "ada");
        assert_eq!(head.status, 200);
    }
    for _ in 0..50 {
        drop(world.websocket("/one/ws", "ada"));
        drop(world.open("/one/events", "ada"));
    }
    world.until_running(0);
    assert_eq!(Cause::ALL.map(|cause| world.cut(cause)), [0; 5]);
}
