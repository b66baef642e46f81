//! Sessions that wait for a native client, and things that may come once.

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::FromRow;
use uuid::Uuid;

use super::row::{micros, open_json, seal_context, seal_json};
use super::sql::query;
use super::{Store, StoreError};
use crate::identity::{SessionId, SessionToken, TokenHash};

/// A session that a native client fetched.
#[derive(Clone, Debug)]
pub struct Exchanged {
    /// The session.
    pub session: SessionId,
    /// The token that opens it.
    pub token: SessionToken,
}

#[derive(FromRow)]
struct StoredExchange {
    id: Uuid,
    session_id: Option<Uuid>,
    payload: Option<String>,
}

const WHAT: &str = "session exchange";

impl Store {
    /// Notes that somebody holds the first code and waits for a session.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn await_exchange(
        &self,
        id: Uuid,
        init_code: TokenHash,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = "INSERT INTO session_exchanges (id, init_hash, expires_at) \
                         VALUES ($1, $2, $3)";
        query(statement)
            .bind(id)
            .bind(init_code.as_bytes().to_vec())
            .bind(micros(expires_at))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Lays a session down for whoever has both codes. `false` when nobody waits, or something
    /// lies there already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lay_down_session(
        &self,
        id: Uuid,
        return_code: TokenHash,
        session: SessionId,
        token: &SessionToken,
    ) -> Result<bool, StoreError> {
        let context = seal_context(id, WHAT);
        let payload = json!({ "token": token.expose() });
        let statement = "UPDATE session_exchanges \
                         SET return_hash = $2, session_id = $3, payload = $4 \
                         WHERE id = $1 AND return_hash IS NULL";
        let rows = query(statement)
            .bind(id)
            .bind(return_code.as_bytes().to_vec())
            .bind(session.uuid())
            .bind(seal_json(&self.keys, &context, &payload, WHAT)?)
            .execute(&self.writer)
            .await?;
        Ok(rows == 1)
    }

    /// Takes the session that these codes belong to, once: the row is gone before anybody gets the
    /// token.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_session(
        &self,
        init_code: TokenHash,
        return_code: TokenHash,
        now: Timestamp,
    ) -> Result<Option<Exchanged>, StoreError> {
        let statement = "DELETE FROM session_exchanges \
                         WHERE init_hash = $1 AND return_hash = $2 AND expires_at > $3 \
                         RETURNING id, session_id, payload";
        let row: Option<StoredExchange> = query(statement)
            .bind(init_code.as_bytes().to_vec())
            .bind(return_code.as_bytes().to_vec())
            .bind(micros(now))
            .fetch_optional(&self.writer)
            .await?;
        let Some(StoredExchange {
            id,
            session_id: Some(session),
            payload: Some(payload),
        }) = row
        else {
            return Ok(None);
        };
        let opened: Value = open_json(&self.keys, &seal_context(id, WHAT), &payload, WHAT)?;
        let token = opened.get("token").and_then(Value::as_str);
        let token = token.ok_or(StoreError::Corrupt { what: WHAT })?;
        Ok(Some(Exchanged {
            session: SessionId::from_uuid(session),
            token: SessionToken::from_client(token.to_owned()),
        }))
    }

    /// Notes that the thing of this id came. `false` when it came before.
    ///
    /// # Errors
    /// When the database does not answer; then it must count as having come before.
    pub async fn comes_first(
        &self,
        id: Uuid,
        name: &str,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = "INSERT INTO continuity (id, name, payload, expires_at) \
                         VALUES ($1, $2, '', $3) ON CONFLICT (id) DO NOTHING";
        let rows = query(statement)
            .bind(id)
            .bind(name)
            .bind(micros(until))
            .execute(&self.writer)
            .await?;
        Ok(rows == 1)
    }
}
