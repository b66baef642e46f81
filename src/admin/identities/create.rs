//! New identities.

use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::super::answer::{Answer, Refusal, json, read, with_header};
use super::Identities;
use super::import::Imports;
use super::shape::{MetadataAdmin, Parts, identity};
use crate::identity::schema::{IdentitySchema, Violation};
use crate::identity::{
    Channel, Credentials, Identity, IdentityState, VerifiableAddress, VerificationStatus,
};

/// The body that makes an identity.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewIdentity {
    schema_id: Option<String>,
    traits: Value,
    #[serde(default)]
    pub(super) credentials: Option<Imports>,
    verifiable_addresses: Option<Vec<AddressState>>,
    recovery_addresses: Option<Vec<Value>>,
    metadata_public: Option<Value>,
    metadata_admin: Option<Value>,
    state: Option<String>,
    external_id: Option<String>,
    organization_id: Option<Uuid>,
    /// Read for Kratos' sake.
    #[allow(dead_code, reason = "accepted and without meaning here")]
    region: Option<String>,
}

/// What is known of an address already.
#[derive(Debug, Deserialize)]
pub(super) struct AddressState {
    value: String,
    via: Option<Channel>,
    #[serde(default)]
    verified: bool,
    status: Option<VerificationStatus>,
    verified_at: Option<Timestamp>,
}

pub(super) async fn one(State(identities): State<Arc<Identities>>, body: Bytes) -> Answer {
    let new: NewIdentity = read(&body)?;
    let (made, credentials) = prepare(&identities, new).await?;
    identities
        .store
        .create_identity(&made, &credentials)
        .await?;
    let parts = Parts {
        credentials: Some((&credentials, &[])),
        metadata_admin: MetadataAdmin::WhenSet,
        whole: true,
    };
    let settings = &identities.settings;
    let value = identity(&made, &settings.schemas, settings.public_url(), parts);
    let admin = settings.admin.base_url.trim_end_matches('/');
    let location = format!("{admin}/identities/{}", made.id);
    let response = json(StatusCode::CREATED, &value);
    Ok(with_header(response, "location", &location))
}

/// Checks and completes a new identity; nothing is stored yet.
pub(super) async fn prepare(
    identities: &Identities,
    new: NewIdentity,
) -> Result<(Identity, Credentials), Refusal> {
    let now = identities.clock.wall();
    let schema = schema_of(identities, new.schema_id.as_deref())?;
    check_traits(schema, &new.traits)?;
    let mut made = Identity::new(schema.id(), new.traits, now);
    if let Some(state) = new.state.filter(|state| !state.is_empty()) {
        made.state = state_of(&state)?;
    }
    made.metadata_public = new.metadata_public;
    made.metadata_admin = new.metadata_admin;
    made.external_id = new.external_id.filter(|id| !id.is_empty());
    made.organization_id = new.organization_id;
    let mut credentials = Credentials::new();
    if let Some(imports) = new.credentials {
        imports.apply(identities, made.id, &mut credentials).await?;
    }
    schema.apply(&mut made, &mut credentials, now);
    for known in new.verifiable_addresses.unwrap_or_default() {
        known.note(&mut made.verifiable_addresses, now);
    }
    // Recovery addresses have no state: those of the traits are the ones.
    drop(new.recovery_addresses);
    Ok((made, credentials))
}

pub(super) fn schema_of<'a>(
    identities: &'a Identities,
    id: Option<&str>,
) -> Result<&'a IdentitySchema, Refusal> {
    let schemas = &identities.settings.schemas;
    let id = id
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| schemas.default_id());
    schemas
        .find(id)
        .ok_or_else(|| Refusal::bad_request(&format!("There is no identity schema {id:?}.")))
}

pub(super) fn check_traits(schema: &IdentitySchema, traits: &Value) -> Result<(), Refusal> {
    schema.validate(traits).map_err(|violations| {
        let told: Vec<String> = violations.iter().map(sentence).collect();
        Refusal::bad_request(&told.join("\n"))
    })
}

fn sentence(violation: &Violation) -> String {
    format!("I[{}] {}", violation.pointer(), violation.text)
}

pub(super) fn state_of(text: &str) -> Result<IdentityState, Refusal> {
    IdentityState::parse(text)
        .ok_or_else(|| Refusal::bad_request("The state must be active or inactive."))
}

impl AddressState {
    /// Notes on the address of the traits what is known of it; others are not anybody's.
    fn note(self, addresses: &mut [VerifiableAddress], now: Timestamp) {
        let value = self.value.trim().to_lowercase();
        let same = |one: &&mut VerifiableAddress| {
            one.value == value && self.via.is_none_or(|via| via == one.via)
        };
        if let Some(address) = addresses.iter_mut().find(same) {
            address.verified = self.verified;
            address.status = self.status.unwrap_or(if self.verified {
                VerificationStatus::Completed
            } else {
                VerificationStatus::Pending
            });
            address.verified_at = self.verified_at.or_else(|| self.verified.then_some(now));
        }
    }
}
