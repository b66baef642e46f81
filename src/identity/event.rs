//! What happened to identities and sessions, for those who keep copies of it.
//!
//! An event is told after the change is committed and before the answer leaves, so that whoever
//! asks next finds no stale copy.

use super::id::{IdentityId, SessionId};

/// A change that makes what others remember wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityEvent {
    /// A session was revoked, logged out, deleted or lost its token.
    SessionEnded {
        /// Which one.
        session: SessionId,
        /// Whose.
        identity: IdentityId,
    },
    /// A session completed a step, was extended, or got another token.
    SessionChanged {
        /// Which one.
        session: SessionId,
        /// Whose.
        identity: IdentityId,
    },
    /// Credentials changed, so that other levels are available; concerns every session of the
    /// identity.
    FactorsChanged {
        /// Whose.
        identity: IdentityId,
    },
    /// Traits, metadata or state changed, or the identity is gone; concerns every session of it.
    IdentityChanged {
        /// Which one.
        identity: IdentityId,
    },
}

/// Is told of every change, synchronously. It must neither block nor fail.
pub trait Listener: Send + Sync {
    /// Takes note of a committed change.
    fn on_event(&self, event: &IdentityEvent);
}

/// Nobody keeps copies.
impl Listener for () {
    fn on_event(&self, _event: &IdentityEvent) {}
}
