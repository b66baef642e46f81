//! Signing in with another provider.

mod attacks;
mod journeys;
mod native;
pub(crate) mod provider;

use std::sync::Arc;

use serde_json::{Value, json};
use stepgate::identity::schema::{IdentitySchema, Schemas};
use stepgate::identity::settings::{
    ClaimsSource, Hook, OidcProvider, OidcSettings, Pkce, Settings,
};
use stepgate::jsonnet::Snippet;
use stepgate::secret::SecretString;

use super::world::{Client, World};
use crate::support::client::Response;
use provider::{CLIENT, Provider, SECRET};

const NOW: &str = "2026-03-01T12:00:00Z";

const MAPPER: &str = "
local claims = { email_verified: false } + std.extVar('claims');
{ identity: {
  traits: { [if 'email' in claims then 'email']: claims.email,
            [if 'nickname' in claims then 'nick']: claims.nickname },
  verified_addresses: if claims.email_verified && 'email' in claims
                      then [{ via: 'email', value: claims.email }] else [],
} }";

pub(super) struct Bench {
    pub(super) world: World,
    pub(super) provider: Provider,
}

fn configured(id: &str, issuer: &str) -> OidcProvider {
    OidcProvider {
        id: id.to_owned(),
        label: "Work".to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret: SecretString::new(SECRET.to_owned()),
        issuer_url: issuer.to_owned(),
        auth_url: None,
        token_url: None,
        scopes: vec!["email".to_owned()],
        mapper: Snippet::parse("mapper.jsonnet", MAPPER).unwrap(),
        requested_claims: None,
        claims_source: ClaimsSource::IdToken,
        pkce: Pkce::Auto,
        links_automatically: false,
        updates_identity: false,
        aal2_acr_values: vec!["gold".to_owned()],
        aal2_amr_values: vec!["mfa".to_owned()],
        more_audiences: Vec::new(),
    }
}

fn schema() -> Schemas {
    let document = json!({"properties": {"traits": {
        "type": "object",
        "properties": {
            "email": {"type": "string", "format": "email", "ory.sh/kratos": {
                "credentials": {"password": {"identifier": true}},
                "verification": {"via": "email"},
            }},
            "nick": {"type": "string"},
        },
        "required": ["email"],
        "additionalProperties": false,
    }}});
    let schema = IdentitySchema::compile("person", document).unwrap();
    Schemas::new("person", vec![schema]).unwrap()
}

impl Bench {
    pub(super) fn start() -> Self {
        Self::with(|_, _| {})
    }

    /// A service with the provider `work`; `change` has a say in it and in all settings.
    pub(super) fn with(change: impl FnOnce(&mut OidcProvider, &mut Settings)) -> Self {
        let now: jiff::Timestamp = NOW.parse().unwrap();
        let provider = Provider::start(now.as_second());
        let mut work = configured("work", &provider.url());
        let world = World::start(|settings| {
            settings.schemas = Arc::new(schema());
            let after = &mut settings.self_service.registration.flow.after;
            after.by_method.clear();
            after.hooks = vec![Hook::Session];
            change(&mut work, settings);
            settings.methods.oidc = OidcSettings {
                enabled: true,
                base_redirect_uri: None,
                providers: vec![work],
            };
        });
        Self { world, provider }
    }

    /// Where the browser is sent for `fields` of this flow.
    pub(super) fn leave(browser: &mut Client, flow: &Value, fields: Value) -> String {
        let moved = browser.submit(flow, fields);
        assert_eq!(moved.status, 422, "{}", moved.text());
        let body = moved.json();
        assert_eq!(body["error"]["id"], "browser_location_change_required");
        body["redirect_browser_to"].as_str().unwrap().to_owned()
    }

    /// From a login to the callback, where the provider sends the browser.
    pub(super) fn callback(&self, browser: &mut Client) -> String {
        let flow = browser.open("login", "");
        let to = Self::leave(browser, &flow, json!({"provider": "work"}));
        local(&self.provider.visit(&to))
    }

    /// A whole sign-in; the answer of the callback.
    pub(super) fn sign_in(&self, browser: &mut Client) -> Response {
        let callback = self.callback(browser);
        browser.page(&callback)
    }
}

/// The path and query of a URL of the service.
pub(super) fn local(url: &str) -> String {
    url[url.find("/self-service").unwrap()..].to_owned()
}

/// The flow that a redirect to a page names.
pub(super) fn flow_of(browser: &mut Client, kind: &str, answer: &Response) -> Value {
    let to = answer.header("location").unwrap();
    let (_, id) = to.split_once("flow=").unwrap_or_else(|| panic!("{to}"));
    browser
        .get(&format!("/self-service/{kind}/flows?id={id}"))
        .json()
}

/// What the error page would say.
pub(super) fn error_of(browser: &mut Client, answer: &Response) -> Value {
    let to = answer
        .header("location")
        .unwrap_or_else(|| panic!("{}", answer.text()));
    let (_, id) = to.split_once("error?id=").unwrap_or_else(|| panic!("{to}"));
    browser.get(&format!("/self-service/errors?id={id}")).json()["error"].clone()
}
