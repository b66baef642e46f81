//! Guessing: tries are counted, and codes are taken once.

use std::time::Duration;

use jiff::Timestamp;

use super::row::{micros, time};
use super::sql::{query, query_scalar};
use super::{Store, StoreError};
use crate::identity::IdentityId;
use crate::identity::session::{earlier, later};
use crate::identity::throttle::{Limit, ThrottleKind};

/// Whether a try may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It may. It is counted already; tell [`Store::forgive`] when it was right.
    Allowed,
    /// Too many tries were wrong. Even the right answer is refused.
    Refused {
        /// Until this time has passed.
        retry_after: Duration,
    },
}

impl Store {
    /// Counts a try **before** anything is compared, and commits. `subject` is whom the tries are
    /// counted against: an identity's bytes, with those of a known browser where it has one, or a
    /// client address.
    ///
    /// # Errors
    /// When the database does not answer; then nothing may be compared.
    pub async fn count_try(
        &self,
        kind: ThrottleKind,
        subject: &[u8],
        limit: Limit,
        now: Timestamp,
    ) -> Result<Tried, StoreError> {
        let over = micros(earlier(now, limit.per));
        let statement = "INSERT INTO throttles (kind, subject, started_at, tries) \
            VALUES ($1, $2, $3, 1) ON CONFLICT (kind, subject) DO UPDATE SET \
            tries = CASE WHEN throttles.started_at <= $4 THEN 1 ELSE throttles.tries + 1 END, \
            started_at = CASE WHEN throttles.started_at <= $4 THEN $3 \
                ELSE throttles.started_at END \
            RETURNING tries, started_at";
        let (tries, started_at): (i64, i64) = query(statement)
            .bind(kind.as_str())
            .bind(subject)
            .bind(micros(now))
            .bind(over)
            .fetch_one(&self.writer)
            .await?;
        if tries <= i64::from(limit.tries) {
            return Ok(Tried::Allowed);
        }
        let until = later(time(started_at)?, limit.per);
        let left = until.duration_since(now).unsigned_abs();
        Ok(Tried::Refused { retry_after: left })
    }

    /// A try was right. An identity's count starts anew; an address gets only this one try back,
    /// so that one known password does not pay for guessing others.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forgive(&self, kind: ThrottleKind, subject: &[u8]) -> Result<(), StoreError> {
        let statement = match kind {
            ThrottleKind::Password | ThrottleKind::SecondFactor | ThrottleKind::Code => {
                "DELETE FROM throttles WHERE kind = $1 AND subject = $2"
            }
            ThrottleKind::Address | ThrottleKind::Mail | ThrottleKind::MailFrom => {
                "UPDATE throttles SET tries = tries - 1 \
                 WHERE kind = $1 AND subject = $2 AND tries > 0"
            }
        };
        query(statement)
            .bind(kind.as_str())
            .bind(subject)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// The last time step whose TOTP code was taken.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn last_totp_step(&self, identity: IdentityId) -> Result<Option<i64>, StoreError> {
        let step = query_scalar("SELECT step FROM totp_steps WHERE identity_id = $1")
            .bind(identity.uuid())
            .fetch_optional(&self.reader)
            .await?;
        Ok(step)
    }

    /// Takes the TOTP code of a time step, once. `false` when it, or a later one, was taken:
    /// then the code must be refused.
    ///
    /// # Errors
    /// When the database does not answer; then the code must be refused.
    pub async fn take_totp_step(
        &self,
        identity: IdentityId,
        step: i64,
    ) -> Result<bool, StoreError> {
        let statement = "INSERT INTO totp_steps (identity_id, step) VALUES ($1, $2) \
            ON CONFLICT (identity_id) DO UPDATE SET step = $2 WHERE totp_steps.step < $2";
        let rows = query(statement)
            .bind(identity.uuid())
            .bind(step)
            .execute(&self.writer)
            .await?;
        Ok(rows == 1)
    }
}
