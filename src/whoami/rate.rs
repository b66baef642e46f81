//! Limits on how often something may be done per second, each credential and address by itself.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;

use crate::clock::Monotonic;

/// Keys that are watched at a time; the least recently used ones are let go.
const WATCHED: u64 = 100_000;
const SECOND: u64 = 1_000_000;

/// Lets each key through so many times a second, in bursts of as many.
///
/// One number per key: the time at which it would have used up what it was given (the generic
/// cell rate algorithm).
pub(super) struct Rate<K, S> {
    per_second: u32,
    due: Cache<K, Arc<AtomicU64>, S>,
}

impl<K, S> Rate<K, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    S: BuildHasher + Clone + Default + Send + Sync + 'static,
{
    pub(super) fn new(per_second: u32) -> Self {
        let due = Cache::builder()
            .max_capacity(WATCHED)
            .build_with_hasher(S::default());
        Self { per_second, due }
    }

    /// Whether `key` has a turn left, without taking it.
    ///
    /// # Errors
    /// The time until the next turn.
    pub(super) fn look(&self, key: &K, now: Monotonic) -> Result<(), Duration> {
        let Some(each) = SECOND.checked_div(u64::from(self.per_second)) else {
            return Err(Duration::from_secs(1));
        };
        let now = u64::try_from(now.elapsed().as_micros()).unwrap_or(u64::MAX);
        let seen = self
            .due
            .get(key)
            .map_or(0, |due| due.load(Ordering::Acquire));
        let ahead = seen.max(now).saturating_add(each).saturating_sub(now);
        match ahead.checked_sub(SECOND) {
            None | Some(0) => Ok(()),
            Some(wait) => Err(Duration::from_micros(wait)),
        }
    }

    /// Takes one turn for `key`.
    ///
    /// # Errors
    /// The time until the next turn.
    pub(super) fn take(&self, key: K, now: Monotonic) -> Result<(), Duration> {
        let Some(each) = SECOND.checked_div(u64::from(self.per_second)) else {
            return Err(Duration::from_secs(1));
        };
        let now = u64::try_from(now.elapsed().as_micros()).unwrap_or(u64::MAX);
        let due = self.due.get_with(key, Arc::default);
        let mut seen = due.load(Ordering::Acquire);
        loop {
            let after = seen.max(now).saturating_add(each);
            let ahead = after.saturating_sub(now);
            if ahead > SECOND {
                return Err(Duration::from_micros(ahead - SECOND));
            }
            match due.compare_exchange_weak(seen, after, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(()),
                Err(other) => seen = other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::hash_map::RandomState;

    use super::*;
    use crate::clock::Clock;

    #[test]
    fn so_many_a_second_pass_and_the_next_one_is_told_when() {
        let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
        let rate = Rate::<u8, RandomState>::new(5);
        for _ in 0..5 {
            assert_eq!(rate.take(1, clock.monotonic()), Ok(()));
        }
        assert_eq!(
            rate.take(1, clock.monotonic()),
            Err(Duration::from_millis(200))
        );
        assert_eq!(rate.take(2, clock.monotonic()), Ok(()));
        let looked = rate.look(&1, clock.monotonic());
        assert_eq!(looked, Err(Duration::from_millis(200)));
        clock.advance(Duration::from_millis(200));
        assert_eq!(rate.look(&1, clock.monotonic()), Ok(()));
        assert_eq!(rate.take(1, clock.monotonic()), Ok(()));
        assert!(rate.take(1, clock.monotonic()).is_err());
        clock.advance(Duration::from_secs(10));
        for _ in 0..5 {
            assert_eq!(rate.take(1, clock.monotonic()), Ok(()));
        }
        assert!(rate.take(1, clock.monotonic()).is_err());
    }

    #[test]
    fn a_limit_of_zero_lets_nothing_through() {
        let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
        assert!(
            Rate::<u8, RandomState>::new(0)
                .take(1, clock.monotonic())
                .is_err()
        );
    }
}
