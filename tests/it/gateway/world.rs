//! A gateway with rules, in front of an application and an identity service that knows three
//! people.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::client::{Connection, Response};
use crate::support::server::Server;
use jiff::{SignedDuration, Timestamp};
use stepgate::aal::{Aal, AuthenticationMethod};
use stepgate::authz::{self, Checker, ForwardedFamily, IdentityBase};
use stepgate::clock::Clock;
use stepgate::gateway::{
    self, Config, IdentityHeaders, Limits, ListenAddress, ListenerConfig, LocalService, Parts,
    Running, StartError, Timeouts,
};
use stepgate::pages::Pages;
use stepgate::policy::{Completion, SecondFactor, Subject};
use stepgate::rules::RuleStore;
use stepgate::telemetry::{AccessLog, Traffic};
use stepgate::whoami::{
    self, Answer, Asking, Credential, HeaderSource, IdentityService, Resolver, Said, Session,
};

/// The rules of most tests; `UPSTREAM` stands for the application's URL.
pub(super) const RULES: &str = r#"
upstreams:
  app: { url: "UPSTREAM" }
rules:
  - { id: admin, match: { host: app.test, path: /admin/** }, required_aal: aal2, upstream: app }
  - { id: api, match: { host: app.test, path: /api/**, methods: [GET, POST] }, required_aal: aal1, upstream: app }
  - { id: public, match: { host: app.test, path: /** }, required_aal: none, upstream: app }
"#;

/// What a session token or cookie is worth: `alice-aal1`, `alice-aal2`, anything else nothing.
struct People {
    clock: Clock,
    asked: Arc<AtomicUsize>,
}

impl IdentityService for People {
    fn ask<'a>(&'a self, credential: &'a Credential) -> Asking<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let now = self.clock.wall();
        let said = match credential.expose().trim_start_matches("ory_st_") {
            "alice-aal1" => session("alice", Aal::Aal1, now),
            "alice-aal2" => session("alice", Aal::Aal2, now),
            _ => Said::NoSession,
        };
        let renewed = (credential.expose() == "alice-aal2")
            .then(|| http::HeaderValue::from_static("session=renewed; Path=/"));
        Box::pin(async move {
            Ok(Answer {
                said,
                set_cookies: renewed.into_iter().collect(),
                cache_for: None,
            })
        })
    }
}

fn session(person: &str, aal: Aal, now: Timestamp) -> Said {
    let completion = |method, aal| Completion {
        method,
        aal,
        completed_at: now,
    };
    let mut completions = vec![completion(AuthenticationMethod::Password, Aal::Aal1)];
    if aal == Aal::Aal2 {
        completions.push(completion(AuthenticationMethod::Totp, Aal::Aal2));
    }
    Said::Session(Box::new(Session {
        subject: Subject {
            session_id: format!("session-of-{person}").into(),
            identity_id: person.into(),
            aal,
            authenticated_at: now,
            expires_at: now + SignedDuration::from_hours(1),
            completions,
            second_factor: SecondFactor::Enrolled,
            document: None,
        },
        document: serde_json::json!({"identity": {"id": person}, "id": "session-of"}),
    }))
}

/// A gateway under test.
pub(super) struct World {
    pub(super) gate: Option<Running>,
    pub(super) clock: Clock,
    asked: Arc<AtomicUsize>,
    /// Holds what the gateway asks for off its workers.
    service: Option<tokio::runtime::Runtime>,
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(service) = self.service.take() {
            service.shutdown_background();
        }
    }
}

/// What a test wants to be different.
pub(super) struct Plan {
    pub(super) rules: String,
    pub(super) config: Config,
    pub(super) local: Option<Arc<dyn LocalService>>,
}

impl Plan {
    pub(super) fn for_app(app: &Server) -> Self {
        Self::with_rules(&RULES.replace("UPSTREAM", &format!("http://{}", app.address)))
    }

    pub(super) fn with_rules(rules: &str) -> Self {
        Self {
            rules: rules.to_owned(),
            config: config(),
            local: None,
        }
    }

    pub(super) fn start(self) -> World {
        self.try_start().unwrap()
    }

    pub(super) fn try_start(self) -> Result<World, StartError> {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(480_000));
        let service = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let rules = stepgate::rules::compile("test.yaml", &self.rules, &Default::default())
            .unwrap_or_else(|problems| panic!("{problems:?}"));
        let asked = Arc::new(AtomicUsize::new(0));
        let resolver = Resolver::new(
            whoami::Config {
                identity_headers: vec![(
                    http::HeaderName::from_static("x-user-id"),
                    HeaderSource::parse("session.identity.id").unwrap(),
                )],
                ..whoami::Config::default()
            },
            "test",
            Arc::new(People {
                clock: clock.clone(),
                asked: Arc::clone(&asked),
            }),
            service.handle().clone(),
            clock.clone(),
        );
        let answers = authz::Config {
            identity: IdentityBase::Url("http://id.test".into()),
            ..authz::Config::default()
        };
        let rules = Arc::new(RuleStore::new(rules, clock.wall()));
        let checker = Checker::new(rules, resolver, answers, clock.clone());
        let gate = gateway::start(
            self.config,
            Parts {
                audit: stepgate::audit::Audit::off(),
                streams: Arc::default(),
                checker: Arc::new(checker),
                clock: clock.clone(),
                local: self.local,
                pages: Arc::new(Pages::new(Default::default()).unwrap()),
                minter: None,
                access_log: AccessLog::off(),
                resume: None,
                guests: Vec::new(),
                traffic: Traffic::off(),
            },
        )?;
        Ok(World {
            gate: Some(gate),
            clock,
            asked,
            service: Some(service),
        })
    }
}

fn config() -> Config {
    Config {
        listeners: vec![ListenerConfig::plain(ListenAddress::Tcp(
            "127.0.0.1:0".parse().unwrap(),
        ))],
        public_url: None,
        forwarded: ForwardedFamily::XForwarded,
        trusted_proxies: Vec::new(),
        client_certificate_headers: Vec::new(),
        workers: std::num::NonZeroUsize::new(1),
        limits: Limits::default(),
        timeouts: Timeouts::default(),
        identity: IdentityHeaders {
            names: vec!["X-User-Id".into()],
            strip: vec!["X-User-*".into(), "X-Session-*".into()],
            keep_session_cookie: false,
        },
        session_cookie: "session".into(),
        issuers: Default::default(),
        mount: None,
        access_log: false,
    }
}

impl World {
    /// A gateway in front of `app` with the usual rules.
    pub(super) fn before(app: &Server) -> Self {
        Plan::for_app(app).start()
    }

    /// How often the identity service was asked.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn address(&self) -> SocketAddr {
        match &self.gate.as_ref().unwrap().addresses()[0] {
            ListenAddress::Tcp(address) => *address,
            ListenAddress::Unix(path) => panic!("{}", path.display()),
        }
    }

    pub(super) fn client(&self) -> Connection {
        Connection::open(self.address())
    }

    /// Sends one request on a connection of its own and reads the answer.
    pub(super) fn ask(&self, request: impl AsRef<[u8]>) -> Response {
        self.client().ask(request)
    }
}
