//! Sessions and their tokens.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use super::pool::Transaction;
use super::row::{
    IdentityColumns, IdentityRow, SessionRow, identity_columns, methods_json, micros,
    select_identities, select_sessions, session_columns, time, write_json,
};
use super::sql::{query, query_scalar};
use super::{Store, StoreError};
use crate::identity::{
    AmrEntry, CredentialType, Identity, IdentityId, Session, SessionId, TokenHash,
};

/// What a token turned out to be.
#[derive(Clone, Debug)]
pub enum SessionFound {
    /// The token of this session. Whether the session still counts is for the caller to judge
    /// ([`Session::is_active`]).
    Live {
        /// The session.
        session: Session,
        /// Whose it is.
        identity: Box<Identity>,
        /// The types of credentials that the identity has.
        kinds: Vec<CredentialType>,
    },
    /// A token that was replaced by another one.
    Retired {
        /// The session that goes on under another token.
        session: Session,
        /// When it was replaced.
        retired_at: Timestamp,
    },
}

/// What becomes of a session's token at a completed step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenChange {
    /// It stays.
    Keep,
    /// This one takes its place; the old ones are retired at once.
    Rotate(TokenHash),
}

#[derive(FromRow)]
struct FoundRow {
    retired_at: Option<i64>,
    kinds: Option<String>,
    #[sqlx(flatten)]
    session: SessionRow,
    #[sqlx(flatten)]
    identity: IdentityColumns,
}

const BY_ID: &str = select_sessions!("WHERE id = $1");
const LOCK: &str = concat!(
    "UPDATE sessions SET updated_at = $2 WHERE id = $1 AND active = 1 RETURNING ",
    session_columns!()
);
/// All that whoami needs, in one statement: this is what is asked most.
const BY_TOKEN: &str = concat!(
    "SELECT retired_at, ",
    session_columns!(),
    ", ",
    identity_columns!(),
    ", (SELECT string_agg(kind, ' ') FROM credentials \
        WHERE credentials.identity_id = identities.id) AS kinds \
      FROM session_tokens JOIN sessions ON sessions.id = session_id \
      JOIN identities ON identities.id = identity_id WHERE hash = $1"
);

impl Store {
    /// Stores a new session with its token.
    ///
    /// # Errors
    /// When the database does not answer, or the identity is gone.
    pub async fn create_session(
        &self,
        session: &Session,
        token: TokenHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let statement = "INSERT INTO sessions (id, identity_id, active, aal, methods, devices, \
            authenticated_at, issued_at, expires_at, created_at, updated_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)";
        query(statement)
            .bind(session.id.uuid())
            .bind(session.identity_id.uuid())
            .bind(i64::from(session.active))
            .bind(session.aal.as_str())
            .bind(methods_json(&session.methods)?)
            .bind(write_json(&session.devices, "session")?)
            .bind(micros(session.authenticated_at))
            .bind(micros(session.issued_at))
            .bind(micros(session.expires_at))
            .bind(micros(now))
            .execute(&mut tx)
            .await?;
        insert_token(&mut tx, session.id, token, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The session that a token belongs to, with its identity. Revoked and expired sessions are
    /// found too.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn session_by_token(
        &self,
        token: TokenHash,
    ) -> Result<Option<SessionFound>, StoreError> {
        let row: Option<FoundRow> = query(BY_TOKEN)
            .bind(token.as_bytes().as_slice())
            .fetch_optional(&self.reader)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let session = row.session.read()?;
        if let Some(retired_at) = row.retired_at {
            let retired_at = time(retired_at)?;
            return Ok(Some(SessionFound::Retired {
                session,
                retired_at,
            }));
        }
        let kinds = row.kinds.unwrap_or_default();
        let kinds = kinds.split(' ').filter_map(CredentialType::parse);
        Ok(Some(SessionFound::Live {
            identity: Box::new(row.identity.read(session.identity_id.uuid())?),
            session,
            kinds: kinds.collect(),
        }))
    }

    /// The session of this id, whatever its state.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let row: Option<SessionRow> = query(BY_ID)
            .bind(id.uuid())
            .fetch_optional(&self.reader)
            .await?;
        row.map(SessionRow::read).transpose()
    }

    /// Adds a completed step to a session that still counts, in one transaction: steps of two
    /// requests both count, and a session revoked meanwhile stays revoked. `lifespan` renews the
    /// life (a login does, enrolling a factor does not). `None` when the session does not count.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn complete_step(
        &self,
        id: SessionId,
        step: AmrEntry,
        lifespan: Option<Duration>,
        token: TokenChange,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let mut tx = self.begin().await?;
        // Written before it is read: from here on nobody else changes the row.
        let row: Option<SessionRow> = query(LOCK)
            .bind(id.uuid())
            .bind(micros(now))
            .fetch_optional(&mut tx)
            .await?;
        let Some(mut session) = row.map(SessionRow::read).transpose()? else {
            return Ok(None);
        };
        if !session.is_active(identity_is_active(&mut tx, session.identity_id).await?, now) {
            return Ok(None);
        }
        session.complete(step, lifespan, now);
        let statement = "UPDATE sessions SET aal = $2, methods = $3, authenticated_at = $4, \
                         expires_at = $5, updated_at = $6 WHERE id = $1";
        query(statement)
            .bind(id.uuid())
            .bind(session.aal.as_str())
            .bind(methods_json(&session.methods)?)
            .bind(micros(session.authenticated_at))
            .bind(micros(session.expires_at))
            .bind(micros(now))
            .execute(&mut tx)
            .await?;
        if let TokenChange::Rotate(token) = token {
            let statement = "UPDATE session_tokens SET retired_at = $2 \
                             WHERE session_id = $1 AND retired_at IS NULL";
            query(statement)
                .bind(id.uuid())
                .bind(micros(now))
                .execute(&mut tx)
                .await?;
            insert_token(&mut tx, id, token, now).await?;
        }
        tx.commit().await?;
        Ok(Some(session))
    }

    /// Moves the end of a session's life, if it still counts. `false` if not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn extend_session(
        &self,
        id: SessionId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = "UPDATE sessions SET expires_at = $2, updated_at = $3 \
                         WHERE id = $1 AND active = 1 AND expires_at > $3";
        let rows = query(statement)
            .bind(id.uuid())
            .bind(micros(expires_at))
            .bind(micros(now))
            .execute(&self.writer)
            .await?;
        Ok(rows == 1)
    }

    /// Revokes a session; `identity` limits it to sessions of one identity. Gives whose it was,
    /// `None` when no such session is there or it was revoked before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn revoke_session(
        &self,
        id: SessionId,
        identity: Option<IdentityId>,
        now: Timestamp,
    ) -> Result<Option<IdentityId>, StoreError> {
        let statement = "UPDATE sessions SET active = 0, updated_at = $3 \
            WHERE id = $1 AND ($2 IS NULL OR identity_id = $2) AND active = 1 \
            RETURNING identity_id";
        let owner: Option<Uuid> = query_scalar(statement)
            .bind(id.uuid())
            .bind(identity.map(IdentityId::uuid))
            .bind(micros(now))
            .fetch_optional(&self.writer)
            .await?;
        Ok(owner.map(IdentityId::from_uuid))
    }

    /// Revokes all sessions of an identity except `keep`. Gives those that were revoked now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn revoke_sessions(
        &self,
        identity: IdentityId,
        keep: Option<SessionId>,
        now: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        let statement = "UPDATE sessions SET active = 0, updated_at = $3 \
            WHERE identity_id = $1 AND ($2 IS NULL OR id <> $2) AND active = 1 RETURNING id";
        let ended: Vec<Uuid> = query_scalar(statement)
            .bind(identity.uuid())
            .bind(keep.map(SessionId::uuid))
            .bind(micros(now))
            .fetch_all(&self.writer)
            .await?;
        Ok(ended.into_iter().map(SessionId::from_uuid).collect())
    }

    /// Deletes a session row. Gives whose it was.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete_session(&self, id: SessionId) -> Result<Option<IdentityId>, StoreError> {
        let owner: Option<Uuid> =
            query_scalar("DELETE FROM sessions WHERE id = $1 RETURNING identity_id")
                .bind(id.uuid())
                .fetch_optional(&self.writer)
                .await?;
        Ok(owner.map(IdentityId::from_uuid))
    }

    /// Deletes all session rows of an identity. Gives their ids.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete_sessions(
        &self,
        identity: IdentityId,
    ) -> Result<Vec<SessionId>, StoreError> {
        let ended: Vec<Uuid> =
            query_scalar("DELETE FROM sessions WHERE identity_id = $1 RETURNING id")
                .bind(identity.uuid())
                .fetch_all(&self.writer)
                .await?;
        Ok(ended.into_iter().map(SessionId::from_uuid).collect())
    }

    /// Up to `count` sessions of an identity after the first `skip`, newest first, and how many
    /// there are in all. `active` asks for those that count at the given time, or those that do
    /// not; `except` leaves one out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sessions_of(
        &self,
        identity: IdentityId,
        active: Option<(bool, Timestamp)>,
        except: Option<SessionId>,
        skip: u32,
        count: u32,
    ) -> Result<(Vec<Session>, u64), StoreError> {
        let wanted = active.map(|(wanted, _)| i64::from(wanted));
        let at = active.map_or(0, |(_, at)| micros(at));
        let statement = "SELECT COUNT(*) FROM sessions WHERE identity_id = $1 \
            AND ($2 IS NULL OR id <> $2) \
            AND ($3 IS NULL OR (CASE WHEN active = 1 AND expires_at > $4 THEN 1 ELSE 0 END) = $3)";
        let total: i64 = query_scalar(statement)
            .bind(identity.uuid())
            .bind(except.map(SessionId::uuid))
            .bind(wanted)
            .bind(at)
            .fetch_one(&self.reader)
            .await?;
        let statement = select_sessions!(
            "WHERE identity_id = $1 \
            AND ($2 IS NULL OR id <> $2) \
            AND ($3 IS NULL OR (CASE WHEN active = 1 AND expires_at > $4 THEN 1 ELSE 0 END) = $3) \
            ORDER BY issued_at DESC, id DESC LIMIT $5 OFFSET $6"
        );
        let rows: Vec<SessionRow> = query(statement)
            .bind(identity.uuid())
            .bind(except.map(SessionId::uuid))
            .bind(wanted)
            .bind(at)
            .bind(i64::from(count))
            .bind(i64::from(skip))
            .fetch_all(&self.reader)
            .await?;
        let sessions: Result<Vec<Session>, StoreError> =
            rows.into_iter().map(SessionRow::read).collect();
        Ok((sessions?, u64::try_from(total).unwrap_or(0)))
    }
}

async fn insert_token(
    tx: &mut Transaction,
    session: SessionId,
    token: TokenHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    let statement = "INSERT INTO session_tokens (hash, session_id, issued_at) VALUES ($1, $2, $3)";
    query(statement)
        .bind(token.as_bytes().as_slice())
        .bind(session.uuid())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
    Ok(())
}

async fn identity_is_active(tx: &mut Transaction, id: IdentityId) -> Result<bool, StoreError> {
    let row: Option<IdentityRow> = query(select_identities!("WHERE id = $1"))
        .bind(id.uuid())
        .fetch_optional(&mut *tx)
        .await?;
    let identity = row.map(IdentityRow::read).transpose()?;
    Ok(identity.is_some_and(|identity| identity.is_active()))
}
