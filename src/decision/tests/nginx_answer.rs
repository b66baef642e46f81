//! What nginx asks a second time for, to tell the client that it refuses.

use super::world::{RULES, SIGNED_IN, World, session};
use crate::aal::Aal;

fn original(target: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![("X-Original-URL", target), ("X-Original-Method", "GET")]
}

#[tokio::test]
async fn the_answer_is_the_proxys_own_with_status_and_content() {
    let world = World::new(RULES);
    let mut browser = original("https://app.test/account");
    browser.push(("Accept", "text/html"));
    let sent = world.ask("GET /nginx/answer", &browser).await;
    assert_eq!(sent.status(), 303, "{sent:?}");
    let location = sent.header("location").unwrap();
    assert!(location.starts_with("https://id.test/"), "{location}");
    assert_eq!(sent.header("x-stepgate-redirect"), None);

    let program = original("https://app.test/account");
    let refused = world.ask("POST /nginx/answer", &program).await;
    assert_eq!(refused.status(), 401, "{refused:?}");
    assert_eq!(refused.error()["id"], "session_required");

    let ambiguous = original("https://app.test/account/../admin");
    let refused = world.ask("GET /nginx/answer", &ambiguous).await;
    assert_eq!(refused.status(), 400, "{refused:?}");
    assert_eq!(refused.header("x-stepgate-status"), None);
}

#[tokio::test]
async fn what_would_pass_by_now_is_asked_for_again_and_nobody_is_named_to_the_client() {
    let world = World::new(RULES);
    world.says(Ok(session(Aal::Aal1, 10)));
    let mut headers = original("https://app.test/account");
    headers.push(SIGNED_IN);
    let check = world.ask("GET /nginx/check", &headers).await;
    assert_eq!(check.status(), 200, "{check:?}");
    let answer = world.ask("GET /nginx/answer", &headers).await;
    assert_eq!(answer.status(), 503, "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("x-user-id"), None);
    assert_eq!(answer.header("cookie"), None);
}

#[tokio::test]
async fn what_nginx_could_not_take_out_is_refused_in_the_answer_too() {
    let world = World::new(RULES);
    let mut headers = original("https://app.test/public");
    headers.push(("X-User-Role", "admin"));
    let check = world.ask("GET /nginx/check", &headers).await;
    assert_eq!(check.status(), 403, "{check:?}");
    assert_eq!(check.header("x-stepgate-status"), Some("400"));
    let answer = world.ask("GET /nginx/answer", &headers).await;
    assert_eq!(answer.status(), 400, "{answer:?}");
    assert_eq!(answer.error()["id"], "ambiguous_request");
}
