//! A decision door with nobody on the other side.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use http::header::{COOKIE, HOST};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::aal::Aal;
use crate::audit::Audit;
use crate::authz::{self, Checker, IdentityBase};
use crate::clock::Clock;
use crate::decision::{Config, Decider, ForwardAuth, Limits, OwnPlace, Parts};
use crate::pages::{self, Pages};
use crate::policy::CanonicalPath;
use crate::rules::{self, RuleStore};
use crate::telemetry::{AccessLog, Traffic};
use crate::whoami::{
    self, Asking, Credential, HeaderSource, IdentityService, Issuers, Resolver, Said, Session,
    WhoamiError,
};

const NOW: i64 = 100_000;

/// The names of the identity headers.
pub(super) const NAMES: [&str; 3] = ["x-user-id", "x-user-email", "x-auth-aal"];

/// Says of every credential what it was told last.
struct Told(Mutex<Result<Said, WhoamiError>>);

impl IdentityService for Told {
    fn ask<'a>(&'a self, _: &'a Credential) -> Asking<'a> {
        let said = self.0.lock().unwrap().clone();
        Box::pin(async move {
            said.map(|said| whoami::Answer {
                said,
                set_cookies: vec![HeaderValue::from_static("session=renewed; Path=/")],
                cache_for: None,
            })
        })
    }
}

/// The door, the rules behind it and the identity service.
pub(super) struct World {
    told: Arc<Told>,
    #[cfg_attr(
        not(feature = "ext-authz"),
        expect(dead_code, reason = "only tests of gRPC ask it itself")
    )]
    pub(super) decider: Arc<Decider>,
    pub(super) door: ForwardAuth,
}

fn at(second: i64) -> String {
    Timestamp::from_second(second).unwrap().to_string()
}

/// A session of this level whose last step is `age` seconds old.
pub(super) fn session(aal: Aal, age: i64) -> Said {
    let mut methods =
        vec![json!({"method": "password", "aal": "aal1", "completed_at": at(NOW - age)})];
    if aal == Aal::Aal2 {
        methods.push(json!({"method": "totp", "aal": "aal2", "completed_at": at(NOW - age)}));
    }
    let document = json!({
        "id": "session", "active": true, "expires_at": at(NOW + 3600),
        "authenticated_at": at(NOW - age), "authenticator_assurance_level": aal.as_str(),
        "authentication_methods": methods,
        "identity": {"id": "alice", "traits": {"email": "alice@app.test"}},
    });
    let mut session = Session::from_document(document).unwrap();
    session.subject.second_factor = crate::policy::SecondFactor::Enrolled;
    Said::Session(Box::new(session))
}

impl World {
    /// With these rules, for nobody that the identity service knows.
    pub(super) fn new(rules: &str) -> Self {
        let told = Arc::new(Told(Mutex::new(Ok(Said::NoSession))));
        let clock = Clock::manual(Timestamp::from_second(NOW).unwrap());
        let service: Arc<dyn IdentityService> = Arc::<Told>::clone(&told);
        let sources = [
            "session.identity.id",
            "session.identity.traits.email",
            "session.authenticator_assurance_level",
        ];
        let headers = NAMES.iter().zip(sources).map(|(name, source)| {
            let source = HeaderSource::parse(source).unwrap();
            (HeaderName::from_static(name), source)
        });
        let sessions = whoami::Config {
            identity_headers: headers.collect(),
            ..whoami::Config::default()
        };
        let resolver = Resolver::new(sessions, "test", service, Handle::current(), clock.clone());
        let compiled = rules::compile("rules.yaml", rules, &rules::Context::default()).unwrap();
        let store = Arc::new(RuleStore::new(compiled, clock.wall()));
        let answers = authz::Config {
            identity: IdentityBase::Url("https://id.test".into()),
            ..authz::Config::default()
        };
        let decider = Decider::new(Parts {
            checker: Arc::new(Checker::new(store, resolver, answers, clock.clone())),
            clock,
            pages: Arc::new(Pages::new(pages::Config::default()).unwrap()),
            minter: None,
            access_log: AccessLog::off(),
            traffic: Traffic::off(),
            audit: Audit::off(),
            config: config(),
        });
        let decider = Arc::new(decider);
        Self {
            told,
            door: ForwardAuth::new(Arc::clone(&decider)),
            decider,
        }
    }

    /// What the identity service says from now on.
    pub(super) fn says(&self, said: Result<Said, WhoamiError>) {
        *self.told.0.lock().unwrap() = said;
    }

    /// Asks from a trusted proxy: `line` is the question's own method and target.
    pub(super) async fn ask(&self, line: &str, headers: &[(&str, &str)]) -> Reply {
        self.ask_from("127.0.0.1", line, headers).await
    }

    pub(super) async fn ask_from(&self, peer: &str, line: &str, headers: &[(&str, &str)]) -> Reply {
        let (method, target) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(target);
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"))
        {
            request = request.header(HOST, "decision.test");
        }
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let peer: IpAddr = peer.parse().unwrap();
        let id = HeaderValue::from_static("request-1");
        Reply(self.door.answer(head, peer, id).await)
    }

    /// Asks at `/check` about `GET` of this target at `https://app.test`.
    pub(super) async fn check(&self, target: &str, headers: &[(&str, &str)]) -> Reply {
        let mut all = forwarded("GET", target);
        all.extend_from_slice(headers);
        self.ask("GET /check", &all).await
    }
}

/// What a proxy in front says of a request to `https://app.test`.
pub(super) fn forwarded<'a>(method: &'a str, target: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("X-Forwarded-Method", method),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "app.test"),
        ("X-Forwarded-Uri", target),
    ]
}

pub(super) fn config() -> Config {
    Config {
        trusted_proxies: vec![
            "127.0.0.1/32".parse().unwrap(),
            "10.0.0.0/8".parse().unwrap(),
        ],
        client_certificate_headers: vec![HeaderName::from_static("ssl-client-verify")],
        public_origin: None,
        session_cookie: "session".into(),
        issuers: Issuers::default(),
        identity_headers: NAMES.map(HeaderName::from_static).into(),
        strip: vec!["X-User-*".into()],
        keep_session_cookie: false,
        own_places: vec![
            OwnPlace {
                path: CanonicalPath::parse("/.well-known/stepgate").unwrap(),
                host: None,
            },
            OwnPlace {
                path: CanonicalPath::parse("/auth").unwrap(),
                host: Some(crate::policy::Host::parse("app.test").unwrap()),
            },
        ],
        mounted: true,
        limits: Limits::default(),
    }
}

/// An answer, with handles for questions about it.
#[derive(Debug)]
pub(super) struct Reply(pub(super) Response<bytes::Bytes>);

impl Reply {
    pub(super) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.0.headers().get_all(name).iter();
        let first = lines.next().map(|value| value.to_str().unwrap());
        assert!(lines.next().is_none(), "{name} is there twice");
        first
    }

    /// The error as JSON.
    pub(super) fn error(&self) -> Value {
        let document: Value = serde_json::from_slice(self.0.body()).unwrap();
        document["error"].clone()
    }
}

/// One rule of each kind.
pub(super) const RULES: &str = include_str!("rules.yaml");

/// The session cookie, with one of the application beside it.
pub(super) const SIGNED_IN: (&str, &str) = ("Cookie", "theme=dark; session=token");

#[tokio::test]
async fn a_person_who_may_pass_is_named_to_the_application() {
    let world = World::new(RULES);
    world.says(Ok(session(Aal::Aal1, 10)));
    let reply = world.check("/account", &[SIGNED_IN]).await;
    assert_eq!(reply.status(), 200, "{reply:?}");
    assert_eq!(reply.header("x-user-id"), Some("alice"));
    assert_eq!(reply.header("x-user-email"), Some("alice@app.test"));
    assert_eq!(reply.header("x-auth-aal"), Some("aal1"));
    assert_eq!(reply.header(COOKIE.as_str()), Some("theme=dark"));
    assert_eq!(reply.header("set-cookie"), Some("session=renewed; Path=/"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("x-request-id"), Some("request-1"));
    assert_eq!(reply.0.status(), StatusCode::OK);
}
