//! Talking to a provider: what it says of itself, its keys, tokens, userinfo.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use jsonwebtoken::jwk::JwkSet;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::clock::{Clock, Monotonic};
use crate::identity::settings::OidcProvider;
use crate::outbound::{Call, Outbound, OutboundError, Reply};

/// How long one question to a provider may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a description and keys are believed.
const BELIEVED: Duration = Duration::from_secs(60 * 60);
/// How soon keys are asked for again because one was not among them.
const KEYS_AGAIN: Duration = Duration::from_secs(30);

/// What went wrong with a provider. Tells no token and no code.
#[derive(Debug, thiserror::Error)]
pub(in crate::flows) enum ProviderError {
    /// It is out of reach.
    #[error(transparent)]
    Call(#[from] OutboundError),
    /// It answered something else than it should.
    #[error("{0}")]
    Answer(String),
}

fn wrong(what: impl Into<String>) -> ProviderError {
    ProviderError::Answer(what.into())
}

/// What a provider says of itself.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Described {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    #[serde(default)]
    userinfo_endpoint: Option<Url>,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl Described {
    pub(super) fn knows_pkce(&self) -> bool {
        self.code_challenge_methods_supported
            .iter()
            .any(|one| one == "S256")
    }
}

/// What the token endpoint gives.
#[derive(Deserialize)]
pub(super) struct Tokens {
    #[serde(default)]
    pub(super) access_token: String,
    #[serde(default)]
    pub(super) id_token: String,
    #[serde(default)]
    pub(super) refresh_token: String,
}

struct Known {
    described: Arc<Described>,
    since: Monotonic,
    keys: Option<(Arc<JwkSet>, Monotonic)>,
}

/// The providers, with what they said lately.
pub(in crate::flows) struct Providers {
    outbound: Outbound,
    clock: Clock,
    known: Mutex<HashMap<String, Known>>,
}

impl Providers {
    /// Asks through `outbound`.
    pub(in crate::flows) fn new(outbound: Outbound, clock: Clock) -> Self {
        Self {
            outbound,
            clock,
            known: Mutex::new(HashMap::new()),
        }
    }

    fn with_known<T>(&self, read: impl FnOnce(&mut HashMap<String, Known>) -> T) -> T {
        read(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the provider says of itself.
    pub(super) async fn describe(
        &self,
        provider: &OidcProvider,
    ) -> Result<Arc<Described>, ProviderError> {
        let now = self.clock.monotonic();
        let fresh = self.with_known(|known| {
            let entry = known.get(&provider.id)?;
            (now.since(entry.since) < BELIEVED).then(|| Arc::clone(&entry.described))
        });
        if let Some(described) = fresh {
            return Ok(described);
        }
        let issuer = provider.issuer_url.trim_end_matches('/');
        let at = format!("{issuer}/.well-known/openid-configuration");
        let at = Url::parse(&at).map_err(|_| wrong("the issuer is no URL"))?;
        let described: Described = json(&self.get(at, None).await?)?;
        check(provider, &described)?;
        let described = Arc::new(described);
        self.with_known(|known| {
            let entry = Known {
                described: Arc::clone(&described),
                since: now,
                keys: None,
            };
            known.insert(provider.id.clone(), entry);
        });
        Ok(described)
    }

    /// The provider's keys; asked for anew when `again` says that one is missing.
    pub(super) async fn keys(
        &self,
        provider: &OidcProvider,
        again: bool,
    ) -> Result<Arc<JwkSet>, ProviderError> {
        let described = self.describe(provider).await?;
        let now = self.clock.monotonic();
        let life = if again { KEYS_AGAIN } else { BELIEVED };
        let fresh = self.with_known(|known| {
            let (keys, since) = known.get(&provider.id)?.keys.as_ref()?;
            (now.since(*since) < life).then(|| Arc::clone(keys))
        });
        if let Some(keys) = fresh {
            return Ok(keys);
        }
        let keys: Value = json(&self.get(described.jwks_uri.clone(), None).await?)?;
        let keys = Arc::new(readable_keys(&keys));
        self.with_known(|known| {
            if let Some(entry) = known.get_mut(&provider.id) {
                entry.keys = Some((Arc::clone(&keys), now));
            }
        });
        Ok(keys)
    }

    /// Exchanges a code for tokens.
    pub(super) async fn redeem(
        &self,
        provider: &OidcProvider,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
    ) -> Result<Tokens, ProviderError> {
        let described = self.describe(provider).await?;
        let call = redeeming(provider, &described, code, redirect_uri, verifier)?;
        json(&self.outbound.send(call).await?)
    }

    /// The claims of the userinfo endpoint.
    pub(super) async fn userinfo(
        &self,
        provider: &OidcProvider,
        access_token: &str,
    ) -> Result<Value, ProviderError> {
        let described = self.describe(provider).await?;
        let at = described.userinfo_endpoint.clone();
        let at = at.ok_or_else(|| wrong("it has no userinfo endpoint"))?;
        json(&self.get(at, Some(access_token)).await?)
    }

    async fn get(&self, url: Url, bearer: Option<&str>) -> Result<Reply, ProviderError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = bearer {
            headers.insert(AUTHORIZATION, sensitive(&format!("Bearer {token}"))?);
        }
        let call = Call {
            method: Method::GET,
            url,
            headers,
            body: Bytes::new(),
            timeout: PATIENCE,
        };
        Ok(self.outbound.send(call).await?)
    }
}

/// The request that exchanges a code.
fn redeeming(
    provider: &OidcProvider,
    described: &Described,
    code: &str,
    redirect_uri: &str,
    verifier: Option<&str>,
) -> Result<Call, ProviderError> {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", redirect_uri);
    if let Some(verifier) = verifier {
        form.append_pair("code_verifier", verifier);
    }
    let mut headers = HeaderMap::new();
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let secret = provider.client_secret.expose();
    let ways = &described.token_endpoint_auth_methods_supported;
    let knows = |way: &str| ways.iter().any(|one| one == way);
    if knows("client_secret_post") && !knows("client_secret_basic") {
        form.append_pair("client_id", &provider.client_id)
            .append_pair("client_secret", secret);
    } else {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(&provider.client_id), encoded(secret));
        headers.insert(
            AUTHORIZATION,
            sensitive(&format!("Basic {}", STANDARD.encode(pair)))?,
        );
    }
    let url = match &provider.token_url {
        Some(url) => Url::parse(url).map_err(|_| wrong("`token_url` is no URL"))?,
        None => described.token_endpoint.clone(),
    };
    Ok(Call {
        method: Method::POST,
        url,
        headers,
        body: Bytes::from(form.finish()),
        timeout: PATIENCE,
    })
}

fn sensitive(value: &str) -> Result<HeaderValue, ProviderError> {
    let value = HeaderValue::from_str(value);
    let mut value = value.map_err(|_| wrong("a credential can't be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn json<T: DeserializeOwned>(reply: &Reply) -> Result<T, ProviderError> {
    if !reply.status.is_success() {
        return Err(wrong(format!("it answered {}", reply.status.as_u16())));
    }
    serde_json::from_slice(&reply.body).map_err(|_| wrong("its answer is not what it should be"))
}

/// A description must be of the issuer that was asked, and must not lead from https to http.
fn check(provider: &OidcProvider, described: &Described) -> Result<(), ProviderError> {
    let trimmed = |url: &str| url.trim_end_matches('/').to_owned();
    if trimmed(&described.issuer) != trimmed(&provider.issuer_url) {
        return Err(wrong("it describes another issuer"));
    }
    let secure = provider.issuer_url.starts_with("https:");
    let places = [
        Some(&described.authorization_endpoint),
        Some(&described.token_endpoint),
        Some(&described.jwks_uri),
        described.userinfo_endpoint.as_ref(),
    ];
    let fits = |url: &&Url| match url.scheme() {
        "https" => true,
        "http" => !secure,
        _ => false,
    };
    if places.iter().flatten().all(fits) {
        Ok(())
    } else {
        Err(wrong("it names an endpoint that is not secure"))
    }
}

/// The keys that can be read; one that can't does not spoil the others.
fn readable_keys(set: &Value) -> JwkSet {
    let keys = set.get("keys").and_then(Value::as_array);
    let keys = keys.into_iter().flatten();
    JwkSet {
        keys: keys
            .filter_map(|key| serde_json::from_value(key.clone()).ok())
            .collect(),
    }
}
