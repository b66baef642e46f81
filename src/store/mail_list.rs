//! Messages as operators see them.

use jiff::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use super::row::{micros, time};
use super::sql::query;
use super::{MailContent, Page, Store, StoreError};
use crate::identity::MailId;

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailStatus {
    /// It waits for its turn or for another try.
    Queued,
    /// A worker has it.
    Processing,
    /// The next server took it.
    Sent,
    /// It was given up.
    Abandoned,
}

impl MailStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Processing, Self::Sent, Self::Abandoned];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Sent => "sent",
            Self::Abandoned => "abandoned",
        }
    }

    /// Reads the word on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// A stored message.
#[derive(Clone, Debug)]
pub struct MailRecord {
    /// Names it.
    pub id: MailId,
    /// How far it has come.
    pub status: MailStatus,
    /// `email` or `sms`.
    pub channel: String,
    /// To which address or number.
    pub recipient: String,
    /// What it is about.
    pub template_type: String,
    /// What it says; `None` when it can't be read any more.
    pub content: Option<MailContent>,
    /// How often it was tried.
    pub send_count: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A try to send a message.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Names it.
    pub id: Uuid,
    /// Why it failed; `None` when it did not.
    pub error: Option<String>,
    /// When it was.
    pub at: Timestamp,
}

/// Which messages are meant.
#[derive(Clone, Debug, Default)]
pub struct MailFilter {
    /// Those of this status.
    pub status: Option<MailStatus>,
    /// Those to this address or number.
    pub recipient: Option<String>,
}

/// Where a page begins: after the message that was written then and is named so.
pub type MailMark = (Timestamp, MailId);

#[derive(FromRow)]
struct MailRow {
    id: Uuid,
    status: String,
    channel: String,
    recipient: String,
    template_type: String,
    content: String,
    send_count: i64,
    created_at: i64,
    updated_at: i64,
}

#[derive(FromRow)]
struct DispatchRow {
    id: Uuid,
    error: Option<String>,
    created_at: i64,
}

// One statement for each way to look, so that each goes by its own index.
const OF_ALL: &str = "SELECT * FROM mails \
    WHERE (created_at < $1 OR (created_at = $1 AND id < $2)) AND ($3 = '' OR status = $3) \
    ORDER BY created_at DESC, id DESC LIMIT $4";
const OF_ONE: &str = "SELECT * FROM mails WHERE recipient = $5 \
    AND (created_at < $1 OR (created_at = $1 AND id < $2)) AND ($3 = '' OR status = $3) \
    ORDER BY created_at DESC, id DESC LIMIT $4";

impl Store {
    /// A page of messages, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mails(
        &self,
        filter: &MailFilter,
        after: Option<MailMark>,
        count: u32,
    ) -> Result<Page<MailRecord, MailMark>, StoreError> {
        let (mark_at, mark_id) =
            after.map_or((i64::MAX, Uuid::max()), |(at, id)| (micros(at), id.uuid()));
        let statement = match filter.recipient {
            None => query(OF_ALL),
            Some(_) => query(OF_ONE),
        };
        let mut statement = statement
            .bind(mark_at)
            .bind(mark_id)
            .bind(filter.status.map_or("", MailStatus::as_str))
            .bind(i64::from(count) + 1);
        if let Some(recipient) = &filter.recipient {
            statement = statement.bind(recipient);
        }
        let rows: Vec<MailRow> = statement.fetch_all(&self.reader).await?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let more = rows.len() > count;
        let mut items = Vec::with_capacity(rows.len().min(count));
        for row in rows.into_iter().take(count) {
            items.push(self.read_mail(row)?);
        }
        let last = items
            .last()
            .map(|mail: &MailRecord| (mail.created_at, mail.id));
        Ok(Page {
            next: last.filter(|_| more),
            items,
        })
    }

    /// One message and the tries to send it, in order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mail(
        &self,
        id: MailId,
    ) -> Result<Option<(MailRecord, Vec<Dispatch>)>, StoreError> {
        let row: Option<MailRow> = query("SELECT * FROM mails WHERE id = $1")
            .bind(id.uuid())
            .fetch_optional(&self.reader)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let statement = "SELECT id, error, created_at FROM mail_dispatches WHERE mail_id = $1 \
                         ORDER BY created_at, id";
        let rows: Vec<DispatchRow> = query(statement)
            .bind(id.uuid())
            .fetch_all(&self.reader)
            .await?;
        let mut dispatches = Vec::with_capacity(rows.len());
        for row in rows {
            dispatches.push(Dispatch {
                id: row.id,
                error: row.error,
                at: time(row.created_at)?,
            });
        }
        Ok(Some((self.read_mail(row)?, dispatches)))
    }

    fn read_mail(&self, row: MailRow) -> Result<MailRecord, StoreError> {
        let what = super::along::MAIL;
        Ok(MailRecord {
            content: self.open_mail(row.id, &row.content),
            id: MailId::from_uuid(row.id),
            status: MailStatus::parse(&row.status).ok_or(StoreError::Corrupt { what })?,
            channel: row.channel,
            recipient: row.recipient,
            template_type: row.template_type,
            send_count: row.send_count,
            created_at: time(row.created_at)?,
            updated_at: time(row.updated_at)?,
        })
    }
}
