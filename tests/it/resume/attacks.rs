//! What others try with a request that waits.

use rstest::rstest;

use crate::resume::world::{Browser, FORM, kept, sign_in, start, step_up};
use crate::support::client::Connection;
use crate::support::gateway::now;
use crate::support::identity::{Session, unauthorized};

const BODY: &str = "payee=Ada&amount=25.00";

#[test]
fn somebody_elses_session_sees_and_sends_nothing() {
    let world = start();
    let alice = Browser::of("alice").with("Referer", "http://bank.example.com/hidden-place");
    let id = kept(&alice.transfer(&world, BODY)).unwrap();
    step_up(&world, "alice");
    let proof = alice.proof(&world, &id);
    sign_in(&world, "mallory");
    let mallory = Browser::of("mallory");
    for is_strong in [false, true] {
        if is_strong {
            step_up(&world, "mallory");
        }
        for answer in [
            mallory.open(&world, &id),
            mallory.press(&world, &id, &proof),
        ] {
            assert_eq!(answer.status, 403);
            let text = answer.text();
            assert!(text.contains("This belongs to another login"), "{text}");
            assert!(!text.contains("Ada") && !text.contains("hidden-place"));
        }
    }
    assert!(world.upstream.received().is_empty());
    assert_eq!(
        alice.press(&world, &id, &proof).status,
        200,
        "it is still hers"
    );
}

#[test]
fn another_session_of_the_same_person_does_not_go_on_with_it() {
    let world = start();
    let alice = Browser::of("alice");
    let id = kept(&alice.transfer(&world, BODY)).unwrap();
    let mut other = Session::new("alice", now()).aal2();
    other.document["id"] = "another-session".into();
    world.identity.says("later", other.reply());
    let later = Browser::of("later");
    assert_eq!(later.open(&world, &id).status, 403);
    assert_eq!(later.press(&world, &id, &"A".repeat(43)).status, 403);
    assert!(world.upstream.received().is_empty());
}

#[test]
fn what_an_attacker_laid_down_is_not_sent_by_a_victim() {
    let world = start();
    // Without a session, and so bound to the attacker's cookie.
    let attacker = Browser::of("");
    let id = kept(&attacker.transfer(&world, "payee=mallory")).unwrap();
    step_up(&world, "alice");
    let victim = Browser::of("alice");
    let page = victim.open(&world, &id);
    assert_eq!(page.status, 403);
    assert!(!page.text().contains("mallory"));
    assert_eq!(victim.press(&world, &id, &"A".repeat(43)).status, 403);
    assert!(world.upstream.received().is_empty());
}

#[rstest]
#[case::cross_site(Some("cross-site"), Some("https://evil.example"))]
#[case::same_site(Some("same-site"), Some("http://evil.bank.example.com"))]
#[case::typed(Some("none"), None)]
#[case::says_cross_site_from_home(Some("cross-site"), Some("http://bank.example.com"))]
#[case::another_origin(None, Some("https://evil.example"))]
#[case::another_scheme(None, Some("https://bank.example.com"))]
#[case::another_port(None, Some("http://bank.example.com:8080"))]
#[case::opaque(None, Some("null"))]
#[case::silent(None, None)]
fn another_site_can_neither_lay_down_nor_send(
    #[case] site: Option<&'static str>,
    #[case] origin: Option<&'static str>,
) {
    let world = start();
    let alice = Browser::of("alice");
    let mut foreign = alice.clone();
    (foreign.site, foreign.origin) = (site, origin);
    let answer = foreign.transfer(&world, BODY);
    assert_eq!((answer.status, kept(&answer)), (401, None));
    let id = kept(&alice.transfer(&world, BODY)).unwrap();
    step_up(&world, "alice");
    let proof = alice.proof(&world, &id);
    let answer = foreign.press(&world, &id, &proof);
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("We didn’t send this"));
    assert!(world.upstream.received().is_empty());
    assert_eq!(alice.press(&world, &id, &proof).status, 200);
}

#[test]
fn a_browser_that_names_only_its_origin_may_go_on() {
    let world = start();
    let mut alice = Browser::of("alice");
    alice.site = None;
    let id = kept(&alice.transfer(&world, BODY)).unwrap();
    step_up(&world, "alice");
    let proof = alice.proof(&world, &id);
    assert_eq!(alice.press(&world, &id, &proof).status, 200);
}

#[test]
fn of_many_who_press_at_once_exactly_one_sends() {
    let world = start();
    let alice = Browser::of("alice");
    let id = kept(&alice.transfer(&world, BODY)).unwrap();
    step_up(&world, "alice");
    let proof = alice.proof(&world, &id);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let press = || alice.press(&world, &id, &proof).status;
        let all: Vec<_> = (0..32).map(|_| scope.spawn(press)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let count = |status| statuses.iter().filter(|it| **it == status).count();
    assert_eq!((count(200), count(409)), (1, 31), "{statuses:?}");
    assert_eq!(world.upstream.received().len(), 1);
}

#[test]
fn made_up_ids_and_proofs_are_worth_nothing() {
    let world = start();
    let alice = Browser::of("alice");
    let id = kept(&alice.transfer(&world, BODY)).unwrap();
    step_up(&world, "alice");
    let proof = alice.proof(&world, &id);
    let flipped = |text: &str| {
        let first = if text.starts_with('A') { "B" } else { "A" };
        [first, &text[1..]].concat()
    };
    for (id, proof, status) in [
        (flipped(&id), proof.clone(), 410),
        (id.clone(), flipped(&proof), 403),
        (id.clone(), id.clone(), 403),
        (proof.clone(), id.clone(), 410),
    ] {
        assert_eq!(alice.press(&world, &id, &proof).status, status);
    }
    for wrong in ["", "x", &flipped(&id), "%2e%2e", &"A".repeat(500)] {
        let status = alice.open(&world, wrong).status;
        assert!(matches!(status, 400 | 410), "{wrong}: {status}");
    }
    assert!(world.upstream.received().is_empty());
}

#[test]
fn a_request_goes_where_it_was_sent_and_nowhere_else() {
    let world = start();
    let alice = Browser::of("alice");
    let id = kept(&alice.transfer(&world, BODY)).unwrap();
    step_up(&world, "alice");
    let proof = alice.proof(&world, &id);
    let form = format!("stepgate_resume={id}&stepgate_proof={proof}");
    for target in [
        "/transfer/now",
        "/transfer/now?x=2",
        "/transfer/other?x=1",
        "/else",
    ] {
        let answer = alice.send(&world, "POST", target, FORM, form.as_bytes());
        assert_eq!(answer.status, 410, "{target}");
    }
    assert!(world.upstream.received().is_empty());
}

#[test]
fn a_session_that_ended_has_to_log_in_and_can_not_go_on_then() {
    let world = start();
    let alice = Browser::of("alice");
    let id = kept(&alice.transfer(&world, BODY)).unwrap();
    step_up(&world, "alice");
    let proof = alice.proof(&world, &id);
    world.identity.says("alice", unauthorized());
    world.gateway.running.resolver().purge();
    let answer = alice.press(&world, &id, &proof);
    assert_eq!(answer.status, 401);
    assert_eq!(alice.open(&world, &id).status, 303);
    assert!(world.upstream.received().is_empty());
}

#[test]
fn nothing_but_the_kept_headers_comes_back_with_a_body() {
    let world = start();
    let alice = Browser::of("alice")
        .with("X-User-Id", "root")
        .with("X-Evil", "kept?")
        .with("Content-Language", "de")
        .with("Referer", "https://elsewhere.example/page");
    let id = kept(&alice.transfer(&world, BODY)).unwrap();
    step_up(&world, "alice");
    let plain = Browser::of("alice");
    let proof = plain.proof(&world, &id);
    assert_eq!(plain.press(&world, &id, &proof).status, 200);
    let seen = world.upstream.only();
    assert_eq!(seen.headers("x-user-id"), ["alice"]);
    assert_eq!(seen.header("x-evil"), None);
    assert_eq!(seen.header("referer"), None);
    assert_eq!(seen.headers("content-language"), ["de"]);
    assert_eq!(seen.headers("content-type").len(), 1);
    assert_eq!(seen.headers("content-length").len(), 1);
    assert_eq!(seen.header("transfer-encoding"), None);
}

#[test]
fn the_connection_goes_on_in_step_after_a_body_was_kept_and_sent() {
    let world = start();
    let alice = Browser::of("alice");
    let mut connection = Connection::open(world.gateway.address);
    let form = |body: &str| {
        let head = alice.head("POST", "/transfer/now?x=1");
        let length = body.len();
        format!("{head}Content-Type: {FORM}\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: bank.example.com\r\n\r\n";
    let id = kept(&connection.ask(form(smuggled))).unwrap();
    step_up(&world, "alice");
    let proof = alice.proof(&world, &id);
    let press = form(&format!("stepgate_resume={id}&stepgate_proof={proof}"));
    assert_eq!(connection.ask(press).status, 200);
    let next = alice.head("GET", "/next") + "\r\n";
    assert_eq!(connection.ask(next).status, 200);
    let lines: Vec<_> = world
        .upstream
        .received()
        .iter()
        .map(|it| it.line().to_owned())
        .collect();
    assert_eq!(
        lines,
        ["POST /transfer/now?x=1 HTTP/1.1", "GET /next HTTP/1.1"]
    );
    assert_eq!(world.upstream.received()[0].text(), smuggled);
}

#[test]
fn the_page_is_only_looked_at() {
    let world = start();
    let alice = Browser::of("alice");
    let id = kept(&alice.transfer(&world, BODY)).unwrap();
    let page = crate::resume::world::page(&id);
    for method in ["POST", "PUT", "DELETE"] {
        let answer = alice.send(&world, method, &page, FORM, b"");
        assert_eq!(answer.status, 405, "{method}");
    }
}
