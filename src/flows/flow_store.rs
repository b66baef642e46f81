//! Flows in the store.

use super::answer::Failure;
use super::record::FlowRecord;
use super::service::{Service, internal};
use crate::contract::FlowKind;
use crate::identity::FlowId;
use crate::store::{Along, FlowRow};

/// How often a flow is used up anew after others wrote to it: more than a flow has tries.
const CONSUME_TRIES: usize = 64;

impl Service {
    pub(super) async fn insert_flow(&self, record: &FlowRecord) -> Result<(), Failure> {
        self.insert_flow_with(record, &Along::default()).await
    }

    /// Stores a new flow together with what it announces.
    pub(super) async fn insert_flow_with(
        &self,
        record: &FlowRecord,
        along: &Along,
    ) -> Result<(), Failure> {
        let row = Self::row_of(record)?;
        let stored = self.store.create_flow_with(&row, along).await;
        stored.map_err(internal)
    }

    pub(super) async fn load_flow(
        &self,
        kind: FlowKind,
        id: FlowId,
    ) -> Result<Option<FlowRecord>, Failure> {
        let found = self.store.flow(kind.as_str(), id).await.map_err(internal)?;
        let Some(row) = found else { return Ok(None) };
        let mut record: FlowRecord = serde_json::from_value(row.state).map_err(internal)?;
        record.version = row.version;
        Ok(Some(record))
    }

    /// Stores a changed flow. `false`, and nothing is stored, when another request changed it
    /// since it was read.
    pub(super) async fn save_flow(&self, record: &mut FlowRecord) -> Result<bool, Failure> {
        self.save_flow_with(record, &Along::default()).await
    }

    /// [`Service::save_flow`] together with what the change announces.
    pub(super) async fn save_flow_with(
        &self,
        record: &mut FlowRecord,
        along: &Along,
    ) -> Result<bool, Failure> {
        record.updated_at = self.now();
        let mut row = Self::row_of(record)?;
        let saved = self.store.save_flow_with(&mut row, along).await;
        let saved = saved.map_err(internal)?;
        record.version = row.version;
        Ok(saved)
    }

    /// Uses a flow up. `false` when another request was first.
    pub(super) async fn consume_flow(&self, record: &mut FlowRecord) -> Result<bool, Failure> {
        self.consume_flow_with(record, &Along::default()).await
    }

    /// [`Service::consume_flow`] together with what it announces. A request that only wrote down
    /// a wrong try in the meantime was not first.
    pub(super) async fn consume_flow_with(
        &self,
        record: &mut FlowRecord,
        along: &Along,
    ) -> Result<bool, Failure> {
        record.consumed = true;
        for _ in 0..CONSUME_TRIES {
            if self.save_flow_with(record, along).await? {
                return Ok(true);
            }
            match self.load_flow(record.kind, record.id).await? {
                Some(stored) if !stored.consumed => record.version = stored.version,
                Some(_) | None => return Ok(false),
            }
        }
        Ok(false)
    }

    pub(super) fn row_of(record: &FlowRecord) -> Result<FlowRow, Failure> {
        Ok(FlowRow {
            id: record.id,
            kind: record.kind.as_str(),
            version: record.version,
            state: serde_json::to_value(record).map_err(internal)?,
            issued_at: record.issued_at,
            expires_at: record.expires_at,
        })
    }
}
