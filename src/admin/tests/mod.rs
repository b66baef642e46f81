//! The administration over its router, as a client calls it.

mod attacks;
mod identities;
mod refusals;
mod sessions;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;

use axum::body::Body;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::{Value, json as value};
use tower::ServiceExt as _;

use super::*;
use crate::aal::{Aal, AuthenticationMethod};
use crate::clock::Clock;
use crate::config::kratos_format::{Form, read};
use crate::courier::{self, Courier};
use crate::document::{Problems, Reading, Source, parse};
use crate::flows::{PasswordHasher, Service};
use crate::identity::{
    AmrEntry, CredentialType, Device, IdentityEvent, IdentityId, Listener, Session, SessionToken,
};
use crate::keyring::Keyring;
use crate::store::{Dsn, Store};

const CONFIG: &str = "
dev: true
serve: { admin: { base_url: http://127.0.0.1:4434/ } }
hashers: { argon2: { memory: 64KB, iterations: 1 } }
";

#[derive(Default)]
struct Told(Mutex<Vec<IdentityEvent>>);

impl Listener for Told {
    fn on_event(&self, event: &IdentityEvent) {
        self.0.lock().unwrap().push(*event);
    }
}

struct Place {
    router: Router,
    store: Store,
    clock: Clock,
    told: Arc<Told>,
    readiness: Arc<Readiness>,
}

struct Got {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Place {
    async fn new() -> Self {
        let mut problems = Problems::new();
        let tree = parse(&Source::new("kratos.yml", CONFIG), &mut problems).unwrap();
        let draft = read(
            &tree,
            Form::Embedded { in_file: false },
            &mut Reading::new(),
        )
        .unwrap();
        let settings = Arc::new(draft.settle("https://id.bank.example"));
        let store = Store::open(&Dsn::Memory, Keyring::ephemeral())
            .await
            .unwrap();
        let clock = Clock::manual(Timestamp::from_second(1_700_000_000).unwrap());
        let told = Arc::new(Told::default());
        let hasher = PasswordHasher::start(settings.hashers.clone(), 1, 16).unwrap();
        let courier = Courier::new(courier::Config::default(), clock.clone()).unwrap();
        let service = Service::new(
            Arc::clone(&settings),
            store.clone(),
            courier,
            hasher.clone(),
            clock.clone(),
            Arc::clone(&told) as Arc<dyn Listener>,
        );
        let identities = Identities {
            service: Arc::new(service),
            store: store.clone(),
            settings,
            hasher,
            clock: clock.clone(),
            listener: Arc::clone(&told) as Arc<dyn Listener>,
        };
        let guard = Guard::new(IpAddr::V4(Ipv4Addr::LOCALHOST), None);
        let readiness = Arc::new(Readiness::default());
        let operations = Operations {
            identities: Some(Arc::new(identities)),
            readiness: Arc::clone(&readiness),
            ..Operations::default()
        };
        Self {
            router: router(guard, operations),
            store,
            clock,
            told,
            readiness,
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Got {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        let request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        let response = self.router.clone().oneshot(request.unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Got {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    async fn get(&self, path: &str) -> Got {
        self.ask(Method::GET, path, None).await
    }

    async fn make(&self, body: Value) -> String {
        let made = self
            .ask(Method::POST, "/admin/identities", Some(body))
            .await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body["id"].as_str().unwrap().to_owned()
    }

    async fn ada(&self) -> String {
        self.make(value!({
            "traits": {"email": "Ada@bank.example"},
            "credentials": {"password": {"config": {"password": "correct horse battery"}}},
        }))
        .await
    }

    async fn session(&self, identity: &str) -> Session {
        let id: IdentityId = identity.parse().unwrap();
        let device = Device {
            id: uuid::Uuid::new_v4(),
            ip_address: "192.0.2.1".to_owned(),
            user_agent: None,
            location: String::new(),
        };
        let now = self.clock.wall();
        let first = AmrEntry::new(AuthenticationMethod::Password, Aal::Aal1, now);
        let session = Session::open(id, first, device, std::time::Duration::from_secs(3600), now);
        let token = SessionToken::random();
        self.store
            .create_session(&session, token.hash(), now)
            .await
            .unwrap();
        session
    }

    fn told(&self) -> Vec<IdentityEvent> {
        std::mem::take(&mut *self.told.0.lock().unwrap())
    }
}
