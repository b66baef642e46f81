//! Taking a credential away.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal, done};
use super::super::page::Parameters;
use super::import::provider_names;
use super::{Identities, id_of};
use crate::identity::{CredentialType, Credentials};
use crate::store::{Account, StoreError};

const ATTEMPTS: usize = 3;

pub(super) async fn delete(
    State(identities): State<Arc<Identities>>,
    Path((id, kind)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Answer {
    let id = id_of(&id)?;
    let kind = CredentialType::parse(&kind).ok_or_else(Refusal::not_found)?;
    let query = Parameters::parse(query.as_deref());
    for _ in 0..ATTEMPTS {
        let mut account = identities.load(id).await?;
        let before = account.credentials.clone();
        take_away(&identities, &mut account, kind, query.find("identifier"))?;
        account.identity.updated_at = identities.clock.wall();
        if identities.save(&mut account, &before).await? {
            return Ok(done());
        }
    }
    Err(StoreError::Stale.into())
}

fn take_away(
    identities: &Identities,
    account: &mut Account,
    kind: CredentialType,
    identifier: Option<&str>,
) -> Result<(), Refusal> {
    let credentials = &mut account.credentials;
    if credentials.find(kind).is_none() {
        return Err(Refusal::not_found());
    }
    match kind {
        CredentialType::Totp | CredentialType::LookupSecret | CredentialType::Passkey => {
            credentials.remove(kind);
            Ok(())
        }
        CredentialType::Code => Err(Refusal::bad_request(
            "Addresses for codes follow the traits and can not be deleted.",
        )),
        CredentialType::Webauthn => {
            remove_second_factor_keys(credentials);
            Ok(())
        }
        CredentialType::Password => {
            if let Some(password) = credentials.find_mut(kind) {
                password.config = json!({});
            }
            keep_a_first_factor(identities, credentials)
        }
        CredentialType::Oidc => {
            let identifier = identifier.ok_or_else(|| {
                Refusal::bad_request("Say which account by identifier=provider:subject.")
            })?;
            remove_provider(credentials, identifier)?;
            keep_a_first_factor(identities, credentials)
        }
    }
}

fn keep_a_first_factor(identities: &Identities, credentials: &Credentials) -> Result<(), Refusal> {
    if credentials.first_factors(&identities.settings.methods.code) > 0 {
        return Ok(());
    }
    let reason = "The last first factor of an identity can not be deleted.";
    Err(Refusal::bad_request(reason))
}

/// Keys that sign in by themselves stay.
fn remove_second_factor_keys(credentials: &mut Credentials) {
    let keys = credentials
        .find_mut(CredentialType::Webauthn)
        .and_then(|one| one.config.get_mut("credentials"))
        .and_then(Value::as_array_mut);
    if let Some(keys) = keys {
        keys.retain(|key| key.get("is_passwordless").and_then(Value::as_bool) == Some(true));
    }
}

fn remove_provider(credentials: &mut Credentials, identifier: &str) -> Result<(), Refusal> {
    let Some(oidc) = credentials.find_mut(CredentialType::Oidc) else {
        return Err(Refusal::not_found());
    };
    if !oidc.identifiers.iter().any(|name| name == identifier) {
        return Err(Refusal::not_found());
    }
    oidc.identifiers.retain(|name| name != identifier);
    let providers = oidc
        .config
        .get_mut("providers")
        .and_then(Value::as_array_mut);
    if let Some(providers) = providers {
        providers.retain(|entry| {
            let entry: Option<&Map<String, Value>> = entry.as_object();
            let names = entry.and_then(|entry| provider_names(std::slice::from_ref(entry)).ok());
            names.is_none_or(|names| names.iter().all(|name| name != identifier))
        });
    }
    if oidc.identifiers.is_empty() {
        credentials.remove(CredentialType::Oidc);
    }
    Ok(())
}
