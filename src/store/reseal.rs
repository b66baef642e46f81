//! Rotation of secrets: what is kept for long is sealed anew, so that an old secret can go.
//!
//! What lives for a day (flows, parked forms) is left to expire.

use sqlx::FromRow;
use uuid::Uuid;

use super::row::seal_context;
use super::sql::query;
use super::{Store, StoreError};
use crate::identity::CredentialType;
use crate::keyring::Purpose;

/// Rows that are looked at together.
const BATCH: i64 = 200;

/// What came of sealing anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Credentials that are sealed with the first secret now.
    pub done: u64,
    /// Credentials that no configured secret opens.
    pub lost: u64,
}

#[derive(FromRow)]
struct SealedRow {
    identity_id: Uuid,
    kind: String,
    config: String,
}

impl Store {
    /// Seals every credential that an older secret sealed with the first one, in small batches.
    /// Nothing is done where only one secret is configured.
    ///
    /// # Errors
    /// When the database does not answer; what was done by then stays.
    pub async fn reseal(&self) -> Result<Resealed, StoreError> {
        let mut total = Resealed::default();
        if !self.keys.has_older(Purpose::Cipher) {
            return Ok(total);
        }
        let sealed = CredentialType::ALL
            .into_iter()
            .filter(|kind| kind.is_sealed());
        for kind in sealed {
            let mut after = Uuid::nil();
            loop {
                let rows = self.sealed_rows(kind, after).await?;
                let Some(last) = rows.last() else { break };
                after = last.identity_id;
                for row in rows {
                    self.reseal_one(row, &mut total).await?;
                }
            }
        }
        Ok(total)
    }

    async fn sealed_rows(
        &self,
        kind: CredentialType,
        after: Uuid,
    ) -> Result<Vec<SealedRow>, StoreError> {
        let statement = "SELECT identity_id, kind, config FROM credentials \
            WHERE identity_id > $1 AND kind = $2 ORDER BY identity_id LIMIT $3";
        let rows = query(statement)
            .bind(after)
            .bind(kind.as_str())
            .bind(BATCH)
            .fetch_all(&self.reader)
            .await?;
        Ok(rows)
    }

    async fn reseal_one(&self, row: SealedRow, total: &mut Resealed) -> Result<(), StoreError> {
        if self.keys.is_current(Purpose::Cipher, &row.config) {
            return Ok(());
        }
        let context = seal_context(row.identity_id, &row.kind);
        let Some(plain) = self.keys.open_text(Purpose::Cipher, &context, &row.config) else {
            total.lost += 1;
            return Ok(());
        };
        let anew = self.keys.seal_text(Purpose::Cipher, &context, &plain);
        let anew = anew.ok_or(StoreError::Corrupt { what: "credential" })?;
        let mut tx = self.begin().await?;
        // Who uses a lookup secret holds the identity's row and counts on the text of the codes.
        query("UPDATE identities SET revision = revision WHERE id = $1")
            .bind(row.identity_id)
            .execute(&mut tx)
            .await?;
        let statement = "UPDATE credentials SET config = $4 \
                         WHERE identity_id = $1 AND kind = $2 AND config = $3";
        total.done += query(statement)
            .bind(row.identity_id)
            .bind(row.kind)
            .bind(row.config)
            .bind(anew)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}
