//! From a provider's claims to an identity.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Upstream;
use crate::contract::Problem;
use crate::flows::answer::Failure;
use crate::flows::service::Service;
use crate::identity::settings::OidcProvider;
use crate::identity::{Identity, VerificationStatus};
use crate::jsonnet::Inputs;

/// What a mapper makes of claims.
#[derive(Default, Deserialize)]
pub(super) struct Mapped {
    #[serde(default)]
    pub(super) traits: Value,
    #[serde(default)]
    pub(super) metadata_public: Option<Value>,
    #[serde(default)]
    pub(super) metadata_admin: Option<Value>,
    #[serde(default)]
    verified_addresses: Vec<VerifiedAddress>,
}

#[derive(Deserialize)]
struct VerifiedAddress {
    value: String,
    via: String,
}

#[derive(Deserialize)]
struct Outcome {
    identity: Mapped,
}

impl Service {
    /// Runs the provider's mapper.
    pub(super) async fn map_claims(
        &self,
        provider: &OidcProvider,
        person: &Upstream,
        known: Option<&Identity>,
    ) -> Result<Mapped, Failure> {
        let mut claims = person.claims.clone();
        if let Some(members) = claims.as_object_mut() {
            members.insert("raw_claims".to_owned(), person.claims.clone());
        }
        let known = known.map_or(Value::Null, |one| json!(self.show_identity(one)));
        let inputs = Inputs::variable("claims", claims)
            .and_variable("identity", known)
            .and_variable("provider", json!(provider.id));
        let mapped = self.calls.programs.run(&provider.mapper, inputs).await;
        let mapped = mapped.map_err(|error| {
            tracing::error!(provider = provider.id, %error, "claims could not be mapped");
            Failure::from(Problem::internal())
        })?;
        let outcome: Result<Outcome, _> = serde_json::from_value(mapped);
        match outcome {
            Ok(outcome) if outcome.identity.traits.is_object() => Ok(outcome.identity),
            Ok(_) | Err(_) => {
                let provider = &provider.id;
                tracing::error!(provider, "the mapper gave no object `identity.traits`");
                Err(Problem::internal().into())
            }
        }
    }
}

impl Mapped {
    /// Writes metadata and what is known of addresses into an identity whose traits are set.
    pub(super) fn apply(&self, identity: &mut Identity, now: jiff::Timestamp) {
        let given = |value: &Option<Value>| value.clone().filter(|value| !value.is_null());
        if let Some(metadata) = given(&self.metadata_public) {
            identity.metadata_public = Some(metadata);
        }
        if let Some(metadata) = given(&self.metadata_admin) {
            identity.metadata_admin = Some(metadata);
        }
        for address in &mut identity.verifiable_addresses {
            let known = self.verified_addresses.iter().any(|known| {
                known.via == address.via.as_str()
                    && known.value.trim().eq_ignore_ascii_case(&address.value)
            });
            if known && !address.verified {
                address.verified = true;
                address.status = VerificationStatus::Completed;
                address.verified_at = Some(now);
                address.updated_at = now;
            }
        }
    }
}

/// The traits of a form over those of a provider: what a person wrote counts, what they left empty
/// does not.
pub(super) fn merged(mapped: Value, written: Option<Value>) -> Value {
    match (mapped, written) {
        (mapped, None) => mapped,
        (Value::Object(mapped), Some(Value::Object(written))) => {
            Value::Object(merged_members(mapped, written))
        }
        (mapped, Some(written)) => match &written {
            Value::Null => mapped,
            Value::String(text) if text.is_empty() => mapped,
            Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => written,
        },
    }
}

fn merged_members(
    mut mapped: Map<String, Value>,
    written: Map<String, Value>,
) -> Map<String, Value> {
    for (name, value) in written {
        let before = mapped.remove(&name);
        let is_empty = value.is_null() || value == Value::String(String::new());
        match before {
            Some(before) => {
                mapped.insert(name, merged(before, Some(value)));
            }
            None if is_empty => {}
            None => {
                mapped.insert(name, value);
            }
        }
    }
    mapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_wrote_counts_and_what_they_left_empty_does_not() {
        let mapped = json!({"email": "a@x", "name": {"first": "Ada"}, "n": 1});
        let written = json!({"email": "", "name": {"last": "Moss"}, "n": 2, "nick": ""});
        let both = merged(mapped, Some(written));
        assert_eq!(
            both,
            json!({"email": "a@x", "name": {"first": "Ada", "last": "Moss"}, "n": 2})
        );
    }
}
