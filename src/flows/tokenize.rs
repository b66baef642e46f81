//! Sessions as signed tokens: `whoami?tokenize_as=NAME`.

use std::time::Duration;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::Failure;
use super::service::{Service, internal};
use crate::contract;
use crate::contract::Problem;
use crate::identity::Identity;
use crate::identity::settings::{SubjectSource, TokenTemplate};
use crate::jsonnet::Inputs;

impl Service {
    /// The session as a token of this kind.
    pub(super) async fn tokenize(
        &self,
        template: &str,
        session: &contract::Session,
        owner: &Identity,
    ) -> Result<String, Failure> {
        let templates = &self.settings.session.tokenizer_templates;
        let Some(template) = templates.iter().find(|one| one.name == template) else {
            let reason = format!("Unable to find tokenizer template {template:?}.");
            return Err(Problem::bad_request(&reason).into());
        };
        let subject = match (template.subject_source, &owner.external_id) {
            (SubjectSource::Id, _) => owner.id.to_string(),
            (SubjectSource::ExternalId, Some(external_id)) => external_id.clone(),
            (SubjectSource::ExternalId, None) => {
                let reason = "The session's identity does not have an external id.";
                return Err(Problem::bad_request(reason).into());
            }
        };
        let mut claims = self.base_claims(template.ttl, session, &subject);
        if let Some(mapped) = self.mapped_claims(template, session, &claims).await? {
            claims.extend(mapped);
        }
        // Whom a token is about is not the mapper's to say.
        claims.insert("sub".to_owned(), subject.into());
        template.key.sign(&claims).map_err(internal)
    }

    fn base_claims(
        &self,
        ttl: Duration,
        session: &contract::Session,
        subject: &str,
    ) -> Map<String, Value> {
        let now = self.now().as_second();
        let ttl = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
        let claims = json!({
            "jti": Uuid::new_v4(),
            "iss": issuer(&self.settings.public.base_url),
            "sub": subject,
            "sid": session.id,
            "exp": now.saturating_add(ttl),
            "nbf": now,
            "iat": now,
        });
        match claims {
            Value::Object(claims) => claims,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Map::new(),
        }
    }

    /// What the template's program makes of session and claims.
    async fn mapped_claims(
        &self,
        template: &TokenTemplate,
        session: &contract::Session,
        claims: &Map<String, Value>,
    ) -> Result<Option<Map<String, Value>>, Failure> {
        let Some(mapper) = &template.claims_mapper else {
            return Ok(None);
        };
        let inputs = Inputs::variable("session", json!(session))
            .and_variable("claims", Value::Object(claims.clone()));
        let mut made = self
            .calls
            .programs
            .run(mapper, inputs)
            .await
            .map_err(internal)?;
        match made.get_mut("claims").map(Value::take) {
            Some(Value::Object(claims)) => Ok(Some(claims)),
            Some(_) | None => {
                let name = mapper.name();
                Err(internal(format!(
                    "{name}: the program gives no object `claims`"
                )))
            }
        }
    }
}

/// The service's name for itself, a bare host with its slash, as Kratos writes it.
fn issuer(base_url: &str) -> String {
    url::Url::parse(base_url).map_or_else(|_| base_url.to_owned(), String::from)
}
