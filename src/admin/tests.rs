use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;

use axum::body::Body;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use tokio::runtime::Handle;
use tower::ServiceExt as _;

use super::*;
use crate::aal::{Aal, AuthenticationMethod};
use crate::clock::Clock;
use crate::config::kratos_format::{Form, read};
use crate::document::{Problems, Reading, Source, parse};
use crate::flows::PasswordHasher;
use crate::identity::keys::Keyring;
use crate::identity::{
    AmrEntry, CredentialType, Device, IdentityEvent, IdentityId, Listener, Session, SessionToken,
};
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
        let draft = read(&tree, Form::Embedded, &mut Reading::new()).unwrap();
        let settings = Arc::new(draft.settle("https://id.bank.example"));
        let store = Store::open(&Dsn::Memory, Keyring::ephemeral())
            .await
            .unwrap();
        let clock = Clock::manual(Timestamp::from_second(1_700_000_000).unwrap());
        let told = Arc::new(Told::default());
        let hasher = PasswordHasher::new(settings.hashers.clone(), Handle::current(), 1, 16);
        let identities = Identities {
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

#[tokio::test]
async fn an_identity_is_made_and_read_in_kratos_shape() {
    let place = Place::new().await;
    let made = place
        .ask(
            Method::POST,
            "/identities",
            Some(value!({
                "traits": {"email": "ada@bank.example"}, "external_id": "ext-1",
                "metadata_admin": {"note": "vip"},
                "verifiable_addresses":
                    [{"value": "ada@bank.example", "via": "email", "verified": true}],
            })),
        )
        .await;
    assert_eq!(made.status, 201);
    let id = made.body["id"].as_str().unwrap();
    let location = made.headers["location"].to_str().unwrap();
    assert_eq!(location, format!("http://127.0.0.1:4434/identities/{id}"));
    let read = place.get("/admin/identities/by/external/ext-1").await;
    assert_eq!((read.status, &read.body["id"]), (200, &value!(id)));
    assert_eq!(
        read.body["schema_url"],
        "https://id.bank.example/schemas/ZGVmYXVsdA"
    );
    assert_eq!(read.body["verifiable_addresses"][0]["status"], "completed");
    assert_eq!(read.body["metadata_public"], Value::Null);
    assert_eq!(read.body["metadata_admin"]["note"], "vip");
    let password = &read.body["credentials"]["password"];
    assert_eq!(password["identifiers"], value!(["ada@bank.example"]));
    assert!(password.get("config").is_none());
    assert_eq!(
        read.headers["cache-control"],
        "private, no-cache, no-store, must-revalidate"
    );
}

#[tokio::test]
async fn refusals_have_kratos_envelope() {
    let place = Place::new().await;
    place.ada().await;
    let nobody = "/admin/identities/11111111-2222-4333-8444-555555555555";
    let post = |body| place.ask(Method::POST, "/admin/identities", Some(body));
    for (got, status) in [
        (
            post(value!({"traits": {"email": "ada@bank.example"}})).await,
            409,
        ),
        (post(value!({"traits": {"email": "nonsense"}})).await, 400),
        (
            post(value!({"traits": {}, "schema_id": "nonsense"})).await,
            400,
        ),
        (
            post(value!({"traits": {"email": "b@b.example"}, "nonsense": 1})).await,
            400,
        ),
        (post(value!([])).await, 400),
        (place.get(nobody).await, 404),
        (place.get("/admin/identities/nonsense").await, 404),
        (place.ask(Method::DELETE, nobody, None).await, 404),
    ] {
        assert_eq!(got.status, status, "{}", got.body);
        assert_eq!(got.body["error"]["code"], status);
        assert_eq!(got.headers["content-type"], "application/json");
        assert_eq!(got.headers["ory-error-id"], "");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_in_the_same_shape() {
    let place = Place::new().await;
    let huge = value!({"traits": {"email": "x".repeat(9 * 1024 * 1024)}});
    let got = place
        .ask(Method::POST, "/admin/identities", Some(huge))
        .await;
    assert_eq!(
        (got.status, &got.body["error"]["code"]),
        (413, &value!(413))
    );
    let got = place.get("/admin/identities/%ff").await;
    assert_eq!(
        (got.status, &got.body["error"]["code"]),
        (400, &value!(400))
    );
}

#[tokio::test]
async fn a_hash_is_shown_only_when_asked_for() {
    let place = Place::new().await;
    let id = place.ada().await;
    let plain = place.get(&format!("/identities/{id}")).await;
    assert!(!plain.body.to_string().contains("$argon2id$"));
    let asked = place
        .get(&format!("/identities/{id}?include_credential=password"))
        .await;
    let hash = asked.body["credentials"]["password"]["config"]["hashed_password"].as_str();
    assert!(hash.unwrap().starts_with("$argon2id$"));
    let wrong = place
        .get(&format!("/identities/{id}?include_credential=nonsense"))
        .await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn an_identity_is_replaced_patched_and_deleted_and_each_is_told() {
    let place = Place::new().await;
    let id = place.ada().await;
    let path = format!("/admin/identities/{id}");
    place.told();
    let put = value!({"traits": {"email": "moved@bank.example"}, "state": "inactive"});
    let replaced = place.ask(Method::PUT, &path, Some(put)).await;
    assert_eq!(
        (replaced.status, &replaced.body["state"]),
        (200, &value!("inactive"))
    );
    let identity: IdentityId = id.parse().unwrap();
    let changed = IdentityEvent::IdentityChanged { identity };
    let factors = IdentityEvent::FactorsChanged { identity };
    assert_eq!(place.told(), [changed, factors]);
    let account = place.store.account(identity).await.unwrap().unwrap();
    let password = account.credentials.find(CredentialType::Password).unwrap();
    assert_eq!(password.identifiers, ["moved@bank.example"]);
    assert!(
        password.config["hashed_password"].is_string(),
        "the password stays"
    );

    let patch = value!([
        {"op": "replace", "path": "/state", "value": "active"},
        {"op": "add", "path": "/traits/name", "value": "Ada"},
        {"op": "add", "path": "/metadata_public", "value": {"plan": "gold"}},
    ]);
    let patched = place.ask(Method::PATCH, &path, Some(patch)).await;
    assert_eq!(patched.body["traits"]["name"], "Ada");
    assert_eq!(patched.body["state"], "active");
    assert_eq!(place.told(), [changed]);
    let wrong = value!([{"op": "replace", "path": "/traits/email", "value": "x"}]);
    assert_eq!(
        place.ask(Method::PATCH, &path, Some(wrong)).await.status,
        400
    );
    let protected = value!([{"op": "replace", "path": "/id", "value": "x"}]);
    assert_eq!(
        place
            .ask(Method::PATCH, &path, Some(protected))
            .await
            .status,
        400
    );

    assert_eq!(place.ask(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(place.told(), [changed]);
    assert_eq!(place.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_second_factor_can_be_taken_away_but_not_the_last_first_one() {
    let place = Place::new().await;
    let id = place
        .make(value!({
            "traits": {"email": "ada@bank.example"},
            "credentials": {
                "password": {"config": {"password": "correct horse battery"}},
                "totp": {"config": {"totp_url": "otpauth://totp/B:a?secret=GEZDGNBVGY3TQOJQ"}},
            },
        }))
        .await;
    let delete = |kind: &str| {
        let path = format!("/admin/identities/{id}/credentials/{kind}");
        let place = &place;
        async move { place.ask(Method::DELETE, &path, None).await.status }
    };
    place.told();
    assert_eq!(delete("totp").await, 204);
    let identity: IdentityId = id.parse().unwrap();
    assert!(
        place
            .told()
            .contains(&IdentityEvent::FactorsChanged { identity })
    );
    for (kind, status) in [
        ("totp", 404),
        ("lookup_secret", 404),
        ("webauthn", 204),
        ("code", 400),
        ("passkey", 404),
        ("nonsense", 404),
        ("password", 400),
    ] {
        assert_eq!(delete(kind).await, status, "{kind}");
    }
}

#[tokio::test]
async fn identities_are_found_by_filters_that_exclude_each_other() {
    let place = Place::new().await;
    let id = place.ada().await;
    place
        .make(value!({"traits": {"email": "bob@bank.example"}}))
        .await;
    let found = |query: &str| {
        let path = format!("/admin/identities?{query}");
        let place = &place;
        async move {
            let got = place.get(&path).await;
            (got.status, got.body.as_array().map(Vec::len))
        }
    };
    assert_eq!(
        found("credentials_identifier=ADA@bank.example").await,
        (200, Some(1))
    );
    assert_eq!(found(&format!("ids={id}&ids={id}")).await, (200, Some(1)));
    assert_eq!(
        found("preview_credentials_identifier_similar=bank").await,
        (200, Some(2))
    );
    assert_eq!(found("ids=nonsense").await.0, 400);
    assert_eq!(
        found(&format!("ids={id}&credentials_identifier=x")).await.0,
        400
    );
    assert_eq!(found("page_size=x").await.0, 400);
    let first = place.get("/admin/identities?page_size=1").await;
    let link = first.headers["link"].to_str().unwrap().to_owned();
    let next = link
        .split("rel=\"first\",<")
        .nth(1)
        .unwrap()
        .split('>')
        .next()
        .unwrap();
    let second = place.get(next).await;
    assert_eq!(second.body.as_array().unwrap().len(), 1);
    assert_ne!(first.body[0]["id"], second.body[0]["id"]);
    assert!(
        !second.headers["link"]
            .to_str()
            .unwrap()
            .contains("rel=\"next\"")
    );
    assert_eq!(found("page=1&per_page=1").await, (200, Some(1)));
    assert_eq!(found("page=11&per_page=100").await.0, 400);
}

#[tokio::test]
async fn many_identities_stand_or_fall_one_by_one() {
    let place = Place::new().await;
    place.ada().await;
    let body = value!({"identities": [
        {"create": {"traits": {"email": "one@bank.example"}},
         "patch_id": "11111111-2222-4333-8444-555555555555"},
        {"create": {"traits": {"email": "ada@bank.example"}}},
    ]});
    let got = place
        .ask(Method::PATCH, "/admin/identities", Some(body))
        .await;
    assert_eq!(got.status, 200);
    let results = &got.body["identities"];
    assert_eq!(results[0]["action"], "create");
    assert_eq!(
        results[0]["patch_id"],
        "11111111-2222-4333-8444-555555555555"
    );
    assert_eq!(
        (&results[1]["action"], &results[1]["error"]["code"]),
        (&value!("error"), &value!(409))
    );
}

#[tokio::test]
async fn sessions_are_read_disabled_and_extended() {
    let place = Place::new().await;
    let id = place.ada().await;
    let session = place.session(&id).await;
    let path = format!("/admin/sessions/{}", session.id);
    let plain = place.get(&path).await;
    assert_eq!(
        (&plain.body["identity"], &plain.body["devices"]),
        (&Value::Null, &value!([]))
    );
    let whole = place
        .get(&format!("{path}?expand=identity&expand=devices"))
        .await;
    assert_eq!(whole.body["identity"]["id"], value!(id));
    assert_eq!(whole.body["devices"][0]["ip_address"], "192.0.2.1");
    let listed = place.get("/admin/sessions?active=true").await;
    assert_eq!(listed.body[0]["identity"], Value::Null);
    assert_eq!(listed.body[0]["devices"], Value::Null);

    place.clock.advance(std::time::Duration::from_secs(60));
    place.told();
    let extended = place
        .ask(Method::PATCH, &format!("{path}/extend"), None)
        .await;
    assert_eq!(extended.status, 200);
    let until: Timestamp = extended.body["expires_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(until > session.expires_at);
    let identity: IdentityId = id.parse().unwrap();
    let ours = session.id;
    assert_eq!(
        place.told(),
        [IdentityEvent::SessionChanged {
            session: ours,
            identity
        }]
    );

    assert_eq!(place.ask(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(
        place.told(),
        [IdentityEvent::SessionEnded {
            session: ours,
            identity
        }]
    );
    assert_eq!(place.get(&path).await.body["active"], false);
    assert_eq!(place.ask(Method::DELETE, &path, None).await.status, 204);
    assert!(place.told().is_empty(), "it had ended before");
    assert_eq!(place.get("/admin/sessions/nonsense").await.status, 400);
}

#[tokio::test]
async fn sessions_are_ended_together() {
    let place = Place::new().await;
    let ada = place.ada().await;
    let bob = place
        .make(value!({"traits": {"email": "bob@bank.example"}}))
        .await;
    let one = place.session(&ada).await;
    place.session(&ada).await;
    let other = place.session(&bob).await;
    let act = |body| place.ask(Method::POST, "/admin/sessions", Some(body));
    let disabled = act(value!({"action": "disable", "identities": [ada]})).await;
    assert_eq!(disabled.body, value!({"processed": 2, "more": false}));
    let deleted = act(value!({"action": "delete", "sessions": [other.id]})).await;
    assert_eq!(deleted.body["processed"], 1);
    assert_eq!(
        place
            .get(&format!("/admin/sessions/{}", other.id))
            .await
            .status,
        404
    );
    let rest = act(value!({"action": "delete", "identities": ["*"]})).await;
    assert_eq!(rest.body["processed"], 2);
    assert_eq!(
        place
            .get(&format!("/admin/sessions/{}", one.id))
            .await
            .status,
        404
    );
    for wrong in [
        value!({"action": "nonsense", "sessions": [one.id]}),
        value!({"action": "delete"}),
        value!({"action": "delete", "sessions": [one.id], "identities": [ada]}),
        value!({"action": "delete", "sessions": []}),
    ] {
        assert_eq!(act(wrong).await.status, 400);
    }
}

#[tokio::test]
async fn health_version_and_foreign_paths_answer_as_kratos_does() {
    let place = Place::new().await;
    assert_eq!(
        place.get("/health/alive").await.body,
        value!({"status": "ok"})
    );
    assert_eq!(
        place.get("/health/ready").await.status,
        503,
        "still starting"
    );
    place.readiness.begin();
    assert_eq!(place.get("/health/ready").await.status, 200);
    assert_eq!(
        place.get("/version").await.body["version"],
        env!("CARGO_PKG_VERSION")
    );
    let elsewhere = place.get("/sessions/whoami?x=1").await;
    assert_eq!(elsewhere.status, 307);
    assert_eq!(
        elsewhere.headers["location"],
        "https://id.bank.example/sessions/whoami?x=1"
    );
    assert_eq!(place.get("/self-service/login/api").await.status, 307);
    assert_eq!(place.get("/nonsense").await.status, 404);
    assert_eq!(
        place
            .ask(Method::DELETE, "/admin/identities", None)
            .await
            .status,
        405
    );
    let schemas = place.get("/schemas").await;
    assert_eq!(schemas.body[0]["id"], "default");
    place.store.close().await;
    assert_eq!(place.get("/health/alive").await.status, 200);
    assert_eq!(place.get("/health/ready").await.status, 503);
}

#[tokio::test]
async fn an_operator_ends_a_session_by_its_id() {
    let place = Place::new().await;
    let id = place.ada().await;
    let session = place.session(&id).await;
    let path = format!("/stepgate/v1/sessions/{}/revoke", session.id);
    assert_eq!(place.ask(Method::POST, &path, None).await.status, 204);
    assert!(
        !place
            .store
            .session(session.id)
            .await
            .unwrap()
            .unwrap()
            .active
    );
    let nobody = "/stepgate/v1/sessions/11111111-2222-4333-8444-555555555555/revoke";
    assert_eq!(place.ask(Method::POST, nobody, None).await.status, 404);
    assert_eq!(
        place.get("/stepgate/v1/rules").await.status,
        404,
        "there are none here"
    );
}
