//! Requests that wait for a step-up: sealed by whoever brings them, taken once.

use jiff::Timestamp;

use super::row::{micros, time};
use super::sql::query;
use super::{Store, StoreError};

/// A request to keep. What is in it is sealed already.
#[derive(Clone, Debug)]
pub struct NewKept {
    /// SHA-256 of the id that its owner holds.
    pub id: [u8; 32],
    /// Whose it is, as far as limits go.
    pub client: [u8; 32],
    /// What it is about.
    pub head: Vec<u8>,
    /// Its body.
    pub body: Vec<u8>,
    /// Now.
    pub created_at: Timestamp,
    /// From here on it is not sent any more.
    pub expires_at: Timestamp,
}

/// How much is kept at most.
#[derive(Clone, Copy, Debug)]
pub struct KeptLimits {
    /// Bytes in all.
    pub bytes: u64,
    /// Open requests of one client; its oldest give way.
    pub per_client: u32,
}

/// A kept request.
#[derive(Clone, Debug)]
pub struct KeptRow {
    /// What it is about.
    pub head: Vec<u8>,
    /// Its body, as long as it can be sent.
    pub body: Option<Vec<u8>>,
    /// Whether it was sent.
    pub used: bool,
    /// From here on it is not sent any more.
    pub expires_at: Timestamp,
}

/// `head`, `body`, `used` and `expires_at`.
type Columns = (Vec<u8>, Option<Vec<u8>>, i64, i64);

impl Store {
    /// Keeps a request. `false` when there is no room.
    ///
    /// # Errors
    /// When the database does not answer; then it is not kept.
    pub async fn keep_request(
        &self,
        kept: NewKept,
        limits: KeptLimits,
    ) -> Result<bool, StoreError> {
        let size = i64::try_from(kept.head.len() + kept.body.len()).unwrap_or(i64::MAX);
        let room = i64::try_from(limits.bytes).unwrap_or(i64::MAX);
        let mut tx = self.begin().await?;
        let others = "DELETE FROM kept_requests WHERE id_hash IN \
             (SELECT id_hash FROM kept_requests \
             WHERE client = $1 AND used = 0 ORDER BY created_at DESC, id_hash LIMIT 1000 OFFSET $2)";
        query(others)
            .bind(kept.client.to_vec())
            .bind(i64::from(limits.per_client.saturating_sub(1)))
            .execute(&mut tx)
            .await?;
        let statement = "INSERT INTO kept_requests \
             (id_hash, client, head, body, size, used, created_at, expires_at) \
             SELECT $1, $2, $3, $4, $5, 0, $6, $7 WHERE (SELECT COALESCE(SUM(size), 0) \
             FROM kept_requests WHERE body IS NOT NULL) <= $8";
        let rows = query(statement)
            .bind(kept.id.to_vec())
            .bind(kept.client.to_vec())
            .bind(kept.head)
            .bind(kept.body)
            .bind(size)
            .bind(micros(kept.created_at))
            .bind(micros(kept.expires_at))
            .bind(room.saturating_sub(size))
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(rows == 1)
    }

    /// The kept request of this id, sent and expired ones too.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn kept_request(&self, id: [u8; 32]) -> Result<Option<KeptRow>, StoreError> {
        let statement = "SELECT head, body, used, expires_at FROM kept_requests WHERE id_hash = $1";
        let row: Option<Columns> = query(statement)
            .bind(id.to_vec())
            .fetch_optional(&self.writer)
            .await?;
        let Some((head, body, used, expires_at)) = row else {
            return Ok(None);
        };
        Ok(Some(KeptRow {
            head,
            body,
            used: used != 0,
            expires_at: time(expires_at)?,
        }))
    }

    /// Takes a kept request, once: its body is gone before anybody sends it. `false` when it was
    /// taken before, or came too late.
    ///
    /// # Errors
    /// When the database does not answer; then it must not be sent.
    pub async fn take_kept_request(
        &self,
        id: [u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = "UPDATE kept_requests SET used = 1, body = NULL \
                         WHERE id_hash = $1 AND used = 0 AND expires_at > $2";
        let rows = query(statement)
            .bind(id.to_vec())
            .bind(micros(now))
            .execute(&self.writer)
            .await?;
        Ok(rows == 1)
    }
}
