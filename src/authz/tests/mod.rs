//! The walk from a request to its answer, before an identity service that says what it is told.

mod answers;
mod decisions;
mod ways;

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
            Verdict::Forward(_) | Verdict::Preflight(_) => panic!("{line} was let through"),
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
