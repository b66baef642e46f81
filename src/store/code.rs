//! Codes and links that were sent to an address.
//!
//! A code is taken by one conditional write, and so are the tries of a flow counted: of many
//! submissions at once one gets the code, and none is compared for free.

use jiff::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use super::pool::Transaction;
use super::row::micros;
use super::sql::query;
use super::{Store, StoreError};
use crate::identity::code::{CodePurpose, CodeSecret};
use crate::identity::{Channel, FlowId, IdentityId, TokenHash};
use crate::keyring::Purpose;

/// A code or link that goes out. Writing it makes earlier ones of its flow worthless.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// The flow that it is for.
    pub flow: FlowId,
    /// What it is good for.
    pub purpose: CodePurpose,
    /// Whom it lets in; `None` for a sign-up, and where nobody has the address.
    pub identity: Option<IdentityId>,
    /// How it is sent.
    pub via: Channel,
    /// Where to; empty where it is handed over by an administrator.
    pub address: String,
    /// The code itself.
    pub secret: CodeSecret,
    /// When it was made.
    pub issued_at: Timestamp,
    /// From here on it is worth nothing.
    pub expires_at: Timestamp,
}

/// A code that was right, and is used up now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenCode {
    /// Whom it lets in.
    pub identity: Option<IdentityId>,
    /// How it was sent.
    pub via: Channel,
    /// Where to.
    pub address: String,
}

#[derive(FromRow)]
struct StoredCode {
    identity_id: Option<Uuid>,
    via: String,
    address: String,
}

/// The stored form of a code: the id of the key, and the MAC or hash.
type Hashed = (Vec<u8>, Vec<u8>);

impl Store {
    /// All forms that a code may be stored in, the current one first.
    fn hashes_of(&self, flow: FlowId, purpose: CodePurpose, secret: &CodeSecret) -> Vec<Hashed> {
        if purpose.is_link() {
            let hash = TokenHash::of(secret.expose());
            return vec![(Vec::new(), hash.as_bytes().to_vec())];
        }
        let data = purpose.mac_input(flow, secret);
        let tags = self.keys.tags(Purpose::Codes, &data);
        tags.into_iter()
            .map(|tag| (tag.key_id.to_vec(), tag.mac.to_vec()))
            .collect()
    }

    /// Stores codes within a transaction; earlier ones of their flows go.
    pub(super) async fn write_codes(
        &self,
        tx: &mut Transaction,
        codes: &[NewCode],
    ) -> Result<(), StoreError> {
        for code in codes {
            query("DELETE FROM codes WHERE flow_id = $1 AND used_at IS NULL")
                .bind(code.flow.uuid())
                .execute(&mut *tx)
                .await?;
        }
        for code in codes {
            self.insert_code(tx, code).await?;
        }
        Ok(())
    }

    async fn insert_code(&self, tx: &mut Transaction, code: &NewCode) -> Result<(), StoreError> {
        let hashed = self.hashes_of(code.flow, code.purpose, &code.secret);
        let current = hashed.into_iter().next();
        let (key_id, hash) = current.ok_or(StoreError::Corrupt { what: "code" })?;
        let statement = "INSERT INTO codes (id, flow_id, purpose, identity_id, via, address, \
            key_id, hash, issued_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        query(statement)
            .bind(Uuid::new_v4())
            .bind(code.flow.uuid())
            .bind(code.purpose.as_str())
            .bind(code.identity.map(IdentityId::uuid))
            .bind(code.via.as_str())
            .bind(&code.address)
            .bind(key_id)
            .bind(hash)
            .bind(micros(code.issued_at))
            .bind(micros(code.expires_at))
            .execute(&mut *tx)
            .await?;
        Ok(())
    }

    /// Counts a try of a flow's codes, and commits, **before** anything is compared. `false` when
    /// the flow had `limit` of them: then not even the right code may be taken. Of many at once
    /// `limit` get through.
    ///
    /// # Errors
    /// When the database does not answer; then nothing may be compared.
    pub async fn count_code_try(
        &self,
        flow: FlowId,
        limit: u32,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        if limit == 0 {
            return Ok(false);
        }
        let statement = "INSERT INTO code_tries (flow_id, tries, expires_at) VALUES ($1, 1, $2) \
            ON CONFLICT (flow_id) DO UPDATE SET tries = code_tries.tries + 1 \
            WHERE code_tries.tries < $3";
        let rows = query(statement)
            .bind(flow.uuid())
            .bind(micros(expires_at))
            .bind(i64::from(limit))
            .execute(&self.writer)
            .await?;
        Ok(rows == 1)
    }

    /// Takes the code of a flow, once. `None` when it is wrong, too old, of another flow or
    /// purpose, or was taken.
    ///
    /// # Errors
    /// When the database does not answer; then the code must be refused.
    pub async fn take_code(
        &self,
        flow: FlowId,
        purpose: CodePurpose,
        secret: &CodeSecret,
        now: Timestamp,
    ) -> Result<Option<TakenCode>, StoreError> {
        let statement = "UPDATE codes SET used_at = $5 WHERE flow_id = $1 AND purpose = $2 \
            AND key_id = $3 AND hash = $4 AND used_at IS NULL AND expires_at > $5 \
            RETURNING identity_id, via, address";
        for (key_id, hash) in self.hashes_of(flow, purpose, secret) {
            let row: Option<StoredCode> = query(statement)
                .bind(flow.uuid())
                .bind(purpose.as_str())
                .bind(key_id)
                .bind(hash)
                .bind(micros(now))
                .fetch_optional(&self.writer)
                .await?;
            if let Some(row) = row {
                let via = Channel::parse(&row.via);
                return Ok(Some(TakenCode {
                    identity: row.identity_id.map(IdentityId::from_uuid),
                    via: via.ok_or(StoreError::Corrupt { what: "code" })?,
                    address: row.address,
                }));
            }
        }
        Ok(None)
    }
}
