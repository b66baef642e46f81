//! When a stream is cut, and when it is not.

use std::time::Duration;

use stepgate::streams::Cause;

use super::world::{RULES, World, close_of, rest_of};
use crate::support::eventually;
use crate::support::gateway::now;
use crate::support::identity::{Session, unauthorized};
use crate::support::reply::Reply;

#[test]
fn streams_of_others_go_on() {
    let world = World::start();
    let mut ada = world.websocket("/one/ws", "ada");
    let mut bob = world.websocket("/one/ws", "bob");
    world.until_running(2);
    world.revoke("ada");
    close_of(&mut ada);
    world.until_running(1);
    assert_eq!(world.app.over(), 1);
    world.revoke("bob");
    close_of(&mut bob);
}

#[test]
fn a_stream_ends_with_its_session() {
    let world = World::start();
    world.knows("ada", &Session::new("ada", now()).ends_in(90));
    let mut ada = world.websocket("/one/ws", "ada");
    world.until_running(1);
    world.gateway.clock.advance(Duration::from_secs(89));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(world.gateway.running.streams().running(), 1);
    world.gateway.clock.advance(Duration::from_secs(1));
    let (code, reason) = close_of(&mut ada);
    assert_eq!((code, reason.as_str()), (4401, "the session has expired"));
    assert_eq!(world.cut(Cause::Expired), 1);
}

#[test]
fn a_session_that_ended_elsewhere_is_noticed_when_the_stream_is_looked_at() {
    let world = World::start();
    let mut ada = world.websocket("/one/ws", "ada");
    world.until_running(1);
    world.identity.says("ada", unauthorized());
    world.revalidate();
    assert_eq!(close_of(&mut ada).0, 4401);
}

#[test]
fn a_stream_whose_session_was_prolonged_goes_on() {
    let world = World::start();
    world.knows("ada", &Session::new("ada", now()).ends_in(90));
    let mut ada = world.websocket("/one/ws", "ada");
    world.until_running(1);
    let asked = world.identity.calls();
    world.knows("ada", &Session::new("ada", now()).ends_in(3600));
    world.revalidate();
    assert!(eventually(|| world.identity.calls() > asked));
    std::thread::sleep(Duration::from_millis(100));
    world.gateway.clock.advance(Duration::from_secs(60));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(world.gateway.running.streams().running(), 1);
    world.revoke("ada");
    close_of(&mut ada);
}

#[test]
fn a_session_that_falls_below_the_level_loses_the_streams_that_need_it() {
    let world = World::start();
    world.knows("ada", &Session::new("ada", now()).aal2());
    let mut two = world.websocket("/two/ws", "ada");
    let _one = world.websocket("/one/ws", "ada");
    world.until_running(2);
    world.knows("ada", &Session::new("ada", now()));
    world.revalidate();
    let (code, reason) = close_of(&mut two);
    assert_eq!(code, 1008);
    assert_eq!(reason, "no longer allowed with this session");
    world.until_running(1);
    assert_eq!(world.cut(Cause::BelowRule), 1);
}

#[test]
fn an_age_counts_for_a_running_stream_as_it_does_for_a_request() {
    let world = World::start();
    let mut ada = world.websocket("/recent/ws", "ada");
    world.until_running(1);
    for _ in 0..9 {
        world.revalidate();
        std::thread::sleep(Duration::from_millis(120));
    }
    assert_eq!(world.gateway.running.streams().running(), 1);
    world.revalidate();
    assert_eq!(close_of(&mut ada).0, 1008);
}

#[test]
fn rules_that_ask_for_more_end_what_they_would_not_let_in() {
    let world = World::start();
    let mut ada = world.websocket("/one/ws", "ada");
    let mut open = world.websocket("/open/ws", "nobody");
    let _recent = world.websocket("/recent/ws", "ada");
    world.until_running(3);
    let tighter = RULES
        .replace(
            "/one/**\" }, required_aal: aal1",
            "/one/**\" }, required_aal: aal2",
        )
        .replace(
            "/one/** }, required_aal: aal1",
            "/one/** }, required_aal: aal2",
        )
        .replace(
            "/open/** }, required_aal: none",
            "/open/** }, required_aal: aal1",
        );
    let tighter = tighter.replace("UPSTREAM", &world.app.server.url());
    world.gateway.reload(&tighter);
    // The next tick sees the rules, the one after the clock was turned looks at the streams.
    std::thread::sleep(Duration::from_millis(200));
    world.gateway.clock.advance(Duration::from_secs(2));
    assert_eq!(close_of(&mut ada).0, 1008);
    assert_eq!(close_of(&mut open).0, 1008);
    world.until_running(1);
}

#[test]
fn a_rule_that_is_gone_takes_its_streams_along() {
    let world = World::start();
    let (mut ada, _) = world.open("/one/events", "ada");
    world.until_running(1);
    let others = RULES
        .replace("/one/**", "/another/**")
        .replace("UPSTREAM", &world.app.server.url());
    world.gateway.reload(&others);
    std::thread::sleep(Duration::from_millis(200));
    world.gateway.clock.advance(Duration::from_secs(2));
    rest_of(&mut ada);
    assert_eq!(world.cut(Cause::NoRule), 1);
}

#[test]
fn a_reload_that_changes_nothing_asks_nobody_and_cuts_nothing() {
    let world = World::start();
    let _ada = world.websocket("/one/ws", "ada");
    world.until_running(1);
    let asked = world.identity.calls();
    world
        .gateway
        .reload(&RULES.replace("UPSTREAM", &world.app.server.url()));
    std::thread::sleep(Duration::from_millis(200));
    world.gateway.clock.advance(Duration::from_secs(2));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(world.gateway.running.streams().running(), 1);
    assert_eq!(world.identity.calls(), asked);
}

#[test]
fn an_outage_is_borne_for_a_while_and_not_for_ever() {
    let world = World::start();
    let mut ada = world.websocket("/one/ws", "ada");
    world.until_running(1);
    world
        .identity
        .says("ada", Reply::json("500 Internal Server Error", "{}"));
    world.revalidate();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(world.gateway.running.streams().running(), 1);
    world.revalidate();
    let (code, reason) = close_of(&mut ada);
    assert_eq!(
        (code, reason.as_str()),
        (1008, "the session could not be checked")
    );
    assert_eq!(world.cut(Cause::Unverified), 1);
}

#[test]
fn a_stale_answer_carries_a_stream_as_long_as_it_would_carry_requests() {
    let world = World::with(RULES, "", ", serve_stale_when_down: 5m");
    let mut ada = world.websocket("/one/ws", "ada");
    world.until_running(1);
    world
        .identity
        .says("ada", Reply::json("500 Internal Server Error", "{}"));
    for _ in 0..10 {
        world.revalidate();
        std::thread::sleep(Duration::from_millis(120));
        assert_eq!(world.gateway.running.streams().running(), 1);
    }
    for _ in 0..3 {
        world.revalidate();
        std::thread::sleep(Duration::from_millis(120));
    }
    assert_eq!(close_of(&mut ada).0, 1008);
}

#[test]
fn a_purged_cache_has_every_session_asked_for_again() {
    let world = World::start();
    let mut ada = world.websocket("/one/ws", "ada");
    let _bob = world.websocket("/one/ws", "bob");
    world.until_running(2);
    world.identity.says("ada", unauthorized());
    assert_eq!(world.admin("/stepgate/v1/cache/purge").status, 204);
    std::thread::sleep(Duration::from_millis(100));
    world.gateway.clock.advance(Duration::from_secs(2));
    assert_eq!(close_of(&mut ada).0, 4401);
    world.until_running(1);
}

#[test]
fn what_happened_before_a_stream_grew_old_is_not_missed() {
    let world = World::start();
    let mut ada = world.websocket("/one/ws", "ada");
    // At once, before any tick could register it.
    world.identity.says("ada", unauthorized());
    world.revoke("ada");
    assert_eq!(close_of(&mut ada).0, 4401);
}

#[test]
fn a_rule_that_looks_at_headers_is_found_again_by_them() {
    let world = World::start();
    let _ada = world.websocket("/app/ws", "ada");
    world.until_running(1);
    let asked = world.identity.calls();
    world.revalidate();
    assert!(eventually(|| world.identity.calls() > asked));
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(world.gateway.running.streams().running(), 1);
}
