//! The generation that requests are judged by.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::document::Problems;
use crate::policy::RuleSet;

/// Holds the current rules. A request takes them once and keeps them to its end.
#[derive(Debug)]
pub struct RuleStore {
    current: ArcSwap<RuleSet>,
    last: Mutex<Reload>,
    applied: AtomicU64,
    rejected: AtomicU64,
}

/// What became of the last attempt to read the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reload {
    /// When it was.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: ReloadOutcome,
}

/// What became of an attempt to read the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// They are in force, as this generation.
    Applied {
        /// The generation's number.
        generation: u64,
    },
    /// They are broken; the generation before them stays in force.
    Rejected {
        /// Everything that is wrong with them.
        problems: Problems,
    },
}

/// What became of all attempts to read the rules again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reloads {
    /// They came into force.
    pub applied: u64,
    /// They were broken.
    pub rejected: u64,
}

impl RuleStore {
    /// Puts the first rules in force, as generation 1.
    #[must_use]
    pub fn new(first: RuleSet, at: Timestamp) -> Self {
        Self {
            current: ArcSwap::from_pointee(first.numbered(1)),
            last: Mutex::new(Reload {
                at,
                outcome: ReloadOutcome::Applied { generation: 1 },
            }),
            applied: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
        }
    }

    /// The rules in force.
    #[must_use]
    pub fn current(&self) -> Arc<RuleSet> {
        self.current.load_full()
    }

    /// The rules in force, for a short look: cheaper than [`RuleStore::current`], but not to be
    /// kept.
    #[must_use]
    pub fn peek(&self) -> arc_swap::Guard<Arc<RuleSet>> {
        self.current.load()
    }

    /// Puts new rules in force, as the next generation; its number comes back.
    pub fn replace(&self, rules: RuleSet, at: Timestamp) -> u64 {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = self.current.load().number() + 1;
        self.current.store(Arc::new(rules.numbered(generation)));
        self.applied.fetch_add(1, Ordering::Relaxed);
        *last = Reload {
            at,
            outcome: ReloadOutcome::Applied { generation },
        };
        generation
    }

    /// Notes that new rules are broken. Those in force stay.
    pub fn reject(&self, problems: Problems, at: Timestamp) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Reload {
            at,
            outcome: ReloadOutcome::Rejected { problems },
        };
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    /// How often new rules came into force since the start, and how often they were broken.
    #[must_use]
    pub fn reloads(&self) -> Reloads {
        Reloads {
            applied: self.applied.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
        }
    }

    /// What became of the last attempt.
    #[must_use]
    pub fn last_reload(&self) -> Reload {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }
}
