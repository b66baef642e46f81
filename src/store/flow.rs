//! Self-service flows, stored errors, and what is parked while somebody signs in again.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use super::pool::Transaction;
use super::row::{micros, open_json, read_json, seal_context, seal_json, time, write_json};
use super::sql::query;
use super::{Along, Store, StoreError};
use crate::identity::{ErrorId, FlowId, IdentityId};

/// A stored flow. What it is about is the business of the flows; the store keeps it sealed.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowRow {
    /// Names it.
    pub id: FlowId,
    /// The word for its kind.
    pub kind: &'static str,
    /// Counts its stored changes; kept by the store.
    pub version: i64,
    /// Everything else.
    pub state: Value,
    /// When it began.
    pub issued_at: Timestamp,
    /// From here on it can only be replaced.
    pub expires_at: Timestamp,
}

#[derive(FromRow)]
struct StoredFlow {
    version: i64,
    state: String,
    issued_at: i64,
    expires_at: i64,
}

/// What waits for somebody to sign in again.
#[derive(Clone, Debug, PartialEq)]
pub struct Parked {
    /// Names it; the cookie holds it.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// Who may take it.
    pub identity: Option<IdentityId>,
    /// The thing itself.
    pub payload: Value,
    /// From here on it is worth nothing.
    pub expires_at: Timestamp,
}

#[derive(FromRow)]
struct StoredParked {
    identity_id: Option<Uuid>,
    payload: String,
    expires_at: i64,
}

impl Store {
    /// Stores a new flow.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn create_flow(&self, flow: &FlowRow) -> Result<(), StoreError> {
        self.create_flow_with(flow, &Along::default()).await
    }

    /// [`Store::create_flow`] together with what goes along with it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn create_flow_with(&self, flow: &FlowRow, along: &Along) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        self.insert_flow(&mut tx, flow).await?;
        self.write_along(&mut tx, along).await?;
        tx.commit().await?;
        self.announce(along);
        Ok(())
    }

    pub(super) async fn insert_flow(
        &self,
        tx: &mut Transaction,
        flow: &FlowRow,
    ) -> Result<(), StoreError> {
        let statement = "INSERT INTO flows (id, kind, version, state, issued_at, expires_at) \
                         VALUES ($1, $2, $3, $4, $5, $6)";
        query(statement)
            .bind(flow.id.uuid())
            .bind(flow.kind)
            .bind(flow.version)
            .bind(self.seal_flow(flow)?)
            .bind(micros(flow.issued_at))
            .bind(micros(flow.expires_at))
            .execute(tx)
            .await?;
        Ok(())
    }

    /// The flow of this id and kind, expired or not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn flow(
        &self,
        kind: &'static str,
        id: FlowId,
    ) -> Result<Option<FlowRow>, StoreError> {
        let statement = "SELECT version, state, issued_at, expires_at FROM flows \
                         WHERE id = $1 AND kind = $2";
        let row: Option<StoredFlow> = query(statement)
            .bind(id.uuid())
            .bind(kind)
            .fetch_optional(&self.reader)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let context = seal_context(id.uuid(), kind);
        Ok(Some(FlowRow {
            id,
            kind,
            version: row.version,
            state: open_json(&self.keys, &context, &row.state, "flow")?,
            issued_at: time(row.issued_at)?,
            expires_at: time(row.expires_at)?,
        }))
    }

    /// Stores a changed flow and counts its version up. `false`, and nothing is stored, when it
    /// was changed since it was read: of two submissions one wins.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn save_flow(&self, flow: &mut FlowRow) -> Result<bool, StoreError> {
        self.save_flow_with(flow, &Along::default()).await
    }

    /// [`Store::save_flow`] together with what goes along with it; where the flow is not stored,
    /// neither is that.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn save_flow_with(
        &self,
        flow: &mut FlowRow,
        along: &Along,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        if !self.update_flow(&mut tx, flow).await? {
            return Ok(false);
        }
        self.write_along(&mut tx, along).await?;
        tx.commit().await?;
        self.announce(along);
        flow.version += 1;
        Ok(true)
    }

    pub(super) async fn update_flow(
        &self,
        tx: &mut Transaction,
        flow: &FlowRow,
    ) -> Result<bool, StoreError> {
        let statement = "UPDATE flows SET version = version + 1, state = $4, expires_at = $5 \
                         WHERE id = $1 AND kind = $2 AND version = $3";
        let rows = query(statement)
            .bind(flow.id.uuid())
            .bind(flow.kind)
            .bind(flow.version)
            .bind(self.seal_flow(flow)?)
            .bind(micros(flow.expires_at))
            .execute(tx)
            .await?;
        Ok(rows == 1)
    }

    fn seal_flow(&self, flow: &FlowRow) -> Result<String, StoreError> {
        let context = seal_context(flow.id.uuid(), flow.kind);
        seal_json(&self.keys, &context, &flow.state, "flow")
    }

    /// Stores an error for the page that explains it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn create_error(&self, body: &Value, now: Timestamp) -> Result<ErrorId, StoreError> {
        let id = ErrorId::random();
        query("INSERT INTO errors (id, body, created_at) VALUES ($1, $2, $3)")
            .bind(id.uuid())
            .bind(write_json(body, "error")?)
            .bind(micros(now))
            .execute(&self.writer)
            .await?;
        Ok(id)
    }

    /// A stored error and when it happened.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn error(&self, id: ErrorId) -> Result<Option<(Value, Timestamp)>, StoreError> {
        let row: Option<(String, i64)> = query("SELECT body, created_at FROM errors WHERE id = $1")
            .bind(id.uuid())
            .fetch_optional(&self.reader)
            .await?;
        let Some((body, at)) = row else {
            return Ok(None);
        };
        Ok(Some((read_json(&body, "error")?, time(at)?)))
    }

    /// Parks something until somebody has signed in again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn park(&self, parked: &Parked) -> Result<(), StoreError> {
        let statement = "INSERT INTO continuity (id, name, identity_id, payload, expires_at) \
                         VALUES ($1, $2, $3, $4, $5)";
        let context = seal_context(parked.id, &parked.name);
        query(statement)
            .bind(parked.id)
            .bind(&parked.name)
            .bind(parked.identity.map(IdentityId::uuid))
            .bind(seal_json(&self.keys, &context, &parked.payload, "payload")?)
            .bind(micros(parked.expires_at))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Takes what was parked, once: whoever comes second, comes too late, or is somebody else
    /// gets nothing. Somebody else leaves it where it is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_parked(
        &self,
        id: Uuid,
        name: &str,
        identity: Option<IdentityId>,
        now: Timestamp,
    ) -> Result<Option<Parked>, StoreError> {
        let statement = "DELETE FROM continuity WHERE id = $1 AND name = $2 AND expires_at > $3 \
            AND (identity_id IS NULL OR identity_id = $4) \
            RETURNING identity_id, payload, expires_at";
        let row: Option<StoredParked> = query(statement)
            .bind(id)
            .bind(name)
            .bind(micros(now))
            .bind(identity.map(IdentityId::uuid))
            .fetch_optional(&self.writer)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let context = seal_context(id, name);
        Ok(Some(Parked {
            id,
            name: name.to_owned(),
            identity: row.identity_id.map(IdentityId::from_uuid),
            payload: open_json(&self.keys, &context, &row.payload, "payload")?,
            expires_at: time(row.expires_at)?,
        }))
    }
}
