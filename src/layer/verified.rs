//! Who asks, as the service behind the gate gets to know.

use std::sync::Arc;

use crate::aal::Aal;
use crate::policy::{RuleId, Subject};
use crate::whoami::Record;

/// The verified facts of a request, in its extensions. Only a gate makes one; a request without it
/// passed no gate, or came to a public rule without a session.
#[derive(Clone, Debug)]
pub struct Verified {
    record: Arc<Record>,
    rule: RuleId,
}

impl Verified {
    pub(super) const fn new(record: Arc<Record>, rule: RuleId) -> Self {
        Self { record, rule }
    }

    /// The identity's id.
    #[must_use]
    pub fn identity_id(&self) -> &str {
        &self.subject().identity_id
    }

    /// The session's id, never its token.
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.subject().session_id
    }

    /// The session's level.
    #[must_use]
    pub fn aal(&self) -> Aal {
        self.subject().aal
    }

    /// Everything that rules see of the session.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        self.record.subject()
    }

    /// The rule that let the request pass.
    #[must_use]
    pub const fn rule(&self) -> &RuleId {
        &self.rule
    }
}
