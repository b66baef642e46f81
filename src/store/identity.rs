//! Identities and their credentials.

use uuid::Uuid;

use super::pool::Transaction;
use super::row::{
    CredentialRow, IdentityRow, credential_config, micros, select_identities, write_json,
};
use super::sql::{Runner, query, query_scalar};
use super::{Along, Store, StoreError};
use crate::identity::credential::fold_identifier;
use crate::identity::{Channel, Credential, CredentialType, Credentials, Identity, IdentityId};

/// An identity with what it proves itself with.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who it is.
    pub identity: Identity,
    /// What it proves itself with.
    pub credentials: Credentials,
}

const BY_ID: &str = select_identities!("WHERE id = $1");
const BY_EXTERNAL_ID: &str = select_identities!("WHERE external_id = $1");

impl Store {
    /// Stores a new identity with its credentials, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when an identifier, address or external id is taken.
    pub async fn create_identity(
        &self,
        identity: &Identity,
        credentials: &Credentials,
    ) -> Result<(), StoreError> {
        self.create_identity_with(identity, credentials, &Along::default())
            .await
    }

    /// [`Store::create_identity`] together with what goes along with it.
    ///
    /// # Errors
    /// As for [`Store::create_identity`].
    pub async fn create_identity_with(
        &self,
        identity: &Identity,
        credentials: &Credentials,
        along: &Along,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        insert_identity(&mut tx, identity).await?;
        self.write_parts(&mut tx, identity, credentials).await?;
        self.write_along(&mut tx, along).await?;
        tx.commit().await?;
        self.announce(along);
        Ok(())
    }

    /// Stores a changed identity and exactly these credentials, all or nothing, and counts its
    /// revision up. Sessions are not touched.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it was changed since it was read, [`StoreError::Duplicate`] as
    /// for new ones.
    pub async fn save_identity(
        &self,
        identity: &mut Identity,
        credentials: &Credentials,
    ) -> Result<(), StoreError> {
        self.save_identity_with(identity, credentials, &Along::default())
            .await
    }

    /// [`Store::save_identity`] together with what goes along with it.
    ///
    /// # Errors
    /// As for [`Store::save_identity`].
    pub async fn save_identity_with(
        &self,
        identity: &mut Identity,
        credentials: &Credentials,
        along: &Along,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        update_identity(&mut tx, identity).await?;
        self.keep_totp_step(&mut tx, identity.id, credentials)
            .await?;
        for table in [
            "DELETE FROM credentials WHERE identity_id = $1",
            "DELETE FROM addresses WHERE identity_id = $1",
            "DELETE FROM security_keys WHERE identity_id = $1",
        ] {
            query(table)
                .bind(identity.id.uuid())
                .execute(&mut tx)
                .await?;
        }
        self.write_parts(&mut tx, identity, credentials).await?;
        self.write_along(&mut tx, along).await?;
        tx.commit().await?;
        self.announce(along);
        identity.revision += 1;
        Ok(())
    }

    /// Another secret has not seen any code yet: what was remembered of the old one goes.
    async fn keep_totp_step(
        &self,
        tx: &mut Transaction,
        id: IdentityId,
        credentials: &Credentials,
    ) -> Result<(), StoreError> {
        let before = load_credentials(&mut *tx, id, self).await?;
        let config = |all: &Credentials| {
            let totp = all.find(CredentialType::Totp);
            totp.map(|one| one.config.clone())
        };
        if config(&before) != config(credentials) {
            query("DELETE FROM totp_steps WHERE identity_id = $1")
                .bind(id.uuid())
                .execute(&mut *tx)
                .await?;
        }
        Ok(())
    }

    async fn write_parts(
        &self,
        tx: &mut Transaction,
        identity: &Identity,
        credentials: &Credentials,
    ) -> Result<(), StoreError> {
        for credential in credentials.iter() {
            self.insert_credential(tx, identity.id, credential).await?;
            Self::note_keys(tx, identity.id, credential).await?;
        }
        let verifiable = identity.verifiable_addresses.iter();
        let verifiable = verifiable.map(|one| ("verification", one.via, &one.value));
        let recovery = identity.recovery_addresses.iter();
        let recovery = recovery.map(|one| ("recovery", one.via, &one.value));
        for (purpose, via, value) in verifiable.chain(recovery) {
            let statement = "INSERT INTO addresses (purpose, via, value, identity_id) \
                             VALUES ($1, $2, $3, $4)";
            query(statement)
                .bind(purpose)
                .bind(via.as_str())
                .bind(value)
                .bind(identity.id.uuid())
                .execute(&mut *tx)
                .await
                .map_err(StoreError::unique("address"))?;
        }
        Ok(())
    }

    async fn insert_credential(
        &self,
        tx: &mut Transaction,
        id: IdentityId,
        credential: &Credential,
    ) -> Result<(), StoreError> {
        let kind = credential.kind.as_str();
        let statement = "INSERT INTO credentials \
            (identity_id, kind, config, version, created_at, updated_at) \
            VALUES ($1, $2, $3, $4, $5, $6)";
        query(statement)
            .bind(id.uuid())
            .bind(kind)
            .bind(credential_config(id, credential, &self.keys)?)
            .bind(credential.version)
            .bind(micros(credential.created_at))
            .bind(micros(credential.updated_at))
            .execute(&mut *tx)
            .await?;
        for (identifier, position) in credential.identifiers.iter().zip(0_i64..) {
            let statement = "INSERT INTO identifiers (kind, identifier, identity_id, position) \
                             VALUES ($1, $2, $3, $4)";
            query(statement)
                .bind(kind)
                .bind(fold_identifier(credential.kind, identifier))
                .bind(id.uuid())
                .bind(position)
                .execute(&mut *tx)
                .await
                .map_err(StoreError::unique("identifier"))?;
        }
        Ok(())
    }

    /// The identity alone.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn identity(&self, id: IdentityId) -> Result<Option<Identity>, StoreError> {
        let row: Option<IdentityRow> = query(BY_ID)
            .bind(id.uuid())
            .fetch_optional(&self.reader)
            .await?;
        row.map(IdentityRow::read).transpose()
    }

    /// The identity with its credentials.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn account(&self, id: IdentityId) -> Result<Option<Account>, StoreError> {
        let Some(identity) = self.identity(id).await? else {
            return Ok(None);
        };
        self.with_credentials(identity).await.map(Some)
    }

    /// The identity that has this external id, with its credentials.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn account_by_external_id(
        &self,
        external_id: &str,
    ) -> Result<Option<Account>, StoreError> {
        let row: Option<IdentityRow> = query(BY_EXTERNAL_ID)
            .bind(external_id)
            .fetch_optional(&self.reader)
            .await?;
        let Some(row) = row else { return Ok(None) };
        self.with_credentials(row.read()?).await.map(Some)
    }

    /// The identity whose credential of this type has this identifier (folded as the type asks).
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn account_by_identifier(
        &self,
        kind: CredentialType,
        identifier: &str,
    ) -> Result<Option<Account>, StoreError> {
        let statement = "SELECT identity_id FROM identifiers WHERE kind = $1 AND identifier = $2";
        let id: Option<Uuid> = query_scalar(statement)
            .bind(kind.as_str())
            .bind(fold_identifier(kind, identifier))
            .fetch_optional(&self.reader)
            .await?;
        match id {
            Some(id) => self.account(IdentityId::from_uuid(id)).await,
            None => Ok(None),
        }
    }

    /// The identity that an address belongs to. `recovery` asks for recovery addresses, else
    /// verifiable ones are meant.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn account_by_address(
        &self,
        recovery: bool,
        via: Channel,
        value: &str,
    ) -> Result<Option<Account>, StoreError> {
        let statement = "SELECT identity_id FROM addresses \
                         WHERE purpose = $1 AND via = $2 AND value = $3";
        let id: Option<Uuid> = query_scalar(statement)
            .bind(if recovery { "recovery" } else { "verification" })
            .bind(via.as_str())
            .bind(value.trim().to_lowercase())
            .fetch_optional(&self.reader)
            .await?;
        match id {
            Some(id) => self.account(IdentityId::from_uuid(id)).await,
            None => Ok(None),
        }
    }

    /// The credentials of an identity; none when it is not there.
    ///
    /// # Errors
    /// When the database does not answer, or a sealed one cannot be opened.
    pub async fn credentials(&self, id: IdentityId) -> Result<Credentials, StoreError> {
        load_credentials(&self.reader, id, self).await
    }

    pub(super) async fn with_credentials(&self, identity: Identity) -> Result<Account, StoreError> {
        let credentials = self.credentials(identity.id).await?;
        Ok(Account {
            identity,
            credentials,
        })
    }

    /// Deletes an identity with everything that is its own. `false` if it is not there.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete_identity(&self, id: IdentityId) -> Result<bool, StoreError> {
        let rows = query("DELETE FROM identities WHERE id = $1")
            .bind(id.uuid())
            .execute(&self.writer)
            .await?;
        Ok(rows > 0)
    }
}

async fn load_credentials<'c>(
    on: impl Into<Runner<'c>>,
    id: IdentityId,
    store: &Store,
) -> Result<Credentials, StoreError> {
    let mut on = on.into();
    let statement = "SELECT kind, config, version, created_at, updated_at \
                     FROM credentials WHERE identity_id = $1";
    let rows: Vec<CredentialRow> = query(statement)
        .bind(id.uuid())
        .fetch_all(on.again())
        .await?;
    let mut credentials = Credentials::new();
    for row in rows {
        if let Some(credential) = row.read(id, &store.keys)? {
            credentials.set(credential);
        }
    }
    let statement = "SELECT kind, identifier FROM identifiers WHERE identity_id = $1 \
                     ORDER BY kind, position";
    let names: Vec<(String, String)> = query(statement).bind(id.uuid()).fetch_all(on).await?;
    for (kind, identifier) in names {
        let credential = CredentialType::parse(&kind).and_then(|kind| credentials.find_mut(kind));
        if let Some(credential) = credential {
            credential.identifiers.push(identifier);
        }
    }
    Ok(credentials)
}

async fn insert_identity(tx: &mut Transaction, identity: &Identity) -> Result<(), StoreError> {
    let statement = "INSERT INTO identities (id, revision, external_id, schema_id, state, \
        state_changed_at, traits, metadata_public, metadata_admin, verifiable_addresses, \
        recovery_addresses, organization_id, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let texts = Texts::of(identity)?;
    query(statement)
        .bind(identity.id.uuid())
        .bind(identity.revision)
        .bind(&identity.external_id)
        .bind(&identity.schema_id)
        .bind(identity.state.as_str())
        .bind(identity.state_changed_at.map(micros))
        .bind(texts.traits)
        .bind(texts.metadata_public)
        .bind(texts.metadata_admin)
        .bind(texts.verifiable_addresses)
        .bind(texts.recovery_addresses)
        .bind(identity.organization_id)
        .bind(micros(identity.created_at))
        .bind(micros(identity.updated_at))
        .execute(&mut *tx)
        .await
        .map_err(StoreError::unique("external id"))?;
    Ok(())
}

async fn update_identity(tx: &mut Transaction, identity: &Identity) -> Result<(), StoreError> {
    let statement = "UPDATE identities SET revision = revision + 1, external_id = $3, \
        schema_id = $4, state = $5, state_changed_at = $6, traits = $7, metadata_public = $8, \
        metadata_admin = $9, verifiable_addresses = $10, recovery_addresses = $11, \
        organization_id = $12, updated_at = $13 WHERE id = $1 AND revision = $2";
    let texts = Texts::of(identity)?;
    let rows = query(statement)
        .bind(identity.id.uuid())
        .bind(identity.revision)
        .bind(&identity.external_id)
        .bind(&identity.schema_id)
        .bind(identity.state.as_str())
        .bind(identity.state_changed_at.map(micros))
        .bind(texts.traits)
        .bind(texts.metadata_public)
        .bind(texts.metadata_admin)
        .bind(texts.verifiable_addresses)
        .bind(texts.recovery_addresses)
        .bind(identity.organization_id)
        .bind(micros(identity.updated_at))
        .execute(&mut *tx)
        .await
        .map_err(StoreError::unique("external id"))?;
    if rows == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}

struct Texts {
    traits: String,
    metadata_public: Option<String>,
    metadata_admin: Option<String>,
    verifiable_addresses: String,
    recovery_addresses: String,
}

impl Texts {
    fn of(identity: &Identity) -> Result<Self, StoreError> {
        let what = "identity";
        let optional = |value: &Option<serde_json::Value>| {
            let value = value.as_ref();
            value.map(|value| write_json(value, what)).transpose()
        };
        Ok(Self {
            traits: write_json(&identity.traits, what)?,
            metadata_public: optional(&identity.metadata_public)?,
            metadata_admin: optional(&identity.metadata_admin)?,
            verifiable_addresses: write_json(&identity.verifiable_addresses, what)?,
            recovery_addresses: write_json(&identity.recovery_addresses, what)?,
        })
    }
}
