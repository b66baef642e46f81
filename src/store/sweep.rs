//! Clearing away what has expired.

use std::time::Duration;

use jiff::Timestamp;

use super::row::micros;
use super::sql::query;
use super::{Store, StoreError};
use crate::identity::session::earlier;

/// How many rows were cleared away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Flows.
    pub flows: u64,
    /// Sessions.
    pub sessions: u64,
    /// Everything else.
    pub others: u64,
    /// Whether there may be more: a batch was full.
    pub more: bool,
}

/// An expired flow is kept for a while: submitting it gets a new one in its place.
const FLOWS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// An expired session is kept for a while: people and operators see it in lists.
const SESSIONS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Errors are read soon or not at all.
const ERRORS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// No window of a throttle is longer.
const THROTTLES_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Operators look back a week at what was sent; nothing waits for longer than that.
const MAILS_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Who comes back late to a request that waited for a step-up is told so for a day.
const REQUESTS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Rows a statement deletes at most, so that other writers wait a moment only.
const BATCH: i64 = 500;
const FULL: u64 = BATCH.unsigned_abs();

impl Store {
    /// Clears away some of what expired long enough ago. Call it now and then, and again soon where
    /// there is more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError> {
        let flows = "DELETE FROM flows WHERE id IN \
                     (SELECT id FROM flows WHERE expires_at < $1 LIMIT $2)";
        let sessions = "DELETE FROM sessions WHERE id IN \
                        (SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2)";
        let others = [
            (
                "DELETE FROM errors WHERE id IN \
                 (SELECT id FROM errors WHERE created_at < $1 LIMIT $2)",
                ERRORS_KEPT,
            ),
            (
                "DELETE FROM continuity WHERE id IN \
                 (SELECT id FROM continuity WHERE expires_at < $1 LIMIT $2)",
                Duration::ZERO,
            ),
            (
                "DELETE FROM session_exchanges WHERE id IN \
                 (SELECT id FROM session_exchanges WHERE expires_at < $1 LIMIT $2)",
                Duration::ZERO,
            ),
            (
                "DELETE FROM codes WHERE id IN \
                 (SELECT id FROM codes WHERE expires_at < $1 LIMIT $2)",
                FLOWS_KEPT,
            ),
            (
                "DELETE FROM code_tries WHERE flow_id IN \
                 (SELECT flow_id FROM code_tries WHERE expires_at < $1 LIMIT $2)",
                FLOWS_KEPT,
            ),
            (
                "DELETE FROM throttles WHERE (kind, subject) IN \
                 (SELECT kind, subject FROM throttles WHERE started_at < $1 LIMIT $2)",
                THROTTLES_KEPT,
            ),
            (
                "DELETE FROM mails WHERE id IN (SELECT id FROM mails \
                 WHERE created_at < $1 AND status IN ('sent', 'abandoned') LIMIT $2)",
                MAILS_KEPT,
            ),
            (
                "UPDATE kept_requests SET body = NULL WHERE id_hash IN \
                 (SELECT id_hash FROM kept_requests \
                 WHERE expires_at < $1 AND body IS NOT NULL LIMIT $2)",
                Duration::ZERO,
            ),
            (
                "DELETE FROM kept_requests WHERE id_hash IN \
                 (SELECT id_hash FROM kept_requests WHERE expires_at < $1 LIMIT $2)",
                REQUESTS_KEPT,
            ),
        ];
        let mut swept = Swept {
            flows: self.sweep_one(flows, earlier(now, FLOWS_KEPT)).await?,
            sessions: self
                .sweep_one(sessions, earlier(now, SESSIONS_KEPT))
                .await?,
            ..Swept::default()
        };
        swept.more = swept.flows == FULL || swept.sessions == FULL;
        for (statement, kept) in others {
            let rows = self.sweep_one(statement, earlier(now, kept)).await?;
            swept.others += rows;
            swept.more |= rows == FULL;
        }
        Ok(swept)
    }

    async fn sweep_one(
        &self,
        statement: &'static str,
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        let rows = query(statement)
            .bind(micros(before))
            .bind(BATCH)
            .execute(&self.writer)
            .await?;
        Ok(rows)
    }
}
