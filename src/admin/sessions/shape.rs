//! Sessions as the admin API shows them.

use serde_json::{Map, Value, json};

use super::super::identities::shape::{MetadataAdmin, Parts, identity};
use crate::identity::settings::Settings;
use crate::identity::{AmrEntry, Identity, Session};

/// How much of a session's identity is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// With addresses and the administrators' metadata.
    WithAddresses,
    /// With addresses, as its owner sees it.
    Public,
    /// The identity's own members only, as Kratos' lists have it.
    Bare,
}

/// The identity within a session.
pub(super) fn owner(owner: &Identity, settings: &Settings, how: Owner) -> Value {
    let parts = Parts {
        credentials: None,
        metadata_admin: match how {
            Owner::WithAddresses | Owner::Bare => MetadataAdmin::Always,
            Owner::Public => MetadataAdmin::Never,
        },
        whole: how != Owner::Bare,
    };
    identity(owner, &settings.schemas, settings.public_url(), parts)
}

/// The JSON of a session, its members in Kratos' order.
pub(super) fn session(
    session: &Session,
    active: bool,
    owner: Option<&Value>,
    devices: &Value,
) -> Value {
    json!({
        "id": session.id,
        "active": active,
        "expires_at": session.expires_at,
        "authenticated_at": session.authenticated_at,
        "authenticator_assurance_level": session.computed_aal().as_str(),
        "authentication_methods": session.methods.iter().map(step).collect::<Vec<_>>(),
        "issued_at": session.issued_at,
        "identity": owner,
        "devices": devices,
    })
}

/// Where a session was opened from.
pub(super) fn devices(session: &Session) -> Value {
    json!(session.devices)
}

fn step(entry: &AmrEntry) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("method", json!(entry.method.as_str()));
    put("aal", json!(entry.aal.as_str()));
    put("completed_at", json!(entry.completed_at));
    for (key, value) in [
        ("provider", &entry.provider),
        ("organization", &entry.organization),
        ("upstream_acr", &entry.upstream_acr),
    ] {
        if let Some(value) = value {
            put(key, json!(value));
        }
    }
    if !entry.upstream_amr.is_empty() {
        put("upstream_amr", json!(entry.upstream_amr));
    }
    Value::Object(out)
}
