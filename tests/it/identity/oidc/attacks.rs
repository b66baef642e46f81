use jsonwebtoken::Algorithm;
use serde_json::json;
use stepgate::identity::settings::Pkce;

use super::provider::{Behaviour, unsigned};
use super::{Bench, error_of, local};

/// The sign-in fails with an error page and opens no session.
fn refused(bench: &Bench, what: &str) {
    let mut browser = bench.world.browser();
    let answer = bench.sign_in(&mut browser);
    assert_eq!(answer.status, 303, "{what}");
    assert_eq!(error_of(&mut browser, &answer)["code"], 400, "{what}");
    assert_eq!(browser.whoami().status, 401, "{what}");
}

#[test]
fn a_token_that_is_not_what_it_should_be_signs_nobody_in() {
    type Lie = (&'static str, fn(&mut Behaviour));
    let lies: [Lie; 12] = [
        ("audience", |it| it.claims["aud"] = "somebody-else".into()),
        ("several audiences without azp", |it| {
            it.claims["aud"] = json!(["stepgate", "other"]);
        }),
        ("authorized party", |it| it.claims["azp"] = "other".into()),
        ("issuer", |it| it.claims["iss"] = "https://evil.test".into()),
        ("nonce", |it| it.claims["nonce"] = "another".into()),
        ("no nonce", |it| it.claims["nonce"] = json!(null)),
        ("expired", |it| it.claims["exp"] = (it.now - 3600).into()),
        ("no expiry", |it| it.claims["exp"] = json!(null)),
        ("from the future", |it| {
            it.claims["iat"] = (it.now + 3600).into()
        }),
        ("no subject", |it| it.claims["sub"] = "".into()),
        ("signed with the client's secret", |it| {
            it.algorithm = Algorithm::HS256
        }),
        ("signed by another key", |it| it.foreign_key = true),
    ];
    let bench = Bench::start();
    for (what, lie) in lies {
        bench.provider.behave(|it| {
            it.claims = json!({"email": "ada@work.example"});
            it.algorithm = Algorithm::ES256;
            it.foreign_key = false;
            lie(it);
        });
        refused(&bench, what);
    }
    bench.provider.behave(|it| {
        it.claims = json!({"email": "ada@work.example"});
        it.foreign_key = false;
        it.algorithm = Algorithm::ES256;
        let now = it.now;
        it.token = Some(unsigned(
            &json!({"sub": "ada", "aud": "stepgate", "exp": now + 60}),
        ));
    });
    refused(&bench, "unsigned");
    bench
        .provider
        .behave(|it| it.token = Some("not.a.token".to_owned()));
    refused(&bench, "no token");
    bench.provider.behave(|it| it.token = None);
    let mut browser = bench.world.browser();
    bench.sign_in(&mut browser);
    assert_eq!(browser.whoami().status, 200, "the truth signs in");
}

#[test]
fn a_callback_counts_in_the_browser_that_left_once_and_with_its_own_state() {
    let bench = Bench::start();
    let mut victim = bench.world.browser();
    let mut attacker = bench.world.browser();
    let callback = bench.callback(&mut attacker);
    // Login CSRF: the attacker's answer in the victim's browser.
    for _ in 0..2 {
        let answer = victim.page(&callback);
        assert_eq!(error_of(&mut victim, &answer)["code"], 400);
        assert_eq!(victim.whoami().status, 401);
    }
    // The victim has left for the provider too: the attacker's code and state in its place.
    let own = bench.callback(&mut victim);
    let mixed = victim.page(&callback);
    assert_eq!(error_of(&mut victim, &mixed)["code"], 400);
    // What waited for the victim is still there, and good once.
    assert_eq!(victim.page(&own).status, 303);
    assert_eq!(victim.whoami().status, 200);
    let again = victim.page(&own);
    assert_eq!(error_of(&mut victim, &again)["code"], 400);
}

#[test]
fn a_code_of_another_sign_in_is_worth_nothing() {
    inject(&Bench::start());
    // Without PKCE it is the nonce that tells.
    inject(&Bench::with(|work, _| work.pkce = Pkce::Never));
}

fn inject(bench: &Bench) {
    let mut attacker = bench.world.browser();
    let foreign = bench.callback(&mut attacker);
    let foreign = foreign.split("code=").nth(1).unwrap().to_owned();
    let mut victim = bench.world.browser();
    let own = bench.callback(&mut victim);
    let (before, _) = own.split_once("code=").unwrap();
    let injected = victim.page(&format!("{before}code={foreign}"));
    assert!(error_of(&mut victim, &injected)["code"].as_u64() >= Some(400));
    assert_eq!(victim.whoami().status, 401);
}

#[test]
fn an_answer_of_another_provider_is_refused() {
    let bench = Bench::start();
    bench
        .provider
        .behave(|it| it.redirect_iss = Some("https://evil.test".to_owned()));
    refused(&bench, "iss of another");
    bench.provider.behave(|it| it.redirect_iss = None);
    let mut browser = bench.world.browser();
    let callback = bench.callback(&mut browser);
    let elsewhere = browser.page(&callback.replace("/callback/work", "/callback/other"));
    assert_eq!(error_of(&mut browser, &elsewhere)["code"], 400);
    let mut browser = bench.world.browser();
    let callback = bench.callback(&mut browser);
    let start = callback.find("iss=").unwrap();
    let end = callback[start..]
        .find('&')
        .map_or(callback.len(), |at| start + at + 1);
    let without = format!("{}{}", &callback[..start], &callback[end..]);
    let unnamed = browser.page(&without);
    assert_eq!(error_of(&mut browser, &unnamed)["code"], 400);
    assert_eq!(browser.whoami().status, 401);
}

#[test]
fn a_refusal_of_the_provider_ends_on_the_error_page_without_its_words() {
    let bench = Bench::start();
    bench
        .provider
        .behave(|it| it.error = Some("access_denied<script>".to_owned()));
    let mut browser = bench.world.browser();
    let answer = bench.sign_in(&mut browser);
    let error = error_of(&mut browser, &answer);
    assert_eq!(error["code"], 400);
    assert!(error["reason"].as_str().unwrap().contains("access_denied"));
    let page = browser.page(&local_error(&answer));
    assert!(!page.text().contains("<script>access"), "{}", page.text());
}

fn local_error(answer: &crate::support::client::Response) -> String {
    let to = answer.header("location").unwrap();
    to[to.find("/error").unwrap()..].to_owned()
}

#[test]
fn a_posted_answer_comes_again_by_get_and_an_unknown_provider_is_not_found() {
    let bench = Bench::start();
    let mut browser = bench.world.browser();
    let callback = bench.callback(&mut browser);
    let (path, query) = callback.split_once('?').unwrap();
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    let mut cookieless = bench.world.native();
    let posted = cookieless.send("POST", path, &kind, query);
    assert_eq!(posted.status, 303);
    let to = local(posted.header("location").unwrap());
    assert_eq!(browser.page(&to).status, 303);
    assert_eq!(browser.whoami().status, 200);
    let mut other = bench.world.browser();
    let flow = other.open("login", "");
    let unknown = other.submit(&flow, json!({"method": "oidc", "provider": "nobody"}));
    assert_eq!(unknown.status, 404);
}

#[test]
fn a_provider_that_is_down_does_not_take_the_flow_along() {
    let bench = Bench::start();
    bench.provider.server.stop();
    let mut browser = bench.world.browser();
    let flow = browser.open("login", "");
    let answer = browser.submit(&flow, json!({"provider": "work"}));
    assert_eq!(answer.status, 502);
    bench.world.person("bob@bank.example");
    browser.sign_in("bob@bank.example");
}
