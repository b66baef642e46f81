//! Mail and text messages: what they say, and how they go out.
//!
//! [`Courier::compose`] writes a message and does nothing else, so that it can be stored in the
//! same transaction as the change that it tells of. What is stored is sent later, by a worker.

mod compose;
mod config;
mod delivery;
mod folder;
mod layout;
mod letter;
mod overrides;
mod smtp;
mod template;
mod webhook;
mod worker;

pub use compose::{Courier, MailData, Recipient, language_of};
pub use config::{Config, Desk, Encryption, HttpService, Sender, SmtpServer, Way};
pub use letter::is_header;
pub use overrides::{Overrides, Part, TemplateFlaw, TemplateLanguage};
pub use template::Template;
pub use worker::Worker;

use crate::locale::TextError;

/// What keeps the courier from starting.
#[derive(Debug, thiserror::Error)]
pub enum CourierError {
    /// A text that is compiled in is broken.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A template does not read.
    #[error("a mail template does not read: {0}")]
    Template(#[from] minijinja::Error),
}

#[cfg(test)]
mod tests;
