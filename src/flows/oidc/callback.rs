//! Back from the provider.

use http::StatusCode;
use url::form_urlencoded::Serializer;

use super::Upstream;
use super::id_token::{self, Expected, TokenError};
use super::provider::Tokens;
use super::start::{StateName, Waiting, unusable};
use crate::contract::Problem;
use crate::contract::{FlowKind, Transport};
use crate::flows::answer::{Answer, Browser, Failure, Outcome, Program};
use crate::flows::record::FlowRecord;
use crate::flows::service::{Service, internal};
use crate::flows::visitor::{Submission, Visitor};
use crate::identity::TokenHash;
use crate::identity::credential::oidc::FirstTokens;
use crate::identity::session::later;
use crate::identity::settings::{ClaimsSource, OidcProvider};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// What a provider may send back by POST, and is handed on as a query.
const ANSWER_PARAMETERS: [&str; 5] = ["state", "code", "iss", "error", "error_description"];
/// How long an ID token that a client brought is remembered beyond its time.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);

impl Service {
    /// A provider that answers by POST: browsers keep their cookies back from that, so they come
    /// again by GET.
    pub async fn oidc_posted(&self, provider: Option<&str>, body: Submission) -> Outcome {
        let fields = body.unwrap_or_default();
        let mut query = Serializer::new(String::new());
        for name in ANSWER_PARAMETERS {
            if let Some(value) = fields.text(name) {
                query.append_pair(name, &value);
            }
        }
        let callback = format!("{}/self-service/methods/oidc/callback", self.site.base());
        let place = provider.map_or(String::new(), |id| format!("/{id}"));
        let to = format!("{callback}{place}?{}", query.finish());
        let status = StatusCode::SEE_OTHER;
        let page = Browser::To(status, to.clone());
        Ok(Answer::new(Program::To(status, to), page))
    }

    /// Somebody comes back from a provider.
    pub async fn oidc_callback(&self, visitor: &Visitor, path: Option<&str>) -> Outcome {
        let state = visitor.query.find("state").unwrap_or_default();
        let Some(waiting) = self.take_waiting(visitor, state).await? else {
            let reason = "Nothing in this browser waits for this sign-in. Please start again.";
            return Err(Problem::bad_request(reason).into());
        };
        let provider = self.settings.methods.oidc.find(&waiting.provider);
        let provider = provider.ok_or_else(|| Failure::from(Problem::not_found()))?;
        if path.is_some_and(|path| path != waiting.provider) {
            let reason = "The answer comes from another provider than the one that was asked.";
            return Err(Problem::bad_request(reason).into());
        }
        self.check_answer(visitor, provider).await?;
        let record = self.load_flow(waiting.kind, waiting.flow).await?;
        let mut record = record.ok_or_else(|| Failure::from(Problem::not_found()))?;
        self.check_browser(&record, visitor)?;
        let code = visitor.query.find("code").unwrap_or_default();
        let person = self.redeemed(provider, code, &waiting).await?;
        record.sent_for_hooks = waiting.sent;
        record.in_browser = true;
        let traits = waiting.traits;
        let going = self.came_from_provider(&mut record, visitor, provider, person, traits);
        Box::pin(going).await
    }

    /// On with the flow, now that the provider said who it is.
    pub(super) async fn came_from_provider(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        provider: &OidcProvider,
        person: Upstream,
        traits: Option<Value>,
    ) -> Outcome {
        match record.kind {
            FlowKind::Login => {
                self.oidc_sign_in(record, visitor, provider, person, traits)
                    .await
            }
            FlowKind::Registration => {
                let going = self.oidc_sign_up(record, visitor, provider, person, traits);
                Box::pin(going).await
            }
            FlowKind::Settings => self.oidc_link(record, visitor, provider, person).await,
            FlowKind::Recovery | FlowKind::Verification => Err(Problem::not_found().into()),
        }
    }

    /// Takes what waits, by one write that asks for the state and for this browser's cookie; for
    /// native clients, whose browser has none, for the state alone.
    async fn take_waiting(
        &self,
        visitor: &Visitor,
        state: &str,
    ) -> Result<Option<Waiting>, Failure> {
        let StateName { name, place } = StateName::of(state);
        let ids = [self.waiting_id(visitor), Some(place)];
        for id in ids.into_iter().flatten() {
            let taken = self.store.take_parked(id, &name, None, self.now()).await;
            if let Some(parked) = taken.map_err(internal)? {
                return Ok(Some(
                    serde_json::from_value(parked.payload).map_err(internal)?,
                ));
            }
        }
        Ok(None)
    }

    /// Looks at the answer itself: whose it is, and whether it is an error.
    async fn check_answer(
        &self,
        visitor: &Visitor,
        provider: &OidcProvider,
    ) -> Result<(), Failure> {
        let described = self.providers.describe(provider).await;
        let described = described.map_err(|error| unusable(provider, &error))?;
        let named = visitor.query.find("iss");
        let must = described.authorization_response_iss_parameter_supported;
        if named.is_none_or(|issuer| issuer != described.issuer) && (must || named.is_some()) {
            let reason = "The answer comes from another provider than the one that was asked.";
            return Err(Problem::bad_request(reason).into());
        }
        let Some(error) = visitor.query.find("error") else {
            return Ok(());
        };
        let said: String = error
            .chars()
            .filter(char::is_ascii_graphic)
            .take(60)
            .collect();
        tracing::info!(provider = provider.id, said, "the OpenID provider refused");
        let reason = format!("The sign-in provider refused: {said}");
        Err(Problem::bad_request(&reason).into())
    }

    async fn redeemed(
        &self,
        provider: &OidcProvider,
        code: &str,
        waiting: &Waiting,
    ) -> Result<Upstream, Failure> {
        let redirect = self.redirect_uri(provider);
        let verifier = waiting.verifier.as_deref();
        let redeemed = self.providers.redeem(provider, code, &redirect, verifier);
        let tokens = redeemed.await.map_err(|error| unusable(provider, &error))?;
        let audiences = vec![provider.client_id.as_str()];
        let nonce = Some(waiting.nonce.as_str());
        let checked = self.checked_id_token(provider, &tokens.id_token, audiences, nonce);
        let claims = checked.await?;
        let mut person = of_claims(provider, claims, tokens);
        if provider.claims_source == ClaimsSource::Userinfo {
            let asked = self
                .providers
                .userinfo(provider, &person.tokens.access_token);
            let said = asked.await.map_err(|error| unusable(provider, &error))?;
            // The access token may be of somebody else: the two must agree on who it is.
            if said.get("sub").and_then(Value::as_str) != Some(person.subject.as_str()) {
                return Err(refused(provider, TokenError::Claim("sub")));
            }
            person.claims = said;
        }
        Ok(person)
    }

    /// An ID token that a client brought by itself. It counts once.
    pub(super) async fn submitted_id_token(
        &self,
        provider: &OidcProvider,
        token: &str,
        nonce: Option<&str>,
    ) -> Result<Upstream, Failure> {
        let mut audiences = vec![provider.client_id.as_str()];
        audiences.extend(provider.more_audiences.iter().map(String::as_str));
        let nonce = nonce.filter(|nonce| !nonce.is_empty());
        let claims = self
            .checked_id_token(provider, token, audiences, nonce)
            .await?;
        let end = claims.get("exp").and_then(Value::as_i64);
        let end = end.and_then(|end| jiff::Timestamp::from_second(end).ok());
        let until = later(end.unwrap_or_else(|| self.now()), REMEMBERED);
        // The signed part: a signature can be written in more than one way.
        let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
        let hash = *TokenHash::of(signed).as_bytes();
        let (id, _) = hash.split_at(16);
        let id = Uuid::from_slice(id).map_err(internal)?;
        let first = self.store.comes_first(id, "id_token", until).await;
        if !first.map_err(internal)? {
            let reason = "This ID token was used before.";
            return Err(Problem::bad_request(reason).into());
        }
        let tokens = Tokens {
            access_token: String::new(),
            id_token: token.to_owned(),
            refresh_token: String::new(),
        };
        Ok(of_claims(provider, claims, tokens))
    }

    async fn checked_id_token(
        &self,
        provider: &OidcProvider,
        token: &str,
        audiences: Vec<&str>,
        nonce: Option<&str>,
    ) -> Result<Value, Failure> {
        let described = self.providers.describe(provider).await;
        let described = described.map_err(|error| unusable(provider, &error))?;
        let expected = Expected {
            issuer: &described.issuer,
            audiences,
            nonce,
            now: self.now().as_second(),
        };
        for again in [false, true] {
            let keys = self.providers.keys(provider, again).await;
            let keys = keys.map_err(|error| unusable(provider, &error))?;
            match id_token::check(token, &keys, &expected) {
                Ok(claims) => return Ok(claims),
                // A provider that changed its keys.
                Err(TokenError::UnknownKey) if !again => {}
                Err(error) => return Err(refused(provider, error)),
            }
        }
        Err(refused(provider, TokenError::UnknownKey))
    }

    /// Whether the visitor's own session counts: the browser that a native client's person comes
    /// back with may be anybody's.
    pub(super) const fn has_own_session(record: &FlowRecord) -> bool {
        matches!(record.transport, Transport::Browser)
    }
}

fn refused(provider: &OidcProvider, error: TokenError) -> Failure {
    tracing::warn!(provider = provider.id, %error, "an ID token was refused");
    let reason = "What the sign-in provider says can't be believed. Please start again.";
    Problem::bad_request(reason).into()
}

fn of_claims(provider: &OidcProvider, claims: Value, tokens: Tokens) -> Upstream {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let amr = claims.get("amr").and_then(Value::as_array);
    let amr = amr.into_iter().flatten().filter_map(Value::as_str);
    Upstream {
        provider: provider.id.clone(),
        subject: text("sub").unwrap_or_default(),
        acr: text("acr"),
        amr: amr.map(str::to_owned).collect(),
        claims,
        tokens: FirstTokens {
            id_token: tokens.id_token,
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
        },
    }
}
