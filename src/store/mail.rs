//! Messages on their way: who sends which, and what came of it.
//!
//! A worker takes a message by one conditional write, which counts the try and gives it a lease.
//! The commit comes before the sending, so that two workers never send at the same time, and a
//! worker that dies uses up one of a message's tries. When the lease is over, others may take the
//! message; what a late worker says then does not count any more.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use super::along::MAIL;
use super::row::{micros, open_json, seal_context, time};
use super::sql::query;
use super::{MailContent, Store, StoreError};
use crate::identity::{Channel, MailId};

/// A message that this worker alone may send, until its lease is over.
#[derive(Clone, Debug)]
pub struct TakenMail {
    /// Names it.
    pub id: MailId,
    /// How it is sent.
    pub channel: Channel,
    /// To which address or number.
    pub recipient: String,
    /// What it is about.
    pub template_type: String,
    /// What it says; `None` when it can't be read any more.
    pub content: Option<MailContent>,
    /// How often it was tried, this time included.
    pub tries: u32,
    /// When it was written.
    pub created_at: Timestamp,
    lease: Uuid,
}

/// What comes after a try that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// Another try, not before this time.
    TryAgain(Timestamp),
    /// Nothing: it is given up.
    Abandon,
}

/// Which messages to take.
#[derive(Clone, Copy, Debug)]
pub struct MailsWanted {
    /// Of this channel.
    pub channel: Channel,
    /// So many at most.
    pub count: u32,
    /// Tried less often than this; what was tried more often and not finished is given up.
    pub max_tries: u32,
    /// For how long nobody else may take them.
    pub lease: Duration,
}

#[derive(FromRow)]
struct TakenRow {
    id: Uuid,
    channel: String,
    recipient: String,
    template_type: String,
    content: String,
    send_count: i64,
    created_at: i64,
}

impl Store {
    /// Takes messages that are due, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_mails(
        &self,
        wanted: MailsWanted,
        now: Timestamp,
    ) -> Result<Vec<TakenMail>, StoreError> {
        if !self.has_due_mail(wanted.channel, now).await? {
            return Ok(Vec::new());
        }
        self.abandon_worn_out(wanted, now).await?;
        let lease = Uuid::new_v4();
        let until = now.checked_add(wanted.lease).unwrap_or(Timestamp::MAX);
        // The outer condition decides: on PostgreSQL another worker may have taken the row since
        // the inner one saw it.
        let statement = "UPDATE mails SET status = 'processing', claim = $1, due_at = $2, \
            send_count = send_count + 1, updated_at = $3 \
            WHERE due_at <= $3 AND status IN ('queued', 'processing') AND id IN \
            (SELECT id FROM mails WHERE channel = $4 AND status IN ('queued', 'processing') \
             AND due_at <= $3 ORDER BY due_at, id LIMIT $5) \
            RETURNING id, channel, recipient, template_type, content, send_count, created_at";
        let rows: Vec<TakenRow> = query(statement)
            .bind(lease)
            .bind(micros(until))
            .bind(micros(now))
            .bind(wanted.channel.as_str())
            .bind(i64::from(wanted.count))
            .fetch_all(&self.writer)
            .await?;
        let mut taken = Vec::with_capacity(rows.len());
        for row in rows {
            taken.push(self.read_taken(row, lease)?);
        }
        taken.sort_by_key(|mail| (mail.created_at, mail.id));
        Ok(taken)
    }

    /// Spares the writer where there is nothing to do, which is nearly always.
    async fn has_due_mail(&self, channel: Channel, now: Timestamp) -> Result<bool, StoreError> {
        let statement = "SELECT id FROM mails WHERE channel = $1 \
            AND status IN ('queued', 'processing') AND due_at <= $2 LIMIT 1";
        let row: Option<(Uuid,)> = query(statement)
            .bind(channel.as_str())
            .bind(micros(now))
            .fetch_optional(&self.reader)
            .await?;
        Ok(row.is_some())
    }

    /// Gives up what was taken for its last try and never finished: its worker died.
    async fn abandon_worn_out(
        &self,
        wanted: MailsWanted,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = "UPDATE mails SET status = 'abandoned', claim = NULL, updated_at = $1 \
            WHERE channel = $2 AND status = 'processing' AND due_at <= $1 AND send_count >= $3";
        query(statement)
            .bind(micros(now))
            .bind(wanted.channel.as_str())
            .bind(i64::from(wanted.max_tries))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    fn read_taken(&self, row: TakenRow, lease: Uuid) -> Result<TakenMail, StoreError> {
        Ok(TakenMail {
            id: MailId::from_uuid(row.id),
            channel: Channel::parse(&row.channel).ok_or(StoreError::Corrupt { what: MAIL })?,
            recipient: row.recipient,
            template_type: row.template_type,
            // One message that can't be opened must not stop the others.
            content: self.open_mail(row.id, &row.content),
            tries: u32::try_from(row.send_count).unwrap_or(u32::MAX),
            created_at: time(row.created_at)?,
            lease,
        })
    }

    pub(super) fn open_mail(&self, id: Uuid, sealed: &str) -> Option<MailContent> {
        let context = seal_context(id, MAIL);
        let content = open_json(&self.keys, &context, sealed, MAIL).ok()?;
        serde_json::from_value(content).ok()
    }

    /// Notes that a message was sent. `false`, and nothing is noted, when its lease was over.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mail_sent(&self, mail: &TakenMail, now: Timestamp) -> Result<bool, StoreError> {
        self.end_try(mail, "sent", None, now, now).await
    }

    /// Notes that a try failed, and why. `false`, and nothing is noted, when its lease was over.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mail_failed(
        &self,
        mail: &TakenMail,
        error: &str,
        after: AfterFailure,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (status, due_at) = match after {
            AfterFailure::TryAgain(at) => ("queued", at),
            AfterFailure::Abandon => ("abandoned", now),
        };
        self.end_try(mail, status, Some(error), due_at, now).await
    }

    async fn end_try(
        &self,
        mail: &TakenMail,
        status: &str,
        error: Option<&str>,
        due_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let statement = "UPDATE mails SET status = $3, claim = NULL, due_at = $4, updated_at = $5 \
                         WHERE id = $1 AND claim = $2 AND status = 'processing'";
        let rows = query(statement)
            .bind(mail.id.uuid())
            .bind(mail.lease)
            .bind(status)
            .bind(micros(due_at))
            .bind(micros(now))
            .execute(&mut tx)
            .await?;
        if rows != 1 {
            return Ok(false);
        }
        let statement = "INSERT INTO mail_dispatches (id, mail_id, status, error, created_at) \
                         VALUES ($1, $2, $3, $4, $5)";
        query(statement)
            .bind(Uuid::new_v4())
            .bind(mail.id.uuid())
            .bind(if error.is_some() { "failed" } else { "success" })
            .bind(error)
            .bind(micros(now))
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }
}
