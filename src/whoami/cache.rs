//! What is known of credentials: session facts and, apart from them, refusals and failures.

use std::sync::Arc;

use super::evictions::Evictions;
use super::key::{Key, Keyring};
use super::store::Store;
use super::{Cache, Record, ResolveError};
use crate::clock::Monotonic;

/// Answers that are no session, kept at a time. A pool of their own: made-up credentials must not
/// push sessions out.
const REFUSALS: u64 = 50_000;

/// What is known of credentials. Bounded; freshness is by our own clock, so the stores below know
/// nothing of time.
pub(super) struct Known {
    sessions: Store<Arc<Record>>,
    others: Store<Arc<Other>>,
}

/// An answer that is no session.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) what: NoSession,
    pub(super) started: u64,
    /// The latest number when the answer came.
    pub(super) landed: u64,
    pub(super) fresh_until: Monotonic,
}

/// Why there is no session.
#[derive(Clone, Debug)]
pub(super) enum NoSession {
    Worthless,
    Superseded,
    Undisclosed,
    Failed(ResolveError),
}

impl Known {
    pub(super) fn new(config: &Cache) -> Self {
        Self {
            sessions: Store::new(config.max_entries),
            others: Store::new(REFUSALS),
        }
    }

    /// The session of a credential, fresh or not, unless it was evicted.
    pub(super) fn session(
        &self,
        key: Key,
        evictions: &Evictions,
        keys: &Keyring,
    ) -> Option<Arc<Record>> {
        let record = self.sessions.find(key)?;
        let subject = record.subject();
        let about = || {
            [
                key,
                keys.of_session(&subject.session_id),
                keys.of_identity(&subject.identity_id),
            ]
        };
        evictions.allow(record.started(), about).then_some(record)
    }

    /// An answer other than a session, of whatever age, unless it was evicted.
    pub(super) fn other(&self, key: Key, evictions: &Evictions) -> Option<Arc<Other>> {
        let other = self.others.find(key)?;
        evictions.allow(other.started, || [key]).then_some(other)
    }

    pub(super) fn keep_session(&self, key: Key, record: Arc<Record>) {
        self.others.remove(key);
        self.sessions.insert(key, record);
    }

    pub(super) fn keep_other(&self, key: Key, other: Other) {
        match other.what {
            NoSession::Worthless | NoSession::Superseded | NoSession::Undisclosed => {
                self.sessions.remove(key);
            }
            // An outage says nothing of the session.
            NoSession::Failed(_) => {}
        }
        self.others.insert(key, Arc::new(other));
    }

    pub(super) fn forget(&self, key: Key) {
        self.sessions.remove(key);
        self.others.remove(key);
    }

    pub(super) fn forget_all(&self) {
        self.sessions.clear();
        self.others.clear();
    }

    /// Sessions kept, fresh or not.
    pub(super) fn sessions(&self) -> usize {
        self.sessions.len()
    }
}
