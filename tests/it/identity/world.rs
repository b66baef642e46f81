//! An identity service on a socket, with a clock that is turned by hand, and its clients.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stepgate::clock::Clock;
use stepgate::config::kratos_format::{Form, read};
use stepgate::courier::{self, Courier};
use stepgate::document::{Reading, read_file};
use stepgate::flows::{PasswordHasher, Service};
use stepgate::identity::credential::password;
use stepgate::identity::credential::totp::TotpSecret;
use stepgate::identity::settings::Settings;
use stepgate::identity::{
    Channel, CredentialType, Credentials, Identity, IdentityEvent, IdentityId, Listener,
    VerifiableAddress, VerificationStatus,
};
use stepgate::keyring::Keyring;
use stepgate::pages::{self, Pages};
use stepgate::secret::SecretString;
use stepgate::selfservice::{self, router};
use stepgate::store::{Account, Dsn, MailFilter, Store};
use tokio::runtime::Runtime;

use crate::support::client::{Connection, Response};

pub(crate) const PASSWORD: &str = "tangerine-Lighthouse-42";

const CONFIG: &str = r#"
dsn: memory
dev: true
serve: { public: { base_url: "BASE" } }
secrets: { default: [a-secret-for-tests-only] }
hashers: { algorithm: bcrypt, bcrypt: { cost: 4 } }
identity:
  default_schema_id: person
  schemas: [{ id: person, url: file://FOLDER/person.schema.json }]
selfservice:
  default_browser_return_url: BASE/
  allowed_return_urls: [ "BASE/app" ]
  methods:
    password: { enabled: true, config: { haveibeenpwned_enabled: false } }
    totp: { enabled: true, config: { issuer: test } }
  flows:
    registration: { style: unified, after: { password: { hooks: [ { hook: session } ] } } }
session: { whoami: { required_aal: aal1 } }
"#;

/// Writes down what it is told.
#[derive(Default)]
pub(crate) struct Told(pub(crate) Mutex<Vec<IdentityEvent>>);

impl Listener for Told {
    fn on_event(&self, event: &IdentityEvent) {
        self.0.lock().unwrap().push(*event);
    }
}

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
    pub(crate) told: Arc<Told>,
    store: Store,
    hasher: PasswordHasher,
    service: Arc<Service>,
    runtime: Runtime,
}

impl World {
    /// A service whose settings `change` had a say in.
    pub(crate) fn start(change: impl FnOnce(&mut Settings)) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let mut settings = settings(&format!("http://{address}"));
        settings.rotate_on_step_up = true;
        change(&mut settings);
        let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
        let told = Arc::new(Told::default());
        let store = runtime.block_on(Store::open(&Dsn::Memory, Keyring::ephemeral()));
        let store = store.unwrap();
        let hasher = PasswordHasher::start(settings.hashers.clone(), 2, 64).unwrap();
        let mail = courier::Config {
            tell_changes: true,
            ..courier::Config::default()
        };
        let service = Arc::new(Service::new(
            Arc::new(settings),
            store.clone(),
            Courier::new(mail, clock.clone()).unwrap(),
            hasher.clone(),
            clock.clone(),
            Arc::clone(&told) as Arc<dyn Listener>,
        ));
        let config = selfservice::Config {
            pages: Some(Arc::new(Pages::new(pages::Config::default()).unwrap())),
            ..selfservice::Config::default()
        };
        let app = router(Arc::clone(&service), config);
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self {
            address,
            clock,
            told,
            store,
            hasher,
            service,
            runtime,
        }
    }

    /// Somebody with a password.
    pub(crate) fn person(&self, email: &str) -> IdentityId {
        let settings = self.service.settings();
        let schema = settings.schemas.default_schema().unwrap();
        let now = self.clock.wall();
        let mut identity = Identity::new(schema.id(), json!({ "email": email }), now);
        let mut credentials = Credentials::new();
        schema.apply(&mut identity, &mut credentials, now);
        let made = self.hasher.make(SecretString::new(PASSWORD.to_owned()));
        let hash = self.runtime.block_on(made).unwrap();
        let credential = credentials.find_mut(CredentialType::Password).unwrap();
        credential.config = password::config(&hash);
        let stored = self.store.create_identity(&identity, &credentials);
        self.runtime.block_on(stored).unwrap();
        identity.id
    }

    /// Gives somebody a mail address to write to.
    pub(crate) fn give_address(&self, id: IdentityId, address: &str, verified: bool) {
        let now = self.clock.wall();
        self.runtime.block_on(async {
            let mut account = self.store.account(id).await.unwrap().unwrap();
            account
                .identity
                .verifiable_addresses
                .push(VerifiableAddress {
                    id: uuid::Uuid::new_v4(),
                    value: address.to_owned(),
                    verified,
                    via: Channel::Email,
                    status: VerificationStatus::Pending,
                    verified_at: None,
                    created_at: now,
                    updated_at: now,
                });
            let Account {
                mut identity,
                credentials,
            } = account;
            let saved = self.store.save_identity(&mut identity, &credentials).await;
            saved.unwrap();
        });
    }

    /// Everything that was written to people: the kind of mail, to whom, the subject.
    pub(crate) fn mails(&self) -> Vec<(String, String, String)> {
        let all = MailFilter::default();
        let listed = self.store.mails(&all, None, 100);
        let page = self.runtime.block_on(listed).unwrap();
        let mails = page.items.into_iter().map(|mail| {
            let subject = mail.content.unwrap().subject;
            (mail.template_type, mail.recipient, subject)
        });
        let mut mails: Vec<_> = mails.collect();
        mails.sort();
        mails
    }

    /// Changes Ada's credential of this type as an administrator might.
    pub(crate) fn change_credential(&self, kind: &str, change: impl FnOnce(&mut Value)) {
        let kind = CredentialType::parse(kind).unwrap();
        let password = CredentialType::Password;
        let found = self
            .store
            .account_by_identifier(password, "ada@bank.example");
        let mut account = self.runtime.block_on(found).unwrap().unwrap();
        change(&mut account.credentials.find_mut(kind).unwrap().config);
        let saved = self
            .store
            .save_identity(&mut account.identity, &account.credentials);
        self.runtime.block_on(saved).unwrap();
    }

    pub(crate) fn browser(&self) -> Client {
        Client::new(self.address, true)
    }

    pub(crate) fn native(&self) -> Client {
        Client::new(self.address, false)
    }

    /// The code of this moment.
    pub(crate) fn code(&self, secret: &str) -> String {
        self.code_in(secret, 0)
    }

    /// The code of a moment so many seconds away.
    pub(crate) fn code_in(&self, secret: &str, seconds: i64) -> String {
        let step = (self.clock.wall().as_second() + seconds).div_euclid(30);
        TotpSecret::from_base32(secret).unwrap().code(step)
    }
}

fn settings(base: &str) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": { "traits": {
            "type": "object",
            "properties": {
                "email": {
                    "type": "string", "format": "email", "title": "E-mail",
                    "ory.sh/kratos": { "credentials": {
                        "password": { "identifier": true }, "totp": { "account_name": true },
                        "webauthn": { "identifier": true },
                    } },
                },
                "nick": { "type": "string" },
            },
            "required": ["email"],
            "additionalProperties": false,
        } },
    });
    std::fs::write(folder.path().join("person.schema.json"), schema.to_string()).unwrap();
    let file = folder.path().join("kratos.yml");
    let text = CONFIG
        .replace("BASE", base)
        .replace("FOLDER", folder.path().to_str().unwrap());
    std::fs::write(&file, text).unwrap();
    let mut reading = Reading::in_folder(folder.path());
    let tree = read_file(&file, &mut reading.problems).unwrap();
    let draft = read(&tree, Form::Alone, &mut reading);
    let problems: Vec<_> = reading.problems.iter().collect();
    draft.unwrap_or_else(|| panic!("{problems:?}")).settle(base)
}

/// A browser that keeps cookies, or a native client that keeps its token.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    /// The path that the service is mounted at.
    mount: &'static str,
    browser: bool,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) token: Option<String>,
    /// `Accept-Language`.
    pub(crate) language: Option<&'static str>,
}

impl Client {
    const fn new(address: SocketAddr, browser: bool) -> Self {
        Self::below("", address, browser)
    }

    /// A client of a service that is mounted in a gateway.
    pub(crate) const fn below(mount: &'static str, address: SocketAddr, browser: bool) -> Self {
        Self {
            address,
            mount,
            browser,
            cookies: BTreeMap::new(),
            token: None,
            language: None,
        }
    }

    pub(crate) fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.address);
        let jar: Vec<String> = self
            .cookies
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        if self.browser && !jar.is_empty() {
            text.push_str(&format!("Cookie: {}\r\n", jar.join("; ")));
        }
        if let Some(token) = &self.token {
            text.push_str(&format!("X-Session-Token: {token}\r\n"));
        }
        if let Some(language) = self.language {
            text.push_str(&format!("Accept-Language: {language}\r\n"));
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let length = body.len();
        text.push_str(&format!(
            "Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ));
        let mut connection = Connection::open(self.address);
        connection.send(text.as_bytes());
        let answer = connection.receive(method == "HEAD").expect("an answer");
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Response) {
        for line in answer.headers("set-cookie") {
            let (pair, rest) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(crate) fn get(&mut self, target: &str) -> Response {
        self.send("GET", target, &[("Accept", "application/json")], "")
    }

    pub(crate) fn page(&mut self, target: &str) -> Response {
        self.send("GET", target, &[("Accept", "text/html")], "")
    }

    /// Opens a flow.
    pub(crate) fn open(&mut self, kind: &str, query: &str) -> Value {
        let client = if self.browser { "browser" } else { "api" };
        let mount = self.mount;
        let answer = self.get(&format!("{mount}/self-service/{kind}/{client}{query}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Submits a flow with JSON.
    pub(crate) fn submit(&mut self, flow: &Value, mut fields: Value) -> Response {
        if self.browser {
            fields["csrf_token"] = value_of(flow, "csrf_token");
        }
        let action = flow["ui"]["action"].as_str().unwrap();
        let place = action.find("/self-service").unwrap();
        let target = [self.mount, &action[place..]].concat();
        let kind = [
            ("Content-Type", "application/json"),
            ("Accept", "application/json"),
        ];
        let answer = self.send("POST", &target, &kind, &fields.to_string());
        if !self.browser
            && answer.status == 200
            && let Some(token) = answer.json()["session_token"].as_str()
        {
            self.token = Some(token.to_owned());
        }
        answer
    }

    pub(crate) fn try_password(&mut self, email: &str, password: &str) -> Response {
        let flow = self.open("login", "");
        let fields = json!({"method": "password", "identifier": email, "password": password});
        self.submit(&flow, fields)
    }

    pub(crate) fn sign_in(&mut self, email: &str) {
        let answer = self.try_password(email, PASSWORD);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Sets an authenticator app up and gives its secret.
    pub(crate) fn enrol(&mut self, world: &World) -> String {
        let flow = self.open("settings", "");
        let secret = node(&flow, "totp_secret_key")["attributes"]["text"]["context"]["secret"]
            .as_str()
            .unwrap()
            .to_owned();
        let fields = json!({"method": "totp", "totp_code": world.code(&secret)});
        let answer = self.submit(&flow, fields);
        assert_eq!(answer.status, 200, "{}", answer.text());
        secret
    }

    pub(crate) fn try_code(&mut self, code: &str) -> Response {
        let flow = self.open("login", "?aal=aal2");
        self.submit(&flow, json!({"method": "totp", "totp_code": code}))
    }

    pub(crate) fn whoami(&mut self) -> Response {
        self.get("/sessions/whoami")
    }
}

/// The node of this name or id.
pub(crate) fn node(flow: &Value, name: &str) -> Value {
    let nodes = flow["ui"]["nodes"].as_array().unwrap();
    let named = |node: &&Value| {
        let attributes = &node["attributes"];
        attributes["name"] == name || attributes["id"] == name
    };
    nodes.iter().find(named).cloned().unwrap_or_default()
}

fn value_of(flow: &Value, name: &str) -> Value {
    node(flow, name)["attributes"]["value"].clone()
}

/// Ids of the messages about the form as a whole.
pub(crate) fn messages(answer: &Response) -> Vec<u64> {
    let flow = answer.json();
    let messages = flow["ui"]["messages"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    messages
        .iter()
        .filter_map(|one| one["id"].as_u64())
        .collect()
}
