//! The service under test, and what its clients need: people, codes, refusals, flows.

use std::fmt::Debug;
use std::pin::Pin;
use std::time::SystemTime;

use hmac::{Hmac, Mac};
use ory_kratos_client::apis::configuration::Configuration;
use ory_kratos_client::apis::{Error, courier_api, frontend_api, identity_api};
use ory_kratos_client::models::{self, UpdateLoginFlowBody};
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "tangerine-Lighthouse-42";

/// A check under way.
pub(crate) type Checking<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Both APIs.
pub(crate) struct Service {
    pub(crate) public: Configuration,
    pub(crate) admin: Configuration,
}

/// Somebody with a password.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
}

impl Service {
    pub(crate) fn from_environment() -> Self {
        let at = |name: &str| Configuration {
            base_path: std::env::var(name).expect(name),
            ..Configuration::default()
        };
        Self {
            public: at("KRATOS_PUBLIC_URL"),
            admin: at("KRATOS_ADMIN_URL"),
        }
    }

    /// The public API as a browser calls it, with a jar of its own.
    pub(crate) fn browser(&self) -> Configuration {
        let client = reqwest::Client::builder().cookie_store(true);
        Configuration {
            client: client.build().expect("a client"),
            ..self.public.clone()
        }
    }

    pub(crate) async fn person(&self) -> Person {
        let email = format!("rust-{}@clients.example", uuid::Uuid::new_v4());
        let mut body = models::CreateIdentityBody::new("person".into(), json!({"email": email}));
        body.credentials = Some(Box::new(password(PASSWORD)));
        let made = identity_api::create_identity(&self.admin, Some(body)).await;
        let id = made.expect("a person").id;
        Person { id, email }
    }

    /// Signs in with a password as a native client does.
    pub(crate) async fn sign_in(
        &self,
        email: &str,
        password: &str,
    ) -> Result<models::SuccessfulNativeLogin, Error<frontend_api::UpdateLoginFlowError>> {
        let flow = open(&self.public, "login/api", None).await;
        let id = flow["id"].as_str().expect("an id");
        let body = login_with_password(email, password, None);
        frontend_api::update_login_flow(&self.public, id, body, None, None).await
    }

    /// The session token of somebody who signs in.
    pub(crate) async fn token(&self, email: &str) -> String {
        let done = self.sign_in(email, PASSWORD).await.expect("a login");
        done.session_token.expect("a token")
    }

    /// Sets up an authenticator app and gives its secret.
    pub(crate) async fn enrol(&self, token: &str) -> String {
        let flow = open(&self.public, "settings/api", Some(token)).await;
        let secret = node(&flow, "totp_secret_key")["attributes"]["text"]["text"].clone();
        let secret = secret.as_str().expect("a secret").to_owned();
        let mut method = models::UpdateSettingsFlowWithTotpMethod::new("totp".into());
        method.totp_code = Some(totp(&secret, 0));
        let body = models::UpdateSettingsFlowBody::Totp(Box::new(method));
        self.change(token, &flow, body).await;
        secret
    }

    /// Changes settings.
    pub(crate) async fn change(
        &self,
        token: &str,
        flow: &Value,
        body: models::UpdateSettingsFlowBody,
    ) {
        let id = flow["id"].as_str().expect("an id");
        let done =
            frontend_api::update_settings_flow(&self.public, id, body, Some(token), None).await;
        accepted(done);
    }

    /// The level of a session.
    pub(crate) async fn session(&self, token: &str) -> models::Session {
        let session = frontend_api::to_session(&self.public, Some(token), None, None).await;
        session.expect("a session")
    }

    /// The code in somebody's newest mail of a kind, once it is there.
    pub(crate) async fn mailed(&self, email: &str, template: &str) -> (models::Message, String) {
        for _ in 0..100 {
            let list =
                courier_api::list_courier_messages(&self.admin, None, None, None, Some(email));
            let mails = list.await.expect("a list");
            let kind = |mail: &models::Message| json!(mail.template_type) == template;
            if let Some(mail) = mails.into_iter().find(kind) {
                let mut words = mail.body.split(|it: char| !it.is_ascii_digit());
                let code = words.find(|it| it.len() == 6).expect("a code").to_owned();
                return (mail, code);
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("no {template} to {email}");
    }
}

pub(crate) fn password(password: &str) -> models::IdentityWithCredentials {
    let config = json!({"password": {"config": {"password": password}}});
    serde_json::from_value(config).expect("credentials")
}

pub(crate) fn login_with_password(
    email: &str,
    password: &str,
    csrf_token: Option<String>,
) -> UpdateLoginFlowBody {
    let mut method = models::UpdateLoginFlowWithPasswordMethod::new(
        email.into(),
        "password".into(),
        password.into(),
    );
    method.csrf_token = csrf_token;
    let body = UpdateLoginFlowBody::Password(Box::new(method));
    // This SDK says the method twice, once as the tag and once as a field.
    let text = serde_json::to_string(&body).expect("JSON");
    assert_eq!(text.matches("\"method\":\"password\"").count(), 2, "{text}");
    body
}

pub(crate) fn login_with_totp(code: String, csrf_token: Option<String>) -> UpdateLoginFlowBody {
    let mut method = models::UpdateLoginFlowWithTotpMethod::new("totp".into(), code);
    method.csrf_token = csrf_token;
    UpdateLoginFlowBody::Totp(Box::new(method))
}

/// Opens a flow. This SDK's own calls read no flow of any server: `node_type` is both the tag of a
/// node's attributes and a field in them. So the flow is read as JSON, and its parts by the types
/// of the SDK, which know only so many groups, kinds and levels.
pub(crate) async fn open(at: &Configuration, what: &str, token: Option<&str>) -> Value {
    let url = format!("{}/self-service/{what}", at.base_path);
    let mut request = at.client.get(url).header("Accept", "application/json");
    if let Some(token) = token {
        request = request.header("X-Session-Token", token);
    }
    let flow: Value = request
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    read(&flow);
    flow
}

/// Reads the parts of a flow with the SDK's types.
pub(crate) fn read(flow: &Value) {
    for node in flow["ui"]["nodes"].as_array().expect("nodes") {
        let attributes = node["attributes"].clone();
        match attributes["node_type"].as_str() {
            Some("input") => strict::<models::UiNodeInputAttributes>(attributes),
            Some("text") => strict::<models::UiNodeTextAttributes>(attributes),
            Some("img") => strict::<models::UiNodeImageAttributes>(attributes),
            Some("script") => strict::<models::UiNodeScriptAttributes>(attributes),
            Some("a") => strict::<models::UiNodeAnchorAttributes>(attributes),
            other => panic!("{other:?} in {node}"),
        }
        strict::<models::UiNodeMeta>(node["meta"].clone());
        strict::<Vec<models::UiText>>(node["messages"].clone());
        strict::<models::ui_node::GroupEnum>(node["group"].clone());
        strict::<models::ui_node::TypeEnum>(node["type"].clone());
    }
    if !flow["ui"]["messages"].is_null() {
        strict::<Vec<models::UiText>>(flow["ui"]["messages"].clone());
    }
}

fn strict<T: serde::de::DeserializeOwned>(value: Value) {
    if let Err(error) = serde_json::from_value::<T>(value.clone()) {
        panic!("{error} in {value}");
    }
}

/// The node of this name or id.
pub(crate) fn node<'a>(flow: &'a Value, name: &str) -> &'a Value {
    let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
    let named =
        |node: &&Value| node["attributes"]["name"] == name || node["attributes"]["id"] == name;
    nodes
        .iter()
        .find(named)
        .unwrap_or_else(|| panic!("no node {name} in {flow}"))
}

/// The anti-forgery token of a flow.
pub(crate) fn csrf(flow: &Value) -> Option<String> {
    let value = &node(flow, "csrf_token")["attributes"]["value"];
    value.as_str().map(str::to_owned)
}

/// What the server took, whether or not this SDK can read the flow that came back.
pub(crate) fn accepted<T: Debug, E: Debug>(answer: Result<T, Error<E>>) {
    match answer {
        Ok(_) => {}
        Err(Error::Serde(why)) => assert!(why.to_string().contains("missing field"), "{why}"),
        Err(other) => panic!("{other:?}"),
    }
}

/// The body of an answer that must be a refusal with this status.
pub(crate) fn refused<T: Debug, E: Debug>(answer: Result<T, Error<E>>, status: u16) -> Value {
    match answer {
        Err(Error::ResponseError(refusal)) => {
            assert_eq!(refusal.status.as_u16(), status, "{}", refusal.content);
            serde_json::from_str(&refusal.content).expect("JSON")
        }
        other => panic!("{status} expected, not {other:?}"),
    }
}

/// A refusal in the shape of an error, and its id.
pub(crate) fn error_id<T: Debug, E: Debug>(answer: Result<T, Error<E>>, status: u16) -> String {
    let body = refused(answer, status);
    let error: models::ErrorGeneric = serde_json::from_value(body).expect("an error");
    assert_eq!(error.error.code, Some(i64::from(status)));
    error.error.id.unwrap_or_default()
}

/// The ids of the messages about a form.
pub(crate) fn messages(flow: &Value) -> Vec<u64> {
    read(flow);
    let messages = flow["ui"]["messages"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    messages.iter().filter_map(|it| it["id"].as_u64()).collect()
}

/// The code of a secret in base 32, `later` steps of 30 seconds from now.
pub(crate) fn totp(secret: &str, later: u64) -> String {
    let bits: String = secret
        .bytes()
        .map(|it| {
            if it.is_ascii_digit() {
                it - b'2' + 26
            } else {
                it - b'A'
            }
        })
        .map(|value| format!("{value:05b}"))
        .collect();
    let byte = |at: usize| u8::from_str_radix(&bits[at..at + 8], 2).expect("bits");
    let key: Vec<u8> = (0..bits.len() / 8).map(|at| byte(at * 8)).collect();
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("a time");
    let step = now.as_secs() / 30 + later;
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&key).expect("a key");
    mac.update(&step.to_be_bytes());
    let mac = mac.finalize().into_bytes();
    let at = usize::from(mac[19] & 15);
    let number = u32::from_be_bytes([mac[at] & 0x7f, mac[at + 1], mac[at + 2], mac[at + 3]]);
    format!("{:06}", number % 1_000_000)
}
