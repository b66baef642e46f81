//! To the provider: what is parked, and where the person is sent.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

use super::provider::{Described, ProviderError};
use crate::contract::Problem;
use crate::contract::{FlowKind, Transport};
use crate::flows::answer::{Answer, Failure, Outcome};
use crate::flows::login::Try;
use crate::flows::record::FlowRecord;
use crate::flows::service::{Service, internal};
use crate::flows::visitor::Visitor;
use crate::identity::session::later;
use crate::identity::settings::{OidcProvider, Pkce};
use crate::identity::token::random_text;
use crate::identity::{FlowId, TokenHash};
use crate::store::Parked;
use crate::web::Fields;

/// How long somebody may take at the provider.
const PARKED_FOR: Duration = Duration::from_secs(30 * 60);
/// Letters and digits of state, nonce and verifier: more than 256 bits each.
const RANDOM_CHARACTERS: usize = 64;
/// Parameters of a submit that are handed on to the provider.
const UPSTREAM_PARAMETERS: [&str; 5] = ["login_hint", "hd", "prompt", "auth_type", "acr_values"];
/// The longest of them.
const MAX_PARAMETER_BYTES: usize = 512;

/// What waits for somebody to come back from a provider.
#[derive(Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) flow: FlowId,
    pub(super) kind: FlowKind,
    pub(super) provider: String,
    pub(super) nonce: String,
    pub(super) verifier: Option<String>,
    /// Traits that the form brought.
    pub(super) traits: Option<Value>,
    /// `transient_payload` of the form.
    pub(super) sent: Option<Value>,
}

/// Where a state is kept: a name that only who knows the state can say.
pub(super) struct StateName {
    pub(super) name: String,
    /// Its place where no cookie can hold one.
    pub(super) place: Uuid,
}

impl StateName {
    pub(super) fn of(state: &str) -> Self {
        let hash = *TokenHash::of(state).as_bytes();
        let (place, _) = hash.split_at(16);
        let place = Uuid::from_slice(place).unwrap_or_default();
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            name: format!("oidc {hex}"),
            place,
        }
    }
}

impl Service {
    /// A login or sign-up that names a provider.
    pub(in crate::flows) async fn try_provider(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
    ) -> Result<Try, Failure> {
        let answer = self.with_provider(record, visitor, fields).await?;
        Ok(Try::Answered(Box::new(answer)))
    }

    /// The answer to a submit that names a provider.
    pub(in crate::flows) async fn with_provider(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
    ) -> Outcome {
        let id = fields.text("provider").unwrap_or_default();
        let Some(provider) = self.settings.methods.oidc.find(&id) else {
            return Err(Problem::not_found().into());
        };
        if let Some(token) = fields.text("id_token").filter(|token| !token.is_empty()) {
            let nonce = fields.text("id_token_nonce");
            let traits = fields.find("traits").cloned();
            let submit = self.submitted_id_token(provider, &token, nonce.as_deref());
            let person = submit.await?;
            let going = self.came_from_provider(record, visitor, provider, person, traits);
            return Box::pin(going).await;
        }
        self.go_to_provider(record, visitor, provider, fields).await
    }

    /// Parks what is to come back and sends the person to the provider.
    pub(super) async fn go_to_provider(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        provider: &OidcProvider,
        fields: &Fields,
    ) -> Outcome {
        let native = record.transport == Transport::Api;
        if native && (record.exchange.is_none() || record.refresh) {
            let reason = "A native client comes back from a provider by \
                          return_session_token_exchange_code, and not in a refresh.";
            return Err(Problem::bad_request(reason).into());
        }
        let described = self.providers.describe(provider).await;
        let described = described.map_err(|error| unusable(provider, &error))?;
        let pkce = match provider.pkce {
            Pkce::Auto => described.knows_pkce(),
            Pkce::Force => true,
            Pkce::Never => false,
        };
        let state = random_text(RANDOM_CHARACTERS);
        let waiting = Waiting {
            flow: record.id,
            kind: record.kind,
            provider: provider.id.clone(),
            nonce: random_text(RANDOM_CHARACTERS),
            verifier: pkce.then(|| random_text(RANDOM_CHARACTERS)),
            traits: fields.find("traits").cloned(),
            sent: record.sent_for_hooks.clone(),
        };
        let name = StateName::of(&state);
        let id = if native { name.place } else { Uuid::new_v4() };
        let parked = Parked {
            id,
            name: name.name,
            identity: None,
            payload: serde_json::to_value(&waiting).map_err(internal)?,
            expires_at: later(self.now(), PARKED_FOR),
        };
        self.store.park(&parked).await.map_err(internal)?;
        record.active = Some("oidc".to_owned());
        self.save_flow(record).await?;
        let to = self.authorization_url(provider, &described, record, &state, &waiting, fields)?;
        let problem = Problem::location_change(&to);
        let answer = Answer::problem_or(problem, StatusCode::SEE_OTHER, to);
        Ok(match native {
            true => answer,
            false => answer.cookie(self.waiting_cookie(visitor, id)),
        })
    }

    fn authorization_url(
        &self,
        provider: &OidcProvider,
        described: &Described,
        record: &FlowRecord,
        state: &str,
        waiting: &Waiting,
        fields: &Fields,
    ) -> Result<String, Failure> {
        let mut url = match &provider.auth_url {
            Some(url) => Url::parse(url).map_err(internal)?,
            None => described.authorization_endpoint.clone(),
        };
        let mut asked: Map<String, Value> = Map::new();
        if record.refresh {
            asked.insert("prompt".to_owned(), "login".into());
        }
        asked.extend(upstream_parameters(fields));
        let mut scopes = vec!["openid"];
        let more = provider.scopes.iter().map(String::as_str);
        scopes.extend(more.filter(|scope| *scope != "openid"));
        let redirect = self.redirect_uri(provider);
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", &provider.client_id)
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", &redirect)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", state)
            .append_pair("nonce", &waiting.nonce);
        if let Some(verifier) = &waiting.verifier {
            let challenge = URL_SAFE_NO_PAD.encode(TokenHash::of(verifier).as_bytes());
            query
                .append_pair("code_challenge", &challenge)
                .append_pair("code_challenge_method", "S256");
        }
        if let Some(claims) = &provider.requested_claims {
            query.append_pair("claims", &claims.to_string());
        }
        for (name, value) in &asked {
            query.append_pair(name, value.as_str().unwrap_or_default());
        }
        drop(query);
        Ok(url.into())
    }

    /// Where the provider sends people back to.
    pub(super) fn redirect_uri(&self, provider: &OidcProvider) -> String {
        let base = self.settings.methods.oidc.base_redirect_uri.as_deref();
        let base = base.unwrap_or_else(|| self.site.base());
        let callback = format!("{base}/self-service/methods/oidc/callback");
        match provider.pkce {
            Pkce::Force => callback,
            Pkce::Auto | Pkce::Never => format!("{callback}/{}", provider.id),
        }
    }
}

/// What a submit asks of the provider, of what may be asked.
fn upstream_parameters(fields: &Fields) -> Map<String, Value> {
    let given = fields
        .find("upstream_parameters")
        .and_then(Value::as_object);
    let given = given.into_iter().flatten();
    given
        .filter(|(name, _)| UPSTREAM_PARAMETERS.contains(&name.as_str()))
        .filter(|(_, value)| {
            let text = value.as_str().unwrap_or_default();
            !text.is_empty() && text.len() <= MAX_PARAMETER_BYTES
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// A provider that can't be worked with now.
pub(super) fn unusable(provider: &OidcProvider, error: &ProviderError) -> Failure {
    tracing::error!(provider = provider.id, %error, "the OpenID provider can't be used");
    let reason = "The sign-in provider does not answer as it should. Please try again later.";
    Problem::new(StatusCode::BAD_GATEWAY, None, Some(reason)).into()
}
