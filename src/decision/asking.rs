//! Questions about a request that was decided on a moment ago.

use std::time::Duration;

use crate::authz::{Answer, Client, ErrorId};

/// Whether somebody asks for a decision, or for the words of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asking {
    /// For a decision: it is counted, and a refusal is told to the audit log.
    #[default]
    First,
    /// For what to tell the client of a request that was refused a moment ago. Numbers and audit
    /// log have that refusal; the access log gets a line that says which it is.
    Again,
}

impl Asking {
    /// Whether the answer is a decision of its own.
    pub(super) const fn decides(self) -> bool {
        match self {
            Self::First => true,
            Self::Again => false,
        }
    }
}

/// For a client that was refused a moment ago, and would be let through by now. An answer of 200
/// would reach it in place of the application's.
pub(super) fn overtaken(client: Client) -> Answer {
    let reason = "this has just changed; ask again";
    Answer::refusal(ErrorId::IdentityUnavailable, client, None, reason)
        .with_retry_after(Duration::from_secs(1))
}
