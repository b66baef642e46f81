//! What a person goes through.

use crate::resume::world::{Browser, FORM, between, kept, sign_in, start, step_up};
use crate::support::gateway::now;
use crate::support::identity::{Session, undisclosed};
use rstest::rstest;
use serde_json::json;

const BODY: &str = "payee=Ada+%26+Co&amount=25.00&token=abc123&password=hush";

#[test]
fn a_form_waits_for_the_second_factor_and_one_click_sends_it_as_it_was() {
    let world = start();
    let alice = Browser::of("alice").with("Referer", "http://bank.example.com/form");
    let answer = alice.transfer(&world, BODY);
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("insufficient_user_authentication"));
    let text = answer.text();
    assert!(text.contains("What you entered is kept"), "{text}");
    assert!(text.contains("Money leaves the bank here."));
    assert!(text.contains("aal=aal2"));
    let id = kept(&answer).unwrap();
    assert!(world.upstream.received().is_empty());

    step_up(&world, "alice");
    let page = alice.open(&world, &id);
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    let text = page.text();
    for shown in [
        "Ready to send",
        "Ada &#38; Co",
        "25.00",
        "bank.example.com/transfer/now",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    for hidden in ["hush", "abc123"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
    assert_eq!(between(&text, "<form action=\"", "\""), "/transfer/now?x=1");
    assert!(world.upstream.received().is_empty(), "never by itself");

    let proof = between(&text, "name=\"stepgate_proof\" value=\"", "\"");
    let done = alice.press(&world, &id, &proof);
    assert_eq!((done.status, done.text().as_str()), (200, "hello"));
    let seen = world.upstream.only();
    assert_eq!(seen.line(), "POST /transfer/now?x=1 HTTP/1.1");
    assert_eq!(seen.text(), BODY);
    assert_eq!(seen.header("content-type"), Some(FORM));
    assert_eq!(
        seen.header("content-length"),
        Some(&*BODY.len().to_string())
    );
    assert_eq!(seen.header("referer"), Some("http://bank.example.com/form"));
    assert_eq!(seen.header("x-session-aal"), Some("aal2"));
    assert_eq!(seen.header("cookie"), None);

    for again in [alice.open(&world, &id), alice.press(&world, &id, &proof)] {
        assert_eq!(again.status, 409);
        assert!(again.text().contains("This was sent already"));
        assert!(
            again
                .text()
                .contains("href=\"http://bank.example.com/form\"")
        );
    }
    assert_eq!(world.upstream.received().len(), 1);
}

#[rstest]
#[case::multipart("multipart/form-data; boundary=----b", b"------b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n\x00\xff\r\n\r\n------b--\r\n")]
#[case::json("application/json", b"{\"a\": \"<script>\"}")]
#[case::broken_multipart("multipart/form-data; boundary=----b", b"------b\r\n\x00")]
#[case::bytes("application/octet-stream", b"\x00\x01\xff")]
#[case::empty(FORM, b"")]
fn any_body_survives_byte_for_byte(#[case] content_type: &str, #[case] body: &[u8]) {
    let world = start();
    let alice = Browser::of("alice");
    let id = kept(&alice.send(&world, "POST", "/transfer/now?x=1", content_type, body)).unwrap();
    step_up(&world, "alice");
    assert!(!alice.open(&world, &id).text().contains("<script>\""));
    let proof = alice.proof(&world, &id);
    assert_eq!(alice.press(&world, &id, &proof).status, 200);
    let seen = world.upstream.only();
    assert_eq!(seen.body, body);
    assert_eq!(seen.header("content-type"), Some(content_type));
}

#[rstest]
fn the_kept_method_is_the_one_that_is_judged_and_sent(#[values("PUT", "DELETE")] method: &str) {
    let world = start();
    let alice = Browser::of("alice");
    let id = kept(&alice.send(&world, method, "/transfer/now?x=1", FORM, b"a=b")).unwrap();
    step_up(&world, "alice");
    let proof = alice.proof(&world, &id);
    assert_eq!(alice.press(&world, &id, &proof).status, 200);
    let seen = world.upstream.only();
    assert_eq!((seen.method(), seen.text().as_str()), (method, "a=b"));
}

#[test]
fn an_encoded_body_is_kept_as_it_is_and_never_unpacked() {
    let world = start();
    let alice = Browser::of("alice").with("Content-Encoding", "gzip");
    let bomb = b"\x1f\x8b\x08\x00password=hush";
    let id = kept(&alice.send(&world, "POST", "/transfer/now?x=1", FORM, bomb)).unwrap();
    step_up(&world, "alice");
    let plain = Browser::of("alice");
    let text = plain.open(&world, &id).text();
    assert!(text.contains("17 B") && !text.contains("hush"), "{text}");
    let proof = plain.proof(&world, &id);
    assert_eq!(plain.press(&world, &id, &proof).status, 200);
    let seen = world.upstream.only();
    assert_eq!(seen.body, bomb);
    assert_eq!(seen.header("content-encoding"), Some("gzip"));
}

#[test]
fn who_presses_without_the_step_up_is_asked_again_and_nothing_is_lost() {
    let world = start();
    let alice = Browser::of("alice");
    let id = kept(&alice.transfer(&world, BODY)).unwrap();
    let page = alice.open(&world, &id);
    assert_eq!(page.status, 303);
    let place = page.header("location").unwrap();
    assert!(place.contains("aal=aal2") && place.contains(&id), "{place}");
    let early = alice.press(&world, &id, &"A".repeat(43));
    assert_eq!(early.status, 401);
    assert_eq!(kept(&early).as_deref(), Some(&*id), "it is the same one");
    assert!(world.upstream.received().is_empty());
    step_up(&world, "alice");
    let proof = alice.proof(&world, &id);
    assert_eq!(alice.press(&world, &id, &proof).status, 200);
    assert_eq!(world.upstream.only().text(), BODY);
}

#[test]
fn who_has_no_session_is_known_by_a_cookie_until_one_is_there() {
    let world = start();
    let mut visitor = Browser::of("");
    let answer = visitor.transfer(&world, BODY);
    assert_eq!(answer.status, 401);
    let id = kept(&answer).unwrap();
    let cookie = answer.header("set-cookie").unwrap();
    let (pair, attributes) = cookie.split_once(';').unwrap();
    assert!(pair.starts_with("stepgate_kept="), "{cookie}");
    assert_eq!(attributes, " Path=/; Max-Age=600; HttpOnly; SameSite=Lax");
    visitor.nonce = Some(pair.to_owned());
    let second = visitor.transfer(&world, BODY);
    assert_eq!(
        second.header("set-cookie"),
        Some(cookie),
        "one cookie for all"
    );

    let page = visitor.open(&world, &id);
    assert_eq!(page.status, 303);
    assert!(
        page.header("location")
            .unwrap()
            .contains("/self-service/login/browser?return_to=")
    );
    visitor.session = "alice";
    step_up(&world, "alice");
    let proof = visitor.proof(&world, &id);
    assert_eq!(visitor.press(&world, &id, &proof).status, 200);
    let seen = world.upstream.only();
    assert_eq!((seen.text().as_str(), seen.header("cookie")), (BODY, None));
}

#[test]
fn a_session_that_is_not_told_before_the_second_factor_is_known_by_a_cookie_too() {
    let world = start();
    world.identity.says("alice", undisclosed());
    let mut alice = Browser::of("alice");
    let answer = alice.transfer(&world, BODY);
    let cookie = answer.header("set-cookie").unwrap();
    alice.nonce = cookie.split_once(';').map(|(pair, _)| pair.to_owned());
    let id = kept(&answer).unwrap();
    step_up(&world, "alice");
    let proof = alice.proof(&world, &id);
    assert_eq!(alice.press(&world, &id, &proof).status, 200);
}

#[test]
fn several_tabs_have_one_request_each() {
    let world = start();
    let alice = Browser::of("alice");
    let one = kept(&alice.transfer(&world, "n=1")).unwrap();
    let two = kept(&alice.transfer(&world, "n=2")).unwrap();
    step_up(&world, "alice");
    for (id, body) in [(&two, "n=2"), (&one, "n=1")] {
        let proof = alice.proof(&world, id);
        assert_eq!(alice.press(&world, id, &proof).status, 200);
        assert_eq!(world.upstream.take()[0].text(), body);
    }
}

#[test]
fn a_form_of_the_same_length_as_ours_reaches_the_application() {
    let world = start();
    step_up(&world, "alice");
    let body = format!("a={}", "x".repeat(116));
    let answer = Browser::of("alice").transfer(&world, &body);
    assert_eq!(answer.status, 200);
    assert_eq!(world.upstream.only().text(), body);
}

#[test]
fn programs_are_told_where_to_go_and_send_it_again_themselves() {
    let world = start();
    let mut script = Browser::of("alice");
    script.headers = vec![("X-Requested-With", "XMLHttpRequest".to_owned())];
    let answer = script.transfer(&world, BODY);
    assert_eq!(answer.status, 401);
    assert_eq!(answer.error_id(), "session_aal2_required");
    let place = answer.json()["error"]["details"]["redirect_browser_to"].clone();
    assert!(place.as_str().unwrap().contains("aal=aal2"));
    assert!(!place.as_str().unwrap().contains("well-known"), "{place}");
    assert_eq!(answer.header("set-cookie"), None);
}

#[test]
fn a_rule_without_keep_body_keeps_nothing() {
    let world = start();
    world.gateway.reload(
        &crate::resume::world::RULES
            .replace("UPSTREAM", &world.upstream.url())
            .replace("    keep_body: true\n", ""),
    );
    let answer = Browser::of("alice").transfer(&world, BODY);
    assert_eq!((answer.status, kept(&answer)), (401, None));
    assert!(
        answer
            .text()
            .contains("Check what you entered and send it again")
    );
}

#[test]
fn a_page_that_does_not_help_ends_in_an_explanation_and_not_in_a_circle() {
    let world = start();
    let alice = Browser::of("alice");
    let id = kept(&alice.transfer(&world, BODY)).unwrap();
    let mut visitor = alice;
    for _ in 0..2 {
        let page = visitor.open(&world, &id);
        assert_eq!(page.status, 303);
        let cookie = page.header("set-cookie").unwrap().split(';').next();
        visitor.nonce = cookie.map(str::to_owned);
    }
    let page = visitor.open(&world, &id);
    assert_eq!(page.status, 403);
    assert!(page.text().contains("We can’t confirm it’s you"));
}

#[test]
fn who_has_no_second_factor_is_led_to_set_one_up_and_goes_on() {
    let world = crate::support::gateway::World::with(&crate::support::gateway::Change {
        rules: Some(crate::resume::world::RULES),
        ..Default::default()
    });
    sign_in(&world, "alice");
    let alice = Browser::of("alice");
    let answer = alice.transfer(&world, BODY);
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("Set it up"));
    assert!(
        answer
            .text()
            .contains("/self-service/settings/browser?return_to=")
    );
    let id = kept(&answer).unwrap();
    step_up(&world, "alice");
    let proof = alice.proof(&world, &id);
    assert_eq!(alice.press(&world, &id, &proof).status, 200);
    assert_eq!(world.upstream.only().text(), BODY);
}

#[test]
fn a_session_that_is_too_old_is_confirmed_and_goes_on() {
    let world = start();
    world.gateway.reload(
        &crate::resume::world::RULES
            .replace("UPSTREAM", &world.upstream.url())
            .replace(
                "    keep_body: true\n",
                "    keep_body: true\n    max_age: 5m\n",
            ),
    );
    let old = |seconds| {
        let session = Session::new("alice", now())
            .authenticated_ago(seconds)
            .aal2();
        session.reply()
    };
    world.identity.says("alice", old(600));
    let alice = Browser::of("alice");
    let answer = alice.transfer(&world, BODY);
    assert!(answer.text().contains("refresh=true"), "{}", answer.text());
    let id = kept(&answer).unwrap();
    world.identity.says("alice", old(1));
    let proof = alice.proof(&world, &id);
    assert_eq!(alice.press(&world, &id, &proof).status, 200);
    assert_eq!(json!(world.upstream.only().text()), json!(BODY));
}
