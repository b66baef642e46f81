//! The demo's mailbox: what was written to anybody, for whoever sits at the machine.

use super::answer::Failure;
use super::service::{Service, internal};
use crate::store::{MailFilter, MailRecord};

/// Messages that the mailbox shows.
const SHOWN: u32 = 50;

/// A message as the mailbox shows it.
#[derive(Clone, Debug)]
pub struct MailboxItem {
    /// Names it.
    pub id: String,
    /// To which address or number.
    pub to: String,
    /// The subject; of text messages, how they begin.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// The code in it.
    pub code: Option<String>,
    /// The link in it.
    pub url: Option<String>,
    /// When it was written.
    pub written_at: jiff::Timestamp,
}

impl Service {
    /// The last messages, newest first. For the demo alone: it shows everybody's codes.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn mailbox(&self) -> Result<Vec<MailboxItem>, Failure> {
        let all = MailFilter::default();
        let page = self.store.mails(&all, None, SHOWN).await;
        let page = page.map_err(internal)?;
        Ok(page.items.into_iter().filter_map(item).collect())
    }
}

fn item(mail: MailRecord) -> Option<MailboxItem> {
    let content = mail.content?;
    let value = |suffix: &str| {
        let values = content.data.as_object()?;
        let mut named = values.iter().filter(|(name, _)| name.ends_with(suffix));
        let (_, value) = named.find(|(name, _)| *name != "request_url")?;
        value.as_str().map(str::to_owned)
    };
    let first_line = content.plain.lines().next().unwrap_or_default();
    let subject = if content.subject.is_empty() {
        first_line.to_owned()
    } else {
        content.subject.clone()
    };
    Some(MailboxItem {
        id: mail.id.to_string(),
        to: mail.recipient,
        subject,
        code: value("_code"),
        url: value("_url"),
        text: content.plain,
        written_at: mail.created_at,
    })
}
