//! Messages: what a form says to the person, by a number that clients translate.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One sentence of a form, on the form itself or on one of its nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Kratos' number; clients translate by it.
    pub id: u32,
    /// The sentence in English.
    pub text: String,
    /// How to show it.
    #[serde(rename = "type")]
    pub kind: MessageKind,
    /// Values that the sentence was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Value>,
}

/// How a message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    /// Says what to do.
    Info,
    /// Says what was wrong.
    Error,
    /// Says that it worked.
    Success,
}

impl Message {
    /// An informing message without context.
    #[must_use]
    pub fn info(id: u32, text: impl Into<String>) -> Self {
        Self::new(id, text, MessageKind::Info)
    }

    /// A message about something that was wrong, without context.
    #[must_use]
    pub fn error(id: u32, text: impl Into<String>) -> Self {
        Self::new(id, text, MessageKind::Error)
    }

    /// A message about something that worked, without context.
    #[must_use]
    pub fn success(id: u32, text: impl Into<String>) -> Self {
        Self::new(id, text, MessageKind::Success)
    }

    fn new(id: u32, text: impl Into<String>, kind: MessageKind) -> Self {
        Self {
            id,
            text: text.into(),
            kind,
            context: None,
        }
    }

    /// The same message with the values that it speaks of.
    #[must_use]
    pub fn with(mut self, context: Value) -> Self {
        self.context = Some(context);
        self
    }
}
