//! A message as it goes over the wire (RFC 5322).

use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use super::Config;
use super::delivery::DeliveryError;
use crate::store::{MailContent, TakenMail};

/// Writes it. Addresses that are none, or would bring headers of their own, are refused.
pub(super) fn letter(
    mail: &TakenMail,
    content: &MailContent,
    config: &Config,
) -> Result<Message, DeliveryError> {
    let to = address(&mail.recipient, "recipient")?;
    let from = address(&config.from.address, "sender")?;
    let domain = from.domain().to_owned();
    let mut builder = Message::builder()
        .from(Mailbox::new(config.from.name.clone(), from))
        .to(Mailbox::new(None, to))
        .subject(content.subject.clone())
        .date(written_at(mail))
        .message_id(Some(format!("<{}@{domain}>", mail.id)))
        // Nobody answers an out-of-office note to this (RFC 3834).
        .raw_header(header("Auto-Submitted", "auto-generated")?);
    for (name, value) in &config.headers {
        builder = builder.raw_header(header(name, value)?);
    }
    let plain = content.plain.clone();
    let written = match content.html.clone() {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(plain, html)),
        None => builder.body(plain),
    };
    written.map_err(|error| DeliveryError::lasting(&error))
}

fn address(text: &str, what: &str) -> Result<Address, DeliveryError> {
    // The address itself is not in the reason: the log shows none.
    let refused = || DeliveryError::Final(format!("the {what} is no mail address"));
    text.parse().map_err(|_| refused())
}

/// Whether a mail can have this header.
#[must_use]
pub fn is_header(name: &str, value: &str) -> bool {
    header(name, value).is_ok()
}

fn header(name: &str, value: &str) -> Result<HeaderValue, DeliveryError> {
    let refused = || DeliveryError::Final(format!("`{name}` is no mail header"));
    if value.chars().any(char::is_control) {
        return Err(refused());
    }
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|_| refused())?;
    Ok(HeaderValue::new(name, value.to_owned()))
}

fn written_at(mail: &TakenMail) -> SystemTime {
    let micros = u64::try_from(mail.created_at.as_microsecond()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros)
}
