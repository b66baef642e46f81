//! Lookup secrets: each is used once.

use jiff::Timestamp;

use super::row::{CredentialRow, credential_config, micros};
use super::sql::query;
use super::{Store, StoreError};
use crate::identity::credential::lookup::{self, Found};
use crate::identity::{CredentialType, IdentityId};

/// What came of using a lookup secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupUse {
    /// It counted, and never will again.
    Taken,
    /// It was used before.
    Spent,
    /// It is none of this identity's.
    Unknown,
}

impl Store {
    /// Uses a lookup secret up. It commits before anybody may act on it, and of many that come at
    /// once one counts: the identity's row is held from the first statement on, and the write asks
    /// for the very set of codes that was looked at. The identity's revision moves along, so that
    /// nobody who read the codes before writes them back unused.
    ///
    /// # Errors
    /// When the database does not answer; then the code must be refused.
    pub async fn use_lookup_secret(
        &self,
        id: IdentityId,
        code: &str,
        now: Timestamp,
    ) -> Result<LookupUse, StoreError> {
        let kind = CredentialType::LookupSecret;
        let mut tx = self.begin().await?;
        query("UPDATE identities SET revision = revision + 1 WHERE id = $1")
            .bind(id.uuid())
            .execute(&mut tx)
            .await?;
        let statement = "SELECT kind, config, version, created_at, updated_at \
                         FROM credentials WHERE identity_id = $1 AND kind = $2";
        let row: Option<CredentialRow> = query(statement)
            .bind(id.uuid())
            .bind(kind.as_str())
            .fetch_optional(&mut tx)
            .await?;
        let Some(row) = row else {
            return Ok(LookupUse::Unknown);
        };
        let before = row.config.clone();
        let Some(mut credential) = row.read(id, &self.keys)? else {
            return Ok(LookupUse::Unknown);
        };
        let mut codes = lookup::codes_of(&credential);
        let place = match lookup::find(&codes, code) {
            Found::Unused(place) => place,
            Found::Used => return Ok(LookupUse::Spent),
            Found::Unknown => return Ok(LookupUse::Unknown),
        };
        if let Some(one) = codes.get_mut(place) {
            one.used_at = Some(lookup::used_now(now));
        }
        credential.config = lookup::config(&codes);
        let statement = "UPDATE credentials SET config = $4, updated_at = $5 \
                         WHERE identity_id = $1 AND kind = $2 AND config = $3";
        let rows = query(statement)
            .bind(id.uuid())
            .bind(kind.as_str())
            .bind(before)
            .bind(credential_config(id, &credential, &self.keys)?)
            .bind(micros(now))
            .execute(&mut tx)
            .await?;
        if rows != 1 {
            return Ok(LookupUse::Spent);
        }
        tx.commit().await?;
        Ok(LookupUse::Taken)
    }
}
