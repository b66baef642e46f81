//! The session check over the wire: how rarely it asks, how soon it notices, and what it never
//! does.

use std::sync::Arc;
use std::time::Duration;

use rstest::rstest;
use stepgate::whoami::Forget;

use crate::support::gateway::{Change, World, now, session};
use crate::support::identity::{COOKIE, Session, unauthorized, undisclosed};
use crate::support::reply::{Gate, Reply};

fn alice() -> Session {
    Session::new("alice", now())
}

fn down() -> Reply {
    Reply::json("500 Internal Server Error", "{}")
}

#[test]
fn a_session_is_asked_for_once_and_told_to_the_application() {
    let world = World::start();
    world.identity.says("c", alice().aal2().reply());
    for _ in 0..10 {
        assert_eq!(world.call("/transfer/", "c").status, 200);
    }
    assert_eq!(world.identity.calls(), 1);
    let seen = world.upstream.received().pop().unwrap();
    for (name, value) in [
        ("x-user-id", "alice"),
        ("x-user-email", "alice@example.com"),
        ("x-session-id", "session-of-alice"),
        ("x-session-aal", "aal2"),
        ("x-session-methods", "password,totp"),
        ("x-authenticated-at", "2026-11-21T12:00:00Z"),
    ] {
        assert_eq!(seen.headers(name), [value], "{name}");
    }
    assert_eq!(seen.header("cookie"), None);
}

#[rstest]
#[case::success(alice().reply(), 200)]
#[case::outage(down(), 503)]
#[case::throttled(Reply::json("429 Too Many Requests", "{}"), 429)]
fn a_thousand_requests_for_one_cold_session_cost_one_question(
    #[case] reply: Reply,
    #[case] status: u16,
) {
    let world = World::start();
    let gate = Arc::new(Gate::default());
    world
        .identity
        .says("c", Reply::Held(Arc::clone(&gate), Box::new(reply)));
    let crowd = world.call_at_once(1000, "/account/", "c");
    world.until_waiting(1000);
    gate.open();
    let statuses = crowd.statuses();
    assert!(
        statuses.iter().all(|other| *other == status),
        "{statuses:?}"
    );
    assert_eq!(world.identity.calls(), 1);
}

#[rstest]
#[case::nobody(unauthorized(), "/account/")]
#[case::undisclosed(undisclosed(), "/account/")]
#[case::too_weak(alice().reply(), "/firm/")]
fn a_thousand_refused_requests_cost_two_questions(
    #[case] reply: Reply,
    #[case] target: &'static str,
) {
    let world = World::start();
    let gate = Arc::new(Gate::default());
    world
        .identity
        .says("c", Reply::Held(Arc::clone(&gate), Box::new(reply)));
    let crowd = world.call_at_once(1000, target, "c");
    world.until_waiting(1000);
    gate.open();
    let statuses = crowd.statuses();
    assert!(
        statuses.iter().all(|status| matches!(status, 401 | 403)),
        "{statuses:?}"
    );
    assert!(world.identity.calls() <= 2, "{}", world.identity.calls());
}

#[test]
fn a_step_up_counts_at_the_very_next_request() {
    let world = World::start();
    world.identity.says("c", alice().reply());
    assert_eq!(world.call("/account/", "c").status, 200);
    // The second factor is used; the cookie stays the same.
    world.identity.says("c", alice().aal2().reply());
    assert_eq!(world.browse("/transfer/", "c").status, 200);
    assert_eq!(world.identity.calls(), 2);
    assert_eq!(world.browse("/transfer/", "c").status, 200);
    assert_eq!(world.identity.calls(), 2);
}

#[test]
fn a_login_counts_at_the_very_next_request() {
    let world = World::start();
    assert_eq!(world.call("/account/", "c").status, 401);
    world.identity.says("c", alice().reply());
    assert_eq!(world.call("/account/", "c").status, 200);
    world.identity.says("c", undisclosed());
    world.gateway.clock.advance(Duration::from_secs(30));
    assert_eq!(world.call("/account/", "c").status, 401);
    world.identity.says("c", alice().aal2().reply());
    assert_eq!(world.call("/account/", "c").status, 200);
}

#[test]
fn a_session_that_ended_elsewhere_is_noticed_within_its_time() {
    let world = World::start();
    world.identity.says("c", alice().reply());
    assert_eq!(world.call("/account/", "c").status, 200);
    world.identity.says("c", unauthorized());
    world.gateway.clock.advance(Duration::from_secs(29));
    assert_eq!(world.call("/account/", "c").status, 200);
    world.gateway.clock.advance(Duration::from_secs(1));
    assert_eq!(world.call("/account/", "c").status, 401);
}

#[test]
fn a_session_that_is_forgotten_is_asked_for_at_once() {
    let world = World::start();
    let resolver = world.gateway.running.resolver().clone();
    for (round, forget) in [
        Forget::Session("session-of-alice"),
        Forget::Identity("alice"),
    ]
    .into_iter()
    .enumerate()
    {
        let cookie = format!("c{round}");
        world.identity.says(&cookie, alice().reply());
        assert_eq!(world.call("/account/", &cookie).status, 200);
        world.identity.says(&cookie, unauthorized());
        resolver.forget(forget);
        assert_eq!(world.call("/account/", &cookie).status, 401);
    }
    world.identity.says("c", alice().reply());
    assert_eq!(world.call("/account/", "c").status, 200);
    world.identity.says("c", unauthorized());
    resolver.purge();
    assert_eq!(world.call("/account/", "c").status, 401);
}

#[test]
fn a_session_never_outlives_its_end() {
    let world = World::start();
    world.identity.says("c", alice().ends_in(3).reply());
    assert_eq!(world.call("/account/", "c").status, 200);
    world.gateway.clock.advance(Duration::from_secs(3));
    assert_eq!(world.call("/account/", "c").status, 401);
}

#[test]
fn the_age_of_a_session_is_judged_at_every_request() {
    let world = World::start();
    world
        .identity
        .says("c", alice().aal2().authenticated_ago(590).reply());
    assert_eq!(world.call("/fresh/", "c").status, 200);
    world.gateway.clock.advance(Duration::from_secs(11));
    assert_eq!(world.call("/transfer/", "c").status, 200);
    assert_eq!(
        world.call("/fresh/", "c").error_id(),
        "session_refresh_required"
    );
}

#[test]
fn a_warm_session_serves_its_time_while_the_service_is_down() {
    let world = World::start();
    world.identity.says("c", alice().reply());
    assert_eq!(world.call("/account/", "c").status, 200);
    world.identity.server.stop();
    world.gateway.clock.advance(Duration::from_secs(29));
    assert_eq!(world.call("/account/", "c").status, 200);
    world.gateway.clock.advance(Duration::from_secs(1));
    assert_eq!(world.call("/account/", "c").status, 503);
}

#[test]
fn a_grace_lets_it_serve_longer_but_refuses_nobody() {
    let sections = "sessions: { serve_stale_when_down: 60s }\n";
    let world = World::with(&Change {
        sections,
        ..Change::default()
    });
    world.identity.says("c", alice().reply());
    assert_eq!(world.call("/account/", "c").status, 200);
    world.identity.server.stop();
    world.gateway.clock.advance(Duration::from_secs(89));
    assert_eq!(world.call("/account/", "c").status, 200);
    assert_eq!(world.call("/transfer/", "c").status, 503);
    world.gateway.clock.advance(Duration::from_secs(1));
    assert_eq!(world.call("/account/", "c").status, 503);
}

#[test]
fn a_service_that_says_nothing_costs_no_more_than_its_time() {
    let world = World::with(&Change {
        external: &["timeout: 300ms"],
        ..Change::default()
    });
    world.identity.says_of_everyone(Reply::Silence);
    let response = world.call("/account/", "c");
    assert_eq!(
        (response.status, &*response.error_id()),
        (503, "identity_unavailable")
    );
    assert!(world.upstream.received().is_empty());
}

#[test]
fn a_failing_service_is_left_alone_for_a_while() {
    let world = World::start();
    world.identity.says_of_everyone(down());
    for _ in 0..10 {
        assert_eq!(world.call("/account/", "c").status, 503);
    }
    assert_eq!(world.identity.calls(), 5);
    world.identity.says_of_everyone(alice().reply());
    assert_eq!(world.call("/account/", "c").status, 503);
    world.gateway.clock.advance(Duration::from_secs(5));
    assert_eq!(world.call("/account/", "c").status, 200);
}

#[test]
fn a_renewed_session_cookie_reaches_the_browser() {
    let world = World::start();
    let renewed = format!("{COOKIE}=renewed; Path=/; Max-Age=86400; HttpOnly");
    world
        .identity
        .says("c", alice().reply_with(&[("Set-Cookie", &renewed)]));
    let response = world.browse("/account/", "c");
    assert_eq!(response.status, 200);
    assert_eq!(response.headers("set-cookie"), [&*renewed]);
    assert!(
        world
            .browse("/account/", "c")
            .headers("set-cookie")
            .is_empty(),
        "once"
    );
    let refused = world.browse("/firm/", "other");
    assert_eq!(refused.headers("set-cookie").len(), 0);
}

#[test]
fn a_credential_is_looked_for_in_its_places_only() {
    let world = World::start();
    world.identity.says("ory_st_good", alice().reply());
    for (name, value, status) in [
        ("X-Session-Token", "ory_st_good", 200),
        ("Authorization", "Bearer ory_st_good", 200),
        ("Authorization", "bearer ory_st_good", 200),
        ("Authorization", "Basic ory_st_good", 401),
        ("Authorization", "Bearer app-token", 401),
        ("Proxy-Authorization", "Bearer ory_st_good", 401),
        ("Cookie", "other=ory_st_good", 401),
        ("X-Session-Cookie", "ory_st_good", 401),
    ] {
        let response = world.gateway.get("/account/", &[(name, value)]);
        assert_eq!(response.status, status, "{name}: {value}");
    }
    let in_query = world
        .gateway
        .get("/account/?session_token=ory_st_good", &[]);
    assert_eq!(in_query.status, 401);
    assert_eq!(
        world.identity.calls(),
        2,
        "the same token in another place is another credential"
    );
    for seen in world.upstream.received() {
        assert_eq!(seen.header("x-session-token"), None);
        assert_eq!(seen.header("authorization"), None);
    }
}

#[test]
fn two_credentials_at_once_are_refused() {
    let world = World::start();
    for value in ["a", "b", "ory_st_a", "ory_st_b"] {
        world.identity.says(value, alice().aal2().reply());
    }
    let (a, b) = (session("a"), session("b"));
    let both = format!("{a}; {b}");
    for headers in [
        vec![("Cookie", &*both)],
        vec![("Cookie", &*a), ("Cookie", &*b)],
        vec![("Cookie", &*a), ("X-Session-Token", "ory_st_a")],
        vec![("Cookie", &*a), ("Authorization", "Bearer ory_st_a")],
        vec![
            ("X-Session-Token", "ory_st_a"),
            ("X-Session-Token", "ory_st_b"),
        ],
        vec![
            ("Authorization", "Bearer ory_st_a"),
            ("Authorization", "Bearer ory_st_b"),
        ],
    ] {
        let response = world.gateway.get("/account/", &headers);
        assert_eq!(response.status, 400, "{headers:?}");
        assert_eq!(response.error_id(), "ambiguous_credentials");
    }
    assert_eq!(world.identity.calls(), 0);
    assert!(world.upstream.received().is_empty());
}

#[test]
fn a_token_that_is_worth_nothing_is_not_asked_about_for_ever() {
    let world = World::start();
    let statuses: Vec<u16> = (0..10)
        .map(|_| world.call("/account/", "bad").status)
        .collect();
    assert!(
        statuses.iter().take(6).all(|status| *status == 401),
        "{statuses:?}"
    );
    assert!(
        statuses.iter().skip(6).all(|status| *status == 429),
        "{statuses:?}"
    );
    let limited = world.call("/account/", "bad");
    assert_eq!(limited.error_id(), "too_many_checks");
    assert_eq!(limited.header("retry-after"), Some("1"));
    assert_eq!(world.identity.calls(), 6);
    world.gateway.clock.advance(Duration::from_secs(1));
    assert_eq!(world.call("/account/", "bad").status, 401);
}

#[test]
fn made_up_tokens_from_one_address_are_limited() {
    let world = World::start();
    world.identity.says("good", alice().reply());
    assert_eq!(world.call("/account/", "good").status, 200);
    let statuses: Vec<u16> = (0..60)
        .map(|number| world.call("/account/", &format!("x{number}")).status)
        .collect();
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 49);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 11);
    assert_eq!(
        world.call("/account/", "good").status,
        200,
        "who is known is not in the way"
    );
}

#[test]
fn a_value_from_the_identity_can_not_break_out_of_its_header() {
    let sections =
        "upstream_identity:\n  headers:\n    X-User-Name: session.identity.traits.name\n";
    let world = World::with(&Change {
        sections,
        ..Change::default()
    });
    let named = |name: &str| {
        alice()
            .with("/identity/traits/name", serde_json::Value::from(name))
            .aal2()
            .reply()
    };
    for (number, (name, expected)) in [
        ("a\r\nX-Role: admin", "a%0D%0AX-Role: admin"),
        ("a\nX-Role: admin", "a%0AX-Role: admin"),
        ("J\u{f6}rg", "J%C3%B6rg"),
        ("admin ", "admin%20"),
    ]
    .into_iter()
    .enumerate()
    {
        let cookie = format!("c{number}");
        world.identity.says(&cookie, named(name));
        assert_eq!(world.call("/account/", &cookie).status, 200);
        let seen = world.upstream.received().pop().unwrap();
        assert_eq!(seen.headers("x-user-name"), [expected]);
        assert_eq!(seen.header("x-role"), None);
    }
}

#[test]
fn what_passes_the_mount_is_felt_at_the_next_request() {
    let world = World::with(&Change {
        external: &["mount: /auth"],
        ..Change::default()
    });
    let done = Reply::answer("303 See Other", &[("Location", "/")], "");
    world.identity.answers("/self-service/", done);
    world.identity.answers(
        "/sessions/",
        Reply::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".into()),
    );
    for (method, target) in [
        ("GET", "/auth/self-service/logout?token=ory_lo_x"),
        ("POST", "/auth/self-service/login?flow=f"),
        ("POST", "/auth/self-service/settings?flow=f"),
        ("DELETE", "/auth/sessions/other"),
    ] {
        // Another cookie value of the same session, and another session of the same person.
        for cookie in ["c", "older"] {
            world.identity.says(cookie, alice().reply());
        }
        world
            .identity
            .says("phone", alice().with("/id", "elsewhere".into()).reply());
        for cookie in ["c", "older", "phone"] {
            assert_eq!(world.call("/account/", cookie).status, 200, "{target}");
        }
        let passed = world
            .gateway
            .ask(method, target, &[("Cookie", &session("c"))]);
        assert!(matches!(passed.status, 204 | 303), "{}", passed.head);
        world.identity.says_of_everyone(unauthorized());
        for cookie in ["c", "older", "phone"] {
            assert_eq!(
                world.call("/account/", cookie).status,
                401,
                "{target} {cookie}"
            );
        }
        world.gateway.clock.advance(Duration::from_secs(5));
    }
}

#[test]
fn reading_through_the_mount_costs_nobody_the_cache() {
    let world = World::with(&Change {
        external: &["mount: /auth"],
        ..Change::default()
    });
    world
        .identity
        .answers("/self-service/", Reply::json("200 OK", "{}"));
    world.identity.says("c", alice().reply());
    assert_eq!(world.call("/account/", "c").status, 200);
    let flow = world.call("/auth/self-service/login/flows?id=f", "c");
    assert_eq!(flow.status, 200);
    assert_eq!(world.call("/account/", "c").status, 200);
    assert_eq!(world.identity.calls(), 1);
}

#[test]
fn a_login_redirect_leads_to_the_mount_of_the_own_host() {
    let world = World::with(&Change {
        external: &["mount: /auth"],
        ..Change::default()
    });
    let response = world.browse("/account/x", "none");
    assert_eq!(
        response.header("location"),
        Some(
            "http://bank.example.com/auth/self-service/login/browser\
             ?return_to=http%3A%2F%2Fbank.example.com%2Faccount%2Fx"
        )
    );
}
