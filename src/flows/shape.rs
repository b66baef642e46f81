//! Identities and sessions in the shapes of the public API.

use jiff::Timestamp;

use super::site::Site;
use crate::contract;
use crate::identity::schema::Schemas;
use crate::identity::{AmrEntry, Device, Identity, Session};

/// An identity without its credentials and the administrators' metadata.
#[must_use]
pub(super) fn identity(site: &Site, schemas: &Schemas, identity: &Identity) -> contract::Identity {
    let schema_url = schemas
        .find(&identity.schema_id)
        .map(|schema| site.schema_url(&schema.encoded_id()))
        .unwrap_or_default();
    let verifiable = identity.verifiable_addresses.iter();
    let recovery = identity.recovery_addresses.iter();
    contract::Identity {
        id: identity.id.uuid(),
        external_id: identity.external_id.clone(),
        schema_id: identity.schema_id.clone(),
        schema_url,
        state: identity.state.as_str().to_owned(),
        state_changed_at: identity.state_changed_at,
        traits: identity.traits.clone(),
        verifiable_addresses: verifiable
            .map(|address| contract::VerifiableAddress {
                id: address.id,
                value: address.value.clone(),
                verified: address.verified,
                via: address.via.as_str().to_owned(),
                status: address.status.as_str().to_owned(),
                verified_at: address.verified_at,
                created_at: address.created_at,
                updated_at: address.updated_at,
            })
            .collect(),
        recovery_addresses: recovery
            .map(|address| contract::RecoveryAddress {
                id: address.id,
                value: address.value.clone(),
                via: address.via.as_str().to_owned(),
                created_at: address.created_at,
                updated_at: address.updated_at,
            })
            .collect(),
        metadata_public: identity.metadata_public.clone(),
        created_at: identity.created_at,
        updated_at: identity.updated_at,
        organization_id: identity.organization_id,
    }
}

/// A session; `owner` is left out where it may not be shown.
#[must_use]
pub(super) fn session(
    session: &Session,
    owner: Option<contract::Identity>,
    identity_active: bool,
    now: Timestamp,
) -> contract::Session {
    contract::Session {
        id: session.id.uuid(),
        active: session.is_active(identity_active, now),
        expires_at: session.expires_at,
        authenticated_at: session.authenticated_at,
        authenticator_assurance_level: session.computed_aal().as_str().to_owned(),
        authentication_methods: session.methods.iter().map(method).collect(),
        issued_at: session.issued_at,
        identity: owner,
        devices: Some(session.devices.iter().map(device).collect()),
        tokenized: None,
    }
}

fn method(entry: &AmrEntry) -> contract::AuthenticationMethodEntry {
    contract::AuthenticationMethodEntry {
        method: entry.method.as_str().to_owned(),
        aal: entry.aal.as_str().to_owned(),
        completed_at: entry.completed_at,
        provider: entry.provider.clone(),
        organization: entry.organization.clone(),
        upstream_acr: entry.upstream_acr.clone(),
        upstream_amr: entry.upstream_amr.clone(),
    }
}

fn device(device: &Device) -> contract::Device {
    contract::Device {
        id: device.id,
        ip_address: Some(device.ip_address.clone()),
        user_agent: device.user_agent.clone(),
        location: Some(device.location.clone()),
    }
}
