//! Rows and what they mean.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sqlx::FromRow;
use uuid::Uuid;

use super::StoreError;
use crate::aal::{Aal, AuthenticationMethod};
use crate::identity::{
    AmrEntry, Credential, CredentialType, Identity, IdentityId, IdentityState, Session, SessionId,
};
use crate::keyring::{Keyring, Purpose};

/// Microseconds since 1970, as times are stored.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(super) fn time(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|_| StoreError::Corrupt { what: "time" })
}

pub(super) fn read_json<T: DeserializeOwned>(
    text: &str,
    what: &'static str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt { what })
}

pub(super) fn write_json<T: Serialize + ?Sized>(
    value: &T,
    what: &'static str,
) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt { what })
}

/// The columns of an identity besides its id. They are named, never `*`: a statement that is
/// prepared must not change its result when a newer version adds a column.
macro_rules! identity_columns {
    () => {
        "revision, external_id, schema_id, state, state_changed_at, traits, metadata_public, \
         metadata_admin, verifiable_addresses, recovery_addresses, organization_id, \
         identities.created_at, identities.updated_at"
    };
}

/// Reads identities; what follows says which.
macro_rules! select_identities {
    ($which:literal) => {
        concat!(
            "SELECT id, ",
            $crate::store::row::identity_columns!(),
            " FROM identities ",
            $which
        )
    };
}

/// The columns of a session.
macro_rules! session_columns {
    () => {
        "sessions.id, identity_id, active, aal, methods, devices, authenticated_at, \
         sessions.issued_at, expires_at"
    };
}

/// Reads sessions; what follows says which.
macro_rules! select_sessions {
    ($which:literal) => {
        concat!(
            "SELECT ",
            $crate::store::row::session_columns!(),
            " FROM sessions ",
            $which
        )
    };
}

pub(super) use {identity_columns, select_identities, select_sessions, session_columns};

#[derive(FromRow)]
pub(super) struct IdentityRow {
    pub(super) id: Uuid,
    #[sqlx(flatten)]
    columns: IdentityColumns,
}

/// An identity without its id, for rows that name it otherwise.
#[derive(FromRow)]
pub(super) struct IdentityColumns {
    revision: i64,
    external_id: Option<String>,
    schema_id: String,
    state: String,
    state_changed_at: Option<i64>,
    traits: String,
    metadata_public: Option<String>,
    metadata_admin: Option<String>,
    verifiable_addresses: String,
    recovery_addresses: String,
    organization_id: Option<Uuid>,
    created_at: i64,
    updated_at: i64,
}

impl IdentityRow {
    pub(super) fn read(self) -> Result<Identity, StoreError> {
        self.columns.read(self.id)
    }
}

impl IdentityColumns {
    pub(super) fn read(self, id: Uuid) -> Result<Identity, StoreError> {
        let what = "identity";
        let metadata = |text: Option<String>| -> Result<Option<Value>, StoreError> {
            text.map(|text| read_json(&text, what)).transpose()
        };
        Ok(Identity {
            id: IdentityId::from_uuid(id),
            revision: self.revision,
            external_id: self.external_id,
            schema_id: self.schema_id,
            state: IdentityState::parse(&self.state).ok_or(StoreError::Corrupt { what })?,
            state_changed_at: self.state_changed_at.map(time).transpose()?,
            traits: read_json(&self.traits, what)?,
            metadata_public: metadata(self.metadata_public)?,
            metadata_admin: metadata(self.metadata_admin)?,
            verifiable_addresses: read_json(&self.verifiable_addresses, what)?,
            recovery_addresses: read_json(&self.recovery_addresses, what)?,
            organization_id: self.organization_id,
            created_at: time(self.created_at)?,
            updated_at: time(self.updated_at)?,
        })
    }
}

#[derive(FromRow)]
pub(super) struct CredentialRow {
    pub(super) kind: String,
    pub(super) config: String,
    pub(super) version: i64,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

/// What sealed text is bound to, so that rows cannot be exchanged.
pub(super) fn seal_context(id: Uuid, kind: &str) -> Vec<u8> {
    let mut context = id.as_bytes().to_vec();
    context.extend_from_slice(kind.as_bytes());
    context
}

impl CredentialRow {
    /// `None` for a type this version does not know.
    pub(super) fn read(
        self,
        identity: IdentityId,
        keys: &Keyring,
    ) -> Result<Option<Credential>, StoreError> {
        let Some(kind) = CredentialType::parse(&self.kind) else {
            return Ok(None);
        };
        let what = "credential";
        let config = if kind.is_sealed() {
            open_json(
                keys,
                &seal_context(identity.uuid(), kind.as_str()),
                &self.config,
                what,
            )?
        } else {
            read_json(&self.config, what)?
        };
        Ok(Some(Credential {
            kind,
            identifiers: Vec::new(),
            config,
            version: self.version,
            created_at: time(self.created_at)?,
            updated_at: time(self.updated_at)?,
        }))
    }
}

/// The stored form of a credential's configuration.
pub(super) fn credential_config(
    identity: IdentityId,
    credential: &Credential,
    keys: &Keyring,
) -> Result<String, StoreError> {
    let kind = credential.kind;
    if kind.is_sealed() {
        let context = seal_context(identity.uuid(), kind.as_str());
        seal_json(keys, &context, &credential.config, "credential")
    } else {
        write_json(&credential.config, "credential")
    }
}

pub(super) fn seal_json(
    keys: &Keyring,
    context: &[u8],
    value: &Value,
    what: &'static str,
) -> Result<String, StoreError> {
    let plain = write_json(value, what)?;
    keys.seal_text(Purpose::Cipher, context, plain.as_bytes())
        .ok_or(StoreError::Corrupt { what })
}

pub(super) fn open_json(
    keys: &Keyring,
    context: &[u8],
    sealed: &str,
    what: &'static str,
) -> Result<Value, StoreError> {
    let plain = keys
        .open_text(Purpose::Cipher, context, sealed)
        .ok_or(StoreError::Corrupt { what })?;
    serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt { what })
}

#[derive(FromRow)]
pub(super) struct SessionRow {
    pub(super) id: Uuid,
    pub(super) identity_id: Uuid,
    pub(super) active: i64,
    pub(super) aal: String,
    pub(super) methods: String,
    pub(super) devices: String,
    pub(super) authenticated_at: i64,
    pub(super) issued_at: i64,
    pub(super) expires_at: i64,
}

impl SessionRow {
    pub(super) fn read(self) -> Result<Session, StoreError> {
        let stored: Vec<StoredStep> = read_json(&self.methods, "session")?;
        Ok(Session {
            id: SessionId::from_uuid(self.id),
            identity_id: IdentityId::from_uuid(self.identity_id),
            active: self.active != 0,
            // A level this version does not know counts as none.
            aal: Aal::parse(&self.aal).unwrap_or(Aal::Aal0),
            methods: stored.into_iter().map(StoredStep::read).collect(),
            authenticated_at: time(self.authenticated_at)?,
            issued_at: time(self.issued_at)?,
            expires_at: time(self.expires_at)?,
            devices: read_json(&self.devices, "session")?,
        })
    }
}

#[derive(Deserialize)]
struct StoredStep {
    method: String,
    aal: String,
    completed_at: Timestamp,
    #[serde(default)]
    provider: Option<String>,
    #[serde(default)]
    organization: Option<String>,
    #[serde(default)]
    upstream_acr: Option<String>,
    #[serde(default)]
    upstream_amr: Vec<String>,
}

impl StoredStep {
    fn read(self) -> AmrEntry {
        AmrEntry {
            method: AuthenticationMethod::parse(&self.method),
            aal: Aal::parse(&self.aal).unwrap_or(Aal::Aal0),
            completed_at: self.completed_at,
            provider: self.provider,
            organization: self.organization,
            upstream_acr: self.upstream_acr,
            upstream_amr: self.upstream_amr,
        }
    }
}

/// The stored form of completed steps.
pub(super) fn methods_json(methods: &[AmrEntry]) -> Result<String, StoreError> {
    let steps: Vec<Value> = methods
        .iter()
        .map(|step| {
            json!({
                "method": step.method.as_str(),
                "aal": step.aal.as_str(),
                "completed_at": step.completed_at,
                "provider": step.provider,
                "organization": step.organization,
                "upstream_acr": step.upstream_acr,
                "upstream_amr": step.upstream_amr,
            })
        })
        .collect();
    write_json(&steps, "session")
}
