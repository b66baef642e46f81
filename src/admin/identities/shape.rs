//! Identities and their credentials as the admin API shows them.

use serde_json::{Map, Value, json};

use crate::identity::schema::Schemas;
use crate::identity::{Credential, CredentialType, Credentials, Identity};

/// Which parts of an identity are shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    /// Credentials, with the configuration of these types.
    pub(crate) credentials: Option<(&'a Credentials, &'a [CredentialType])>,
    /// `metadata_admin`; an unset one as `null` or not at all.
    pub(crate) metadata_admin: MetadataAdmin,
    /// Addresses and the URL of the schema.
    pub(crate) whole: bool,
}

/// How `metadata_admin` is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetadataAdmin {
    /// As it is, `null` when unset: what was read.
    Always,
    /// Left out when unset: what was just written.
    WhenSet,
    /// Never.
    Never,
}

/// The JSON of an identity, its members in Kratos' order.
pub(crate) fn identity(
    identity: &Identity,
    schemas: &Schemas,
    public_url: &str,
    parts: Parts<'_>,
) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("id", json!(identity.id));
    if let Some(external_id) = &identity.external_id {
        put("external_id", json!(external_id));
    }
    if let Some((credentials, shown)) = parts.credentials {
        put("credentials", all_credentials(credentials, shown));
    }
    put("schema_id", json!(identity.schema_id));
    put(
        "schema_url",
        json!(schema_url(identity, schemas, public_url, parts.whole)),
    );
    put("state", json!(identity.state));
    if let Some(at) = identity.state_changed_at {
        put("state_changed_at", json!(at));
    }
    put("traits", identity.traits.clone());
    if parts.whole && !identity.verifiable_addresses.is_empty() {
        put("verifiable_addresses", json!(identity.verifiable_addresses));
    }
    if parts.whole && !identity.recovery_addresses.is_empty() {
        put("recovery_addresses", json!(identity.recovery_addresses));
    }
    put("metadata_public", json!(identity.metadata_public));
    match (parts.metadata_admin, &identity.metadata_admin) {
        (MetadataAdmin::Always, value) => {
            put("metadata_admin", json!(value));
        }
        (MetadataAdmin::WhenSet, Some(value)) => {
            put("metadata_admin", value.clone());
        }
        (MetadataAdmin::WhenSet, None) | (MetadataAdmin::Never, _) => {}
    }
    put("created_at", json!(identity.created_at));
    put("updated_at", json!(identity.updated_at));
    put("organization_id", json!(identity.organization_id));
    Value::Object(out)
}

fn schema_url(identity: &Identity, schemas: &Schemas, public_url: &str, whole: bool) -> String {
    let schema = schemas.find(&identity.schema_id).filter(|_| whole);
    schema
        .map(|schema| format!("{public_url}/schemas/{}", schema.encoded_id()))
        .unwrap_or_default()
}

fn all_credentials(credentials: &Credentials, shown: &[CredentialType]) -> Value {
    let all = credentials.iter().map(|one| {
        let value = credential(one, shown.contains(&one.kind));
        (one.kind.as_str().to_owned(), value)
    });
    Value::Object(all.collect())
}

fn credential(credential: &Credential, with_config: bool) -> Value {
    let mut out = json!({
        "type": credential.kind.as_str(),
        "identifiers": credential.identifiers,
        "version": credential.version,
        "created_at": credential.created_at,
        "updated_at": credential.updated_at,
    });
    if with_config && let Some(object) = out.as_object_mut() {
        object.insert("config".to_owned(), credential.config.clone());
    }
    out
}
