//! `methods.oidc`: providers.

use serde_json::{Value as Json, json};

use super::linked::Program;
use super::values::SecretWord;
use crate::document::{Choice, Fields, FromNode, Node, Reading, Value};
use crate::identity::settings::{ClaimsSource, OidcProvider, OidcSettings, Pkce};
use crate::secret::SecretString;

/// Kinds of provider that speak plain OpenID Connect, and the issuer that goes without saying.
const KINDS: [(&str, &str); 4] = [
    ("generic", ""),
    ("auth0", ""),
    ("google", "https://accounts.google.com"),
    ("gitlab", "https://gitlab.com"),
];

pub(super) fn read(section: &mut Fields<'_, '_>) -> OidcSettings {
    let enabled = section.or("enabled", false);
    let (base, providers) = section.within("config", |config| {
        let base: Option<WebAddress> = config.get("base_redirect_uri");
        let providers: Option<Vec<Provider>> = config.get("providers");
        (base, providers.unwrap_or_default())
    });
    let providers: Vec<OidcProvider> = providers.into_iter().map(|one| one.0).collect();
    let twice = providers.iter().enumerate().find(|(index, provider)| {
        let earlier = providers.iter().take(*index);
        earlier.clone().any(|other| other.id == provider.id)
    });
    if let Some((_, provider)) = twice {
        let message = format!("the provider `{}` is given twice", provider.id);
        section.problem_at("config", "contradiction", &message, None);
    }
    OidcSettings {
        enabled,
        base_redirect_uri: base.map(|url| url.0.trim_end_matches('/').to_owned()),
        providers,
    }
}

struct Provider(OidcProvider);

impl FromNode for Provider {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let mut fields = Fields::open(node, reading)?;
        let id: Option<String> = fields.required("id");
        let kind: Option<String> = fields.required("provider");
        let issuer: Option<WebAddress> = fields.get("issuer_url");
        let issuer = issuer_of(&mut fields, kind.as_deref().unwrap_or_default(), issuer);
        let client_id: Option<String> = fields.required("client_id");
        let client_secret: Option<SecretWord> = fields.required("client_secret");
        let mapper: Option<Program> = fields.required("mapper_url");
        let label: Option<String> = fields.get("label");
        let auth_url: Option<WebAddress> = fields.get("auth_url");
        let token_url: Option<WebAddress> = fields.get("token_url");
        let scopes: Vec<String> = fields.or("scope", Vec::new());
        let requested = fields
            .raw("requested_claims", json!({"type": "object"}))
            .map(as_json);
        let more_audiences = fields.or("additional_id_token_audiences", Vec::new());
        let links = fields.or("account_linking_mode", Linking(false));
        let updates = fields.or("update_identity_on_login", Updating(false));
        let claims_source = fields.or("claims_source", ClaimsSource::IdToken);
        let pkce = fields.or("pkce", Pkce::Auto);
        let aal2_acr_values = fields.or("aal2_acr_values", Vec::new());
        let aal2_amr_values = fields.or("aal2_amr_values", Vec::new());
        for key in ["organization_id", "fedcm_config_url"] {
            fields.raw(key, json!({"type": "string"}));
        }
        if let Some(id) = &id {
            let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
            if id.is_empty() || !id.chars().all(plain) {
                let message = "an id has letters, digits, `-`, `_` and `.` only";
                fields.problem_at("id", "invalid_value", message, None);
            }
        }
        fields.close();
        let id = id?;
        Some(Self(OidcProvider {
            label: label.unwrap_or_else(|| id.clone()),
            id,
            client_id: client_id?,
            client_secret: SecretString::new(client_secret?.0),
            issuer_url: issuer?,
            auth_url: auth_url.map(|url| url.0),
            token_url: token_url.map(|url| url.0),
            scopes,
            mapper: mapper?.0,
            requested_claims: requested,
            claims_source,
            pkce,
            links_automatically: links.0,
            updates_identity: updates.0,
            aal2_acr_values,
            aal2_amr_values,
            more_audiences,
        }))
    }
}

fn issuer_of(
    fields: &mut Fields<'_, '_>,
    kind: &str,
    written: Option<WebAddress>,
) -> Option<String> {
    let Some((_, known)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        if !kind.is_empty() {
            let message = format!("the provider `{kind}` is not known");
            let help = "with OpenID Connect: generic, auth0, google, gitlab";
            fields.problem_at("provider", "invalid_value", &message, Some(help));
        }
        return None;
    };
    let issuer = written.map(|url| url.0);
    let issuer = issuer.or_else(|| (!known.is_empty()).then(|| (*known).to_owned()));
    if issuer.is_none() {
        let message = "`issuer_url` is missing";
        fields.problem_at("issuer_url", "missing_key", message, None);
    }
    issuer
}

/// An absolute URL of the web.
struct WebAddress(String);

impl FromNode for WebAddress {
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
        let text = String::from_node(node, reading)?;
        let parsed = url::Url::parse(&text);
        if parsed.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return Some(Self(text));
        }
        let message = "expected an absolute http:// or https:// URL".to_owned();
        super::refuse_node(reading, node, message);
        None
    }

    fn schema() -> Json {
        json!({"type": "string", "format": "uri"})
    }

    fn shown(&self) -> Option<Json> {
        Some(self.0.clone().into())
    }
}

fn as_json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Scalar(scalar) if scalar.plain && &*scalar.text == "true" => Json::Bool(true),
        Value::Scalar(scalar) if scalar.plain && &*scalar.text == "false" => Json::Bool(false),
        Value::Scalar(scalar) => Json::String(scalar.text.to_string()),
        Value::List(items) => items.iter().map(as_json).collect(),
        Value::Map(entries) => {
            let pairs = entries.iter();
            let pairs = pairs.map(|entry| (entry.key.text.to_string(), as_json(&entry.value)));
            Json::Object(pairs.collect())
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
struct Linking(bool);

impl Choice for Linking {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("confirm_with_existing_credential", Self(false)),
        ("automatic", Self(true)),
    ];
}

#[derive(Clone, Copy, PartialEq)]
struct Updating(bool);

impl Choice for Updating {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("never", Self(false)), ("automatic", Self(true))];
}

impl Choice for ClaimsSource {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("id_token", Self::IdToken), ("userinfo", Self::Userinfo)];
}

impl Choice for Pkce {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("never", Self::Never),
        ("force", Self::Force),
    ];
}
