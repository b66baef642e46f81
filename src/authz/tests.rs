use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::{LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::*;
use crate::aal::Aal;
use crate::clock::Clock;
use crate::policy::fixture::{request, rule};
use crate::policy::{Enrolment, RequiredAal, RuleParts, RuleSet, SecondFactor};
use crate::rules::RuleStore;
use crate::whoami::{
    self, Asking, CacheUse, Credential, CredentialKind, IdentityService, Resolver, Said, Session,
    WhoamiError,
};

const NOW: i64 = 100_000;

/// Says of every credential what it was told last.
struct Told(Mutex<Result<Said, WhoamiError>>);

impl IdentityService for Told {
    fn ask<'a>(&'a self, _: &'a Credential) -> Asking<'a> {
        let said = self.0.lock().unwrap().clone();
        Box::pin(async move {
            said.map(|said| whoami::Answer {
                said,
                set_cookies: vec![HeaderValue::from_static("session=renewed")],
                cache_for: None,
            })
        })
    }
}

struct World {
    told: Arc<Told>,
    checker: Checker,
    clock: Clock,
}

fn session(aal: Aal, age: i64, second_factor: SecondFactor) -> Said {
    let at = |second: i64| Timestamp::from_second(second).unwrap().to_string();
    let mut methods =
        vec![json!({"method": "password", "aal": "aal1", "completed_at": at(NOW - age)})];
    if aal == Aal::Aal2 {
        methods.push(json!({"method": "totp", "aal": "aal2", "completed_at": at(NOW - age)}));
    }
    let document = json!({
        "id": "session", "active": true, "expires_at": at(NOW + 3600),
        "authenticated_at": at(NOW - age), "authenticator_assurance_level": aal.as_str(),
        "authentication_methods": methods, "identity": {"id": "identity"},
    });
    let mut session = Session::from_document(document).unwrap();
    session.subject.second_factor = second_factor;
    Said::Session(Box::new(session))
}

fn rules() -> Vec<RuleParts> {
    let host = "bank.example.com";
    let mut recent = rule("recent", "/recent/**", RequiredAal::Aal1).host(host);
    recent.requirement.max_age = Some(Duration::from_secs(600));
    let mut fresh = rule("fresh", "/fresh/**", RequiredAal::Aal2).host(host);
    fresh.requirement.max_age = Some(Duration::from_secs(600));
    fresh.reason = Some("Money leaves the bank here.".into());
    let mut strict = rule("strict", "/strict/**", RequiredAal::Aal2).host(host);
    strict.requirement.enrolment = Enrolment::Denied;
    vec![
        rule("public", "/public/**", RequiredAal::None).host(host),
        rule("identify", "/shop/**", RequiredAal::None)
            .host(host)
            .switched(|switches| switches.identify = true),
        rule("account", "/account/**", RequiredAal::Aal1).host(host),
        rule("transfer", "/transfer/**", RequiredAal::Aal2).host(host),
        rule("post", "/post/**", RequiredAal::Aal1)
            .host(host)
            .methods(&["POST"]),
        recent,
        fresh,
        strict,
        rule("any", "/any/**", RequiredAal::Aal1),
    ]
}

fn world(said: Result<Said, WhoamiError>) -> World {
    let config = Config {
        identity: IdentityBase::Url("https://id.example.com".into()),
        ..Config::default()
    };
    world_with(said, config)
}

fn world_with(said: Result<Said, WhoamiError>, config: Config) -> World {
    let told = Arc::new(Told(Mutex::new(said)));
    let clock = Clock::manual(Timestamp::from_second(NOW).unwrap());
    let service: Arc<dyn IdentityService> = Arc::<Told>::clone(&told);
    let sessions = whoami::Config::default();
    let resolver = Resolver::new(sessions, "test", service, Handle::current(), clock.clone());
    let rules = RuleSet::build(rules(), Vec::new()).unwrap();
    let rules = Arc::new(RuleStore::new(rules, clock.wall()));
    World {
        told,
        checker: Checker::new(rules, resolver, config, clock.clone()),
        clock,
    }
}

impl World {
    async fn ask(&self, line: &str, headers: &[(&'static str, &str)], cookie: &str) -> Verdict {
        let (method, target) = line.split_once(' ').unwrap();
        let (host, target) = match target.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap()),
            None => ("bank.example.com", target),
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let credential =
            (!cookie.is_empty()).then(|| Credential::new(CredentialKind::Cookie, cookie));
        let inquiry = Inquiry {
            request: request(method, host, target).unwrap(),
            credential,
            headers: &map,
        };
        self.checker.check(inquiry).await
    }

    async fn refuse(&self, line: &str, headers: &[(&'static str, &str)]) -> Box<Refusal> {
        match self.ask(line, headers, "cookie").await {
            Verdict::Refuse(refusal) => refusal,
            Verdict::Forward(_) => panic!("{line} was forwarded"),
        }
    }

    async fn allows(&self, line: &str) -> bool {
        matches!(self.ask(line, &[], "cookie").await, Verdict::Forward(_))
    }
}

const HTML: (&str, &str) = ("accept", "text/html");

fn header<'a>(refusal: &'a Refusal, name: &str) -> Option<&'a str> {
    let found = refusal
        .answer
        .headers
        .iter()
        .find(|(other, _)| other == name);
    found.map(|(_, value)| value.to_str().unwrap())
}

fn error(refusal: &Refusal) -> Value {
    let json: Value = serde_json::from_str(&refusal.answer.error_json("req-1")).unwrap();
    assert_eq!(json["error"]["request_id"], "req-1");
    assert_eq!(json["error"]["code"], refusal.answer.status.as_u16());
    json["error"].clone()
}

const ONE: Aal = Aal::Aal1;

#[tokio::test]
async fn a_browser_is_redirected_by_what_is_missing() {
    let back = |path: &str| format!("return_to=http%3A%2F%2Fbank.example.com%2F{path}");
    let login = "https://id.example.com/self-service/login/browser?";
    let has = SecondFactor::Enrolled;
    let none = SecondFactor::NotEnrolled;
    for (said, target, decided, expected) in [
        (
            Said::NoSession,
            "/account/1?a=b&c=d",
            Decided::LogIn,
            format!("{login}{}", back("account%2F1%3Fa%3Db%26c%3Dd")),
        ),
        (
            Said::Undisclosed,
            "/account/",
            Decided::StepUp,
            format!("{login}aal=aal2&{}", back("account%2F")),
        ),
        (
            session(ONE, 5, has),
            "/transfer/x",
            Decided::StepUp,
            format!("{login}aal=aal2&{}", back("transfer%2Fx")),
        ),
        (
            session(ONE, 5, SecondFactor::Unknown),
            "/transfer/x",
            Decided::StepUp,
            format!("{login}aal=aal2&{}", back("transfer%2Fx")),
        ),
        (
            session(ONE, 700, has),
            "/recent/x",
            Decided::Refresh,
            format!("{login}refresh=true&{}", back("recent%2Fx")),
        ),
        (
            session(Aal::Aal2, 700, has),
            "/fresh/x",
            Decided::Refresh,
            format!("{login}refresh=true&aal=aal2&{}", back("fresh%2Fx")),
        ),
        (
            session(ONE, 5, none),
            "/transfer/x",
            Decided::Enrol,
            format!(
                "https://id.example.com/self-service/settings/browser?{}",
                back("transfer%2Fx")
            ),
        ),
    ] {
        let world = world(Ok(said));
        let refusal = world.refuse(&format!("GET {target}"), &[HTML]).await;
        assert_eq!(refusal.answer.status, StatusCode::SEE_OTHER, "{target}");
        assert_eq!(header(&refusal, "location"), Some(&*expected));
        assert_eq!(header(&refusal, "cache-control"), Some("no-store"));
        assert_eq!(
            header(&refusal, "vary"),
            Some("Cookie, Authorization, Accept")
        );
        assert_eq!(refusal.facts.decision, decided);
        assert!(matches!(refusal.answer.body, Body::Empty));
    }
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one table")]
async fn an_api_client_is_challenged_by_what_is_missing() {
    let has = SecondFactor::Enrolled;
    let none = SecondFactor::NotEnrolled;
    let insufficient = "error=\"insufficient_user_authentication\"";
    for (said, target, status, id, challenge, detail) in [
        (
            Said::NoSession,
            "/account/",
            401,
            "session_required",
            vec!["Bearer realm=\"stepgate\""],
            "login_url",
        ),
        (
            Said::Undisclosed,
            "/transfer/",
            401,
            "session_aal2_required",
            vec![insufficient, "acr_values=\"aal2\""],
            "redirect_browser_to",
        ),
        (
            session(ONE, 5, has),
            "/transfer/",
            401,
            "session_aal2_required",
            vec![insufficient, "acr_values=\"aal2\""],
            "redirect_browser_to",
        ),
        (
            session(ONE, 700, has),
            "/recent/",
            401,
            "session_refresh_required",
            vec![insufficient, "max_age=600"],
            "redirect_browser_to",
        ),
        (
            session(Aal::Aal2, 700, has),
            "/fresh/",
            401,
            "session_refresh_required",
            vec![insufficient, "max_age=600", "acr_values=\"aal2\""],
            "redirect_browser_to",
        ),
        (
            session(ONE, 5, none),
            "/transfer/",
            403,
            "second_factor_required",
            vec![],
            "settings_url",
        ),
        (
            session(ONE, 5, none),
            "/strict/",
            403,
            "access_denied",
            vec![],
            "",
        ),
    ] {
        let world = world(Ok(said));
        let refusal = world.refuse(&format!("GET {target}"), &[]).await;
        assert_eq!(refusal.answer.status.as_u16(), status, "{target} {id}");
        assert!(header(&refusal, LOCATION.as_str()).is_none());
        let told = header(&refusal, WWW_AUTHENTICATE.as_str()).unwrap_or_default();
        assert!(challenge.iter().all(|part| told.contains(part)), "{told}");
        let error = error(&refusal);
        assert_eq!(error["id"], id);
        assert!(error["rule"].is_string());
        if !detail.is_empty() {
            let url = error["details"][detail].as_str().unwrap();
            assert!(
                url.contains("return_to=http%3A%2F%2Fbank.example.com%2F"),
                "{url}"
            );
        }
    }
}

#[tokio::test]
async fn an_unsafe_method_is_never_redirected() {
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let world = world(Ok(session(Aal::Aal2, 700, SecondFactor::Enrolled)));
        let line = format!("{method} /fresh/send");
        let referer = ("referer", "http://bank.example.com/form?x=1#top");
        let refusal = world.refuse(&line, &[HTML, referer]).await;
        assert_eq!(refusal.answer.status, StatusCode::UNAUTHORIZED, "{method}");
        let Body::Page(page) = &refusal.answer.body else {
            panic!("no page")
        };
        assert_eq!(page.explanation, Explanation::Refresh);
        assert_eq!(page.reason.as_deref(), Some("Money leaves the bank here."));
        let proceed = page.proceed.as_deref().unwrap();
        assert!(
            proceed.ends_with("return_to=http%3A%2F%2Fbank.example.com%2Fform%3Fx%3D1"),
            "{proceed}"
        );
        let foreign = ("referer", "http://evil.example/form");
        let refusal = world.refuse(&line, &[HTML, foreign]).await;
        let Body::Page(page) = &refusal.answer.body else {
            panic!("no page")
        };
        let proceed = page.proceed.as_deref().unwrap();
        assert!(
            proceed.ends_with("return_to=http%3A%2F%2Fbank.example.com%2F"),
            "{proceed}"
        );
    }
}

#[tokio::test]
async fn what_is_not_decided_is_never_forwarded() {
    let unreachable = || WhoamiError::Unreachable("x".into());
    let throttled = WhoamiError::Throttled {
        retry_after: Some(Duration::from_secs(7)),
    };
    for (error, status, id, wait) in [
        (unreachable(), 503, "identity_unavailable", "5"),
        (
            WhoamiError::Unexpected("x".into()),
            503,
            "identity_unavailable",
            "5",
        ),
        (WhoamiError::Overloaded, 503, "identity_unavailable", "1"),
        (
            WhoamiError::CircuitOpen {
                retry_after: Duration::from_millis(2100),
            },
            503,
            "identity_unavailable",
            "3",
        ),
        (throttled, 429, "identity_throttled", "7"),
    ] {
        let world = world(Err(error));
        let api = world.refuse("GET /account/", &[]).await;
        assert_eq!(api.answer.status.as_u16(), status);
        assert_eq!(super::tests::error(&api)["id"], id);
        assert_eq!(header(&api, "retry-after"), Some(wait));
        let browser = world.refuse("GET /account/", &[HTML]).await;
        assert_eq!(browser.answer.status.as_u16(), status);
        assert!(matches!(browser.answer.body, Body::Page(_)));
        assert_eq!(browser.facts.decision, Decided::Unavailable);
    }
    let world = world(Err(unreachable()));
    assert!(world.allows("GET /public/").await);
    assert!(world.allows("GET /shop/").await);
}

#[tokio::test]
async fn a_step_up_counts_at_once_although_the_cache_holds_the_session_before_it() {
    let world = world(Ok(session(ONE, 5, SecondFactor::Enrolled)));
    assert!(world.allows("GET /account/").await);
    assert!(!world.allows("GET /transfer/").await);
    *world.told.0.lock().unwrap() = Ok(session(Aal::Aal2, 0, SecondFactor::Enrolled));
    let verdict = world.ask("GET /transfer/", &[HTML], "cookie").await;
    let Verdict::Forward(forward) = verdict else {
        panic!("looped")
    };
    assert_eq!(forward.facts.cache, Some(CacheUse::Bypass));
    assert_eq!(forward.set_cookies.len(), 1);
}

#[tokio::test]
async fn every_hit_is_judged_by_the_time_of_the_request() {
    let world = world(Ok(session(Aal::Aal2, 590, SecondFactor::Enrolled)));
    assert!(world.allows("GET /fresh/").await);
    world.clock.advance(Duration::from_secs(11));
    assert!(world.allows("GET /transfer/").await);
    assert!(!world.allows("GET /fresh/").await);
}

#[tokio::test]
async fn a_public_rule_asks_nobody_and_an_identifying_one_never_refuses() {
    let world = world(Ok(Said::NoSession));
    let Verdict::Forward(public) = world.ask("GET /public/", &[], "cookie").await else {
        panic!("refused")
    };
    assert_eq!(public.facts.cache, None);
    assert!(world.allows("GET /shop/").await);
    *world.told.0.lock().unwrap() = Ok(session(ONE, 5, SecondFactor::Unknown));
    let Verdict::Forward(shop) = world.ask("GET /shop/", &[], "other").await else {
        panic!("refused")
    };
    assert!(shop.facts.session.is_some());
}

#[tokio::test]
async fn what_no_rule_covers_is_refused_by_what_is_known_of_it() {
    let world = world(Ok(Said::NoSession));
    for (line, status, id, decided) in [
        ("GET /nowhere", 403, "no_rule", Decided::NoRule),
        (
            "GET /post/x",
            405,
            "method_not_allowed",
            Decided::MethodNotAllowed,
        ),
        (
            "GET /account//x",
            400,
            "ambiguous_request",
            Decided::BadRequest,
        ),
    ] {
        let refusal = world.refuse(line, &[]).await;
        assert_eq!(refusal.answer.status.as_u16(), status, "{line}");
        assert_eq!(error(&refusal)["id"], id);
        assert_eq!(refusal.facts.decision, decided);
        let browser = world.refuse(line, &[HTML]).await;
        assert_eq!(browser.answer.status.as_u16(), status);
    }
    assert_eq!(
        header(&*world.refuse("GET /post/x", &[]).await, "allow"),
        Some("POST")
    );
}

#[tokio::test]
async fn people_return_to_named_hosts_only() {
    let login = "https://id.example.com/self-service/login/browser";
    let world = world(Ok(Said::NoSession));
    let stranger = world.refuse("GET //evil.example/any/x", &[HTML]).await;
    assert_eq!(header(&stranger, "location"), Some(login));
    let local = world.refuse("GET //127.0.0.1:8080/any/x", &[HTML]).await;
    let back = format!("{login}?return_to=http%3A%2F%2F127.0.0.1%3A8080%2Fany%2Fx");
    assert_eq!(header(&local, "location"), Some(&*back));

    let listed = Config {
        identity: IdentityBase::Url("https://id.example.com".into()),
        return_to_hosts: vec!["*.example.org".into()],
        ..Config::default()
    };
    let world = world_with(Ok(Said::NoSession), listed);
    let named = world.refuse("GET //app.example.org/any/x", &[HTML]).await;
    assert!(header(&named, "location").unwrap().contains("return_to"));

    let fixed = Config {
        public_url: Some("https://front.example".into()),
        ..Config::default()
    };
    let world = world_with(Ok(Said::NoSession), fixed);
    let refusal = world.refuse("GET //anything/any/x?y", &[HTML]).await;
    let expected = "https://front.example/auth/self-service/login/browser\
                    ?return_to=https%3A%2F%2Ffront.example%2Fany%2Fx%3Fy";
    assert_eq!(header(&refusal, "location"), Some(expected));
}

#[tokio::test]
async fn people_who_came_by_a_loopback_address_are_led_on_to_localhost() {
    let config = Config {
        localhost: true,
        ..Config::default()
    };
    let world = world_with(Ok(Said::NoSession), config);
    let refusal = world.refuse("GET //127.0.0.1:4455/any/x", &[HTML]).await;
    let expected = "http://localhost:4455/auth/self-service/login/browser\
                    ?return_to=http%3A%2F%2Flocalhost%3A4455%2Fany%2Fx";
    assert_eq!(header(&refusal, "location"), Some(expected));
}

#[tokio::test]
async fn without_a_second_factor_people_go_where_the_operator_says() {
    let config = Config {
        settings_url: Some("https://people.example/security?tab=2fa".into()),
        ..Config::default()
    };
    let said = session(ONE, 5, SecondFactor::NotEnrolled);
    let world = world_with(Ok(said), config);
    let refusal = world.refuse("GET /transfer/", &[HTML]).await;
    let expected = "https://people.example/security?tab=2fa\
                    &return_to=http%3A%2F%2Fbank.example.com%2Ftransfer%2F";
    assert_eq!(header(&refusal, "location"), Some(expected));
}

#[tokio::test]
async fn a_loop_ends_in_an_explanation() {
    let world = world(Ok(session(ONE, 5, SecondFactor::Unknown)));
    let mut jar = String::new();
    for round in 0..3 {
        let headers = [HTML, ("cookie", &*jar)];
        let refusal = world.refuse("GET /transfer/", &headers).await;
        if round == 2 {
            assert_eq!(refusal.answer.status, StatusCode::FORBIDDEN);
            assert_eq!(refusal.facts.decision, Decided::Deny);
            let Body::Page(page) = &refusal.answer.body else {
                panic!("no page")
            };
            assert_eq!(page.explanation, Explanation::NoProgress);
            assert!(page.proceed.is_some());
            return;
        }
        assert_eq!(refusal.answer.status, StatusCode::SEE_OTHER);
        let cookie = refusal.set_cookies.last().unwrap().to_str().unwrap();
        assert!(cookie.starts_with(LOOP_GUARD_COOKIE) && cookie.contains("HttpOnly"));
        jar = cookie.split(';').next().unwrap().to_owned();
    }
}
