//! Security keys: whose an id is, and how often a key signed.

use uuid::Uuid;

use super::pool::Transaction;
use super::sql::{query, query_scalar};
use super::{Store, StoreError};
use crate::identity::credential::keys::Keys;
use crate::identity::{Credential, CredentialType, IdentityId};

impl Store {
    /// Whose the key with this credential id is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn key_owner(&self, key: &[u8]) -> Result<Option<IdentityId>, StoreError> {
        let statement = "SELECT identity_id FROM security_keys WHERE key_id = $1";
        let id: Option<Uuid> = query_scalar(statement)
            .bind(key)
            .fetch_optional(&self.reader)
            .await?;
        Ok(id.map(IdentityId::from_uuid))
    }

    /// Notes the ids of a credential's keys; whoever had an id first keeps it.
    pub(super) async fn note_keys(
        tx: &mut Transaction,
        id: IdentityId,
        credential: &Credential,
    ) -> Result<(), StoreError> {
        let has_keys = matches!(
            credential.kind,
            CredentialType::Webauthn | CredentialType::Passkey
        );
        if !has_keys {
            return Ok(());
        }
        for key in Keys::of(Some(credential)).list {
            let statement = "INSERT INTO security_keys (key_id, identity_id) VALUES ($1, $2) \
                             ON CONFLICT (key_id) DO NOTHING";
            query(statement)
                .bind(key.id().as_slice())
                .bind(id.uuid())
                .execute(&mut *tx)
                .await?;
        }
        Ok(())
    }

    /// Takes a signature's counter, once. `false` when it is not past the last one: then the
    /// signature must be refused. A counter of zero says that the authenticator does not count.
    ///
    /// # Errors
    /// When the database does not answer; then the signature must be refused.
    pub async fn take_key_counter(
        &self,
        identity: IdentityId,
        key: &[u8],
        counter: u32,
    ) -> Result<bool, StoreError> {
        if counter == 0 {
            let statement = "SELECT counter FROM key_counters \
                             WHERE identity_id = $1 AND key_id = $2";
            let last: Option<i64> = query_scalar(statement)
                .bind(identity.uuid())
                .bind(key)
                .fetch_optional(&self.writer)
                .await?;
            return Ok(last.is_none());
        }
        let statement = "INSERT INTO key_counters (identity_id, key_id, counter) \
            VALUES ($1, $2, $3) ON CONFLICT (identity_id, key_id) DO UPDATE SET counter = $3 \
            WHERE key_counters.counter < $3";
        let rows = query(statement)
            .bind(identity.uuid())
            .bind(key)
            .bind(i64::from(counter))
            .execute(&self.writer)
            .await?;
        Ok(rows == 1)
    }
}
