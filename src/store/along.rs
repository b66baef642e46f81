//! What is stored in the same transaction as the change that it belongs to: a mail that announces
//! a change is there exactly if the change is.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::pool::Transaction;
use super::row::{micros, seal_context, seal_json};
use super::sql::query;
use super::{FlowRow, NewCode, SentAddress, Store, StoreError};
use crate::identity::{Channel, MailId};

/// What goes along with a change of an identity or a flow; nothing by default.
#[derive(Clone, Debug, Default)]
pub struct Along {
    /// Messages that tell of the change.
    pub mails: Vec<Outgoing>,
    /// Codes that these messages hold.
    pub codes: Vec<NewCode>,
    /// New flows that these codes are for.
    pub flows: Vec<FlowRow>,
    /// Changed flows. Nothing at all is stored when one of them changed since it was read.
    pub saves: Vec<FlowRow>,
    /// Addresses that these messages go to, whose owners are to be told so.
    pub sent: Vec<SentAddress>,
}

/// A message that is ready to be sent.
#[derive(Clone)]
pub struct Outgoing {
    /// Names it; also its `Message-ID`, so that a mail sent twice can be told.
    pub id: MailId,
    /// What it is about, in Kratos' words: `recovery_code_valid`, ...
    pub template_type: &'static str,
    /// How it is sent.
    pub channel: Channel,
    /// To which address or number.
    pub recipient: String,
    /// What it says.
    pub content: MailContent,
    /// When it was written.
    pub created_at: Timestamp,
}

/// What a message says. It may hold codes: it is stored sealed and never shown by `Debug`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MailContent {
    /// The subject; empty for text messages.
    pub subject: String,
    /// The text.
    pub plain: String,
    /// The same as HTML; none for text messages.
    pub html: Option<String>,
    /// The values that it was made of, for webhooks.
    pub data: Value,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("id", &self.id)
            .field("template_type", &self.template_type)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MailContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[content]")
    }
}

impl From<Outgoing> for Along {
    fn from(mail: Outgoing) -> Self {
        Self {
            mails: vec![mail],
            ..Self::default()
        }
    }
}

/// What sealed content is bound to.
pub(super) const MAIL: &str = "mail";

impl Store {
    /// Stores messages that belong to no other change.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn post(&self, along: &Along) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        self.write_along(&mut tx, along).await?;
        tx.commit().await?;
        self.announce(along);
        Ok(())
    }

    /// Is told of each commit with messages in it: who sends them need not wait for the next look.
    #[must_use]
    pub fn mails_posted(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }

    /// Call it after the commit.
    pub(super) fn announce(&self, along: &Along) {
        if !along.mails.is_empty() {
            self.bell.send_replace(());
        }
    }

    pub(super) async fn write_along(
        &self,
        tx: &mut Transaction,
        along: &Along,
    ) -> Result<(), StoreError> {
        for flow in &along.flows {
            self.insert_flow(tx, flow).await?;
        }
        for flow in &along.saves {
            if !self.update_flow(tx, flow).await? {
                return Err(StoreError::Stale);
            }
        }
        for mail in &along.mails {
            self.insert_mail(tx, mail).await?;
        }
        for address in &along.sent {
            self.note_sent(tx, address).await?;
        }
        self.write_codes(tx, &along.codes).await
    }

    async fn insert_mail(&self, tx: &mut Transaction, mail: &Outgoing) -> Result<(), StoreError> {
        let statement = "INSERT INTO mails (id, status, channel, recipient, template_type, \
            content, send_count, due_at, claim, created_at, updated_at) \
            VALUES ($1, 'queued', $2, $3, $4, $5, 0, $6, NULL, $6, $6)";
        let content = serde_json::to_value(&mail.content);
        let content = content.map_err(|_| StoreError::Corrupt { what: MAIL })?;
        let context = seal_context(mail.id.uuid(), MAIL);
        query(statement)
            .bind(mail.id.uuid())
            .bind(mail.channel.as_str())
            .bind(&mail.recipient)
            .bind(mail.template_type)
            .bind(seal_json(&self.keys, &context, &content, MAIL)?)
            .bind(micros(mail.created_at))
            .execute(&mut *tx)
            .await?;
        Ok(())
    }
}
