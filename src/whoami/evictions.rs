//! What was forgotten, and when: keeps answers that were asked for before an eviction from being
//! used after it.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use super::key::{BuildKeyHash, Key};
use crate::clock::Monotonic;

/// Evictions remembered one by one; beyond it everything is forgotten instead.
const REMEMBERED: usize = 100_000;
/// Time between two clearings-out of evictions that no longer matter.
const CLEAR_OUT_EVERY: Duration = Duration::from_secs(1);

/// The order of questions, arrivals and evictions.
#[derive(Debug)]
pub(super) struct Sequence(AtomicU64);

impl Sequence {
    pub(super) const fn new() -> Self {
        Self(AtomicU64::new(1))
    }

    /// The latest number given out: everything numbered later happens after this call.
    pub(super) fn latest(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// A number of one's own.
    pub(super) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

/// The last eviction of each credential, session and identity, as long as an older answer could
/// still turn up.
pub(super) struct Evictions {
    /// How long an answer may be in use after it was asked for.
    longest_use: Duration,
    /// Everything asked for before this number is forgotten.
    floor: AtomicU64,
    count: AtomicUsize,
    stones: RwLock<HashMap<Key, Stone, BuildKeyHash>>,
    questions: Mutex<Questions>,
}

#[derive(Default)]
struct Questions {
    /// Questions under way, by number.
    under_way: BTreeSet<u64>,
    next_clear_out: Monotonic,
}

struct Stone {
    evicted: u64,
    until: Monotonic,
}

impl Evictions {
    pub(super) fn new(longest_use: Duration) -> Self {
        Self {
            longest_use,
            floor: AtomicU64::new(0),
            count: AtomicUsize::new(0),
            stones: RwLock::default(),
            questions: Mutex::default(),
        }
    }

    /// Whether an answer asked for at `started` may be used. `keys` are those that an eviction
    /// can be about; they are only made when there was one.
    pub(super) fn allow<const N: usize>(
        &self,
        started: u64,
        keys: impl FnOnce() -> [Key; N],
    ) -> bool {
        if started <= self.floor.load(Ordering::SeqCst) {
            return false;
        }
        if self.count.load(Ordering::SeqCst) == 0 {
            return true;
        }
        let stones = self.stones.read().unwrap_or_else(PoisonError::into_inner);
        keys()
            .iter()
            .filter_map(|key| stones.get(key))
            .all(|stone| stone.evicted < started)
    }

    /// Remembers that what `key` stands for was evicted as number `evicted`.
    pub(super) fn bury(&self, key: Key, evicted: u64, now: Monotonic) {
        let mut stones = self.stones.write().unwrap_or_else(PoisonError::into_inner);
        let until = now.plus(self.longest_use);
        stones.insert(key, Stone { evicted, until });
        if stones.len() > REMEMBERED {
            self.floor.fetch_max(evicted, Ordering::SeqCst);
            stones.clear();
        }
        self.count.store(stones.len(), Ordering::SeqCst);
    }

    /// Forgets everything asked for up to number `evicted`.
    pub(super) fn bury_all(&self, evicted: u64) {
        self.floor.fetch_max(evicted, Ordering::SeqCst);
    }

    /// A question starts.
    pub(super) fn question_started(&self, number: u64) {
        self.questions().under_way.insert(number);
    }

    /// A question has ended; evictions that no answer can be older than any more are dropped.
    pub(super) fn question_ended(&self, number: u64, now: Monotonic) {
        let oldest = {
            let mut questions = self.questions();
            questions.under_way.remove(&number);
            if self.count.load(Ordering::SeqCst) == 0 || now < questions.next_clear_out {
                return;
            }
            questions.next_clear_out = now.plus(CLEAR_OUT_EVERY);
            questions.under_way.first().copied().unwrap_or(u64::MAX)
        };
        let mut stones = self.stones.write().unwrap_or_else(PoisonError::into_inner);
        stones.retain(|_, stone| stone.until > now || oldest <= stone.evicted);
        self.count.store(stones.len(), Ordering::SeqCst);
    }

    fn questions(&self) -> MutexGuard<'_, Questions> {
        self.questions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
