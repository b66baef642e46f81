//! Replacing, patching and deleting an identity.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json as value};
use uuid::Uuid;

use super::super::answer::{Answer, Refusal, done, json, read};
use super::create::{check_traits, schema_of, state_of};
use super::import::Imports;
use super::patch::{self, Operation};
use super::shape::{MetadataAdmin, Parts, identity};
use super::{Identities, id_of};
use crate::identity::credential::hash;
use crate::identity::{
    Credential, CredentialType, Credentials, Identity, IdentityEvent, IdentityId, VerifiableAddress,
};
use crate::store::{Account, StoreError};

/// Two writers may meet; the later one looks again, so often.
const ATTEMPTS: usize = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replacement {
    schema_id: Option<String>,
    traits: Value,
    state: Option<String>,
    #[serde(default)]
    credentials: Option<Imports>,
    metadata_public: Option<Value>,
    metadata_admin: Option<Value>,
    external_id: Option<String>,
}

impl Identities {
    pub(super) async fn load(&self, id: IdentityId) -> Result<Account, Refusal> {
        let account = self.store.account(id).await?;
        account.ok_or_else(Refusal::not_found)
    }

    /// Saves, and tells what changed before anybody is answered. `false` when somebody else was
    /// faster.
    pub(super) async fn save(
        &self,
        account: &mut Account,
        before: &Credentials,
    ) -> Result<bool, Refusal> {
        let id = account.identity.id;
        match self
            .store
            .save_identity(&mut account.identity, &account.credentials)
            .await
        {
            Ok(()) => {}
            Err(StoreError::Stale) => return Ok(false),
            Err(other) => return Err(other.into()),
        }
        self.tell(IdentityEvent::IdentityChanged { identity: id });
        if *before != account.credentials {
            self.tell(IdentityEvent::FactorsChanged { identity: id });
        }
        Ok(true)
    }

    fn written(&self, account: &Account, metadata_admin: MetadataAdmin) -> Response {
        let parts = Parts {
            credentials: Some((&account.credentials, &[])),
            metadata_admin,
            whole: true,
        };
        let settings = &self.settings;
        let body = identity(
            &account.identity,
            &settings.schemas,
            settings.public_url(),
            parts,
        );
        json(StatusCode::OK, &body)
    }

    /// Checks changed traits and brings addresses and identifiers in line with them.
    fn align(&self, account: &mut Account) -> Result<(), Refusal> {
        let now = self.clock.wall();
        let schema = schema_of(self, Some(&account.identity.schema_id))?;
        check_traits(schema, &account.identity.traits)?;
        account.identity.updated_at = now;
        schema.apply(&mut account.identity, &mut account.credentials, now);
        Ok(())
    }
}

fn lost_the_race() -> Refusal {
    StoreError::Stale.into()
}

pub(super) async fn replace(
    State(identities): State<Arc<Identities>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let id = id_of(&id)?;
    let new: Replacement = read(&body)?;
    let mut account = identities.load(id).await?;
    let before = account.credentials.clone();
    let changed = &mut account.identity;
    if let Some(schema_id) = new.schema_id.filter(|id| !id.is_empty()) {
        changed.schema_id = schema_id;
    }
    if let Some(state) = new.state.filter(|state| !state.is_empty()) {
        changed.set_state(state_of(&state)?, identities.clock.wall());
    }
    changed.traits = new.traits;
    changed.metadata_public = new.metadata_public;
    changed.metadata_admin = new.metadata_admin;
    changed.external_id = new.external_id.filter(|id| !id.is_empty());
    if let Some(imports) = new.credentials {
        imports
            .apply(&identities, id, &mut account.credentials)
            .await?;
    }
    identities.align(&mut account)?;
    if identities.save(&mut account, &before).await? {
        Ok(identities.written(&account, MetadataAdmin::WhenSet))
    } else {
        Err(lost_the_race())
    }
}

pub(super) async fn patch(
    State(identities): State<Arc<Identities>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let id = id_of(&id)?;
    let operations: Vec<Operation> = read(&body)?;
    for _ in 0..ATTEMPTS {
        let mut account = identities.load(id).await?;
        let before = account.credentials.clone();
        let mut document = document(&account);
        patch::apply(&mut document, &operations).map_err(|reason| Refusal::bad_request(&reason))?;
        let now = identities.clock.wall();
        take_back(&document, &mut account, now)?;
        identities.align(&mut account)?;
        if identities.save(&mut account, &before).await? {
            return Ok(identities.written(&account, MetadataAdmin::Always));
        }
    }
    Err(lost_the_race())
}

/// The document that a patch is applied to.
fn document(account: &Account) -> Value {
    let identity = &account.identity;
    let credentials: Map<String, Value> = account
        .credentials
        .iter()
        .map(|one| {
            let shown = value!({
                "type": one.kind.as_str(), "identifiers": one.identifiers, "config": one.config,
            });
            (one.kind.as_str().to_owned(), shown)
        })
        .collect();
    value!({
        "id": identity.id,
        "external_id": identity.external_id,
        "schema_id": identity.schema_id,
        "state": identity.state,
        "traits": identity.traits,
        "verifiable_addresses": identity.verifiable_addresses,
        "recovery_addresses": identity.recovery_addresses,
        "metadata_public": identity.metadata_public,
        "metadata_admin": identity.metadata_admin,
        "organization_id": identity.organization_id,
        "credentials": credentials,
    })
}

/// Takes over what may have been patched.
fn take_back(document: &Value, account: &mut Account, now: jiff::Timestamp) -> Result<(), Refusal> {
    let text = |key: &str| document.get(key).and_then(Value::as_str);
    let given = |key: &str| document.get(key).filter(|value| !value.is_null()).cloned();
    let identity: &mut Identity = &mut account.identity;
    let state = text("state").ok_or_else(|| Refusal::bad_request("The state must be text."))?;
    identity.set_state(state_of(state)?, now);
    let schema_id = text("schema_id");
    let schema_id = schema_id.ok_or_else(|| Refusal::bad_request("schema_id must be text."))?;
    schema_id.clone_into(&mut identity.schema_id);
    identity.traits = document.get("traits").cloned().unwrap_or_default();
    identity.external_id = text("external_id")
        .filter(|id| !id.is_empty())
        .map(str::to_owned);
    identity.metadata_public = given("metadata_public");
    identity.metadata_admin = given("metadata_admin");
    let unreadable = |_| Refusal::bad_request("The patched identity can not be read.");
    identity.organization_id = match given("organization_id") {
        Some(id) => Some(serde_json::from_value::<Uuid>(id).map_err(unreadable)?),
        None => None,
    };
    if let Some(addresses) = given("verifiable_addresses") {
        let addresses: Vec<VerifiableAddress> =
            serde_json::from_value(addresses).map_err(unreadable)?;
        identity.verifiable_addresses = addresses;
    }
    take_back_credentials(document, &mut account.credentials, now)
}

fn take_back_credentials(
    document: &Value,
    credentials: &mut Credentials,
    now: jiff::Timestamp,
) -> Result<(), Refusal> {
    let patched = document.get("credentials").and_then(Value::as_object);
    for (name, entry) in patched.into_iter().flatten() {
        let Some(kind) = CredentialType::parse(name) else {
            let reason = format!("There is no credential of the type {name:?}.");
            return Err(Refusal::bad_request(&reason));
        };
        let Some(config) = entry.get("config").filter(|config| config.is_object()) else {
            continue;
        };
        let existing = credentials.find_mut(kind);
        if existing
            .as_ref()
            .is_some_and(|existing| existing.config == *config)
        {
            continue;
        }
        if kind == CredentialType::Password {
            check_password(config)?;
        }
        match existing {
            Some(existing) => {
                existing.config = config.clone();
                existing.updated_at = now;
            }
            None => credentials.set(Credential::new(kind, Vec::new(), config.clone(), now)),
        }
    }
    let removed: Vec<CredentialType> = credentials
        .iter()
        .map(|one| one.kind)
        .filter(|kind| patched.is_none_or(|all| !all.contains_key(kind.as_str())))
        .collect();
    for kind in removed {
        credentials.remove(kind);
    }
    Ok(())
}

/// A patched hash has the same limits as an imported one.
fn check_password(config: &Value) -> Result<(), Refusal> {
    match config.get("hashed_password") {
        None => Ok(()),
        Some(Value::String(hashed)) => {
            hash::check(hashed).map_err(|why| Refusal::bad_request(&format!("{why}.")))
        }
        Some(_) => Err(Refusal::bad_request("hashed_password must be text.")),
    }
}

pub(super) async fn delete(
    State(identities): State<Arc<Identities>>,
    Path(id): Path<String>,
) -> Answer {
    let id = id_of(&id)?;
    if identities.store.delete_identity(id).await? {
        identities.tell(IdentityEvent::IdentityChanged { identity: id });
        Ok(done())
    } else {
        Err(Refusal::not_found())
    }
}
