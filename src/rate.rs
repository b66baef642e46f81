//! How often something may be done: each key by itself, all keys within fixed memory.
//!
//! One number a key: the time at which it would have used up what it was given (the generic cell
//! rate algorithm). A key whose time has come needs no memory, so that its place goes to another.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::clock::Monotonic;

/// Parts with a lock of their own.
const SHARDS: usize = 64;
/// Keys that a part watches at a time; beyond that, the one that is nearest to its time is let go.
const KEYS_PER_SHARD: usize = 2048;

/// So many in a time, in bursts of as many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub count: u32,
    /// In what time.
    pub per: Duration,
}

/// The times of keys, by a hash that stands for them.
type Due = HashMap<u128, u64, foldhash::fast::FixedState>;

/// Counts what keys do.
#[derive(Debug)]
pub struct Rates {
    /// Hidden from clients, so that nobody can choose keys that fall together.
    seed: (u64, u64),
    shards: [Mutex<Due>; SHARDS],
}

impl Default for Rates {
    fn default() -> Self {
        let random = RandomState::new();
        Self {
            seed: (random.hash_one(0_u8), random.hash_one(1_u8)),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }
}

impl Rates {
    /// Takes one turn for `key`.
    ///
    /// # Errors
    /// The time until the next turn.
    pub fn take(&self, limit: Limit, key: impl Hash, now: Monotonic) -> Result<(), Duration> {
        self.with(key, |key, due| {
            let now = micros(now.elapsed());
            let after = next(limit, due.get(&key).copied(), now)?;
            if due.len() >= KEYS_PER_SHARD && !due.contains_key(&key) {
                make_room(due, now);
            }
            due.insert(key, after);
            Ok(())
        })
    }

    /// Whether there is a turn for `key`, without taking it.
    ///
    /// # Errors
    /// The time until the next turn.
    pub fn look(&self, limit: Limit, key: impl Hash, now: Monotonic) -> Result<(), Duration> {
        self.with(key, |key, due| {
            next(limit, due.get(&key).copied(), micros(now.elapsed())).map(|_| ())
        })
    }

    fn with<T>(&self, key: impl Hash, act: impl FnOnce(u128, &mut Due) -> T) -> T {
        let mut hasher = SipHasher13::new_with_keys(self.seed.0, self.seed.1);
        key.hash(&mut hasher);
        let key = hasher.finish128().as_u128();
        #[allow(clippy::indexing_slicing, reason = "a remainder is within")]
        let shard = &self.shards[usize::from(key.to_le_bytes()[0]) % SHARDS];
        act(
            key,
            &mut shard.lock().unwrap_or_else(PoisonError::into_inner),
        )
    }

    #[cfg(test)]
    fn watched(&self) -> usize {
        let shards = self.shards.iter();
        shards.map(|shard| shard.lock().unwrap().len()).sum()
    }
}

/// The time until which a key has used up what it was given, one turn later.
fn next(limit: Limit, due: Option<u64>, now: u64) -> Result<u64, Duration> {
    let per = micros(limit.per);
    let each = per.checked_div(u64::from(limit.count)).ok_or(limit.per)?;
    let after = due.unwrap_or_default().max(now).saturating_add(each.max(1));
    let ahead = after.saturating_sub(now);
    if ahead > per {
        return Err(Duration::from_micros(ahead - per));
    }
    Ok(after)
}

fn make_room(due: &mut Due, now: u64) {
    due.retain(|_, due| *due > now);
    if due.len() < KEYS_PER_SHARD {
        return;
    }
    let nearest = due.iter().min_by_key(|(_, due)| **due);
    if let Some(nearest) = nearest.map(|(key, _)| *key) {
        due.remove(&nearest);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Who an address belongs to: an IPv6 client has a whole /64, and an IPv4 one is the same however
/// its address is written.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const FIVE: Limit = Limit {
        count: 5,
        per: Duration::from_secs(1),
    };

    #[test]
    fn so_many_in_a_time_pass_and_the_next_one_is_told_when() {
        let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
        let rates = Rates::default();
        for _ in 0..5 {
            assert_eq!(rates.take(FIVE, 1, clock.monotonic()), Ok(()));
        }
        assert_eq!(
            rates.take(FIVE, 1, clock.monotonic()),
            Err(Duration::from_millis(200))
        );
        assert_eq!(rates.take(FIVE, 2, clock.monotonic()), Ok(()));
        clock.advance(Duration::from_millis(200));
        assert_eq!(rates.take(FIVE, 1, clock.monotonic()), Ok(()));
        assert!(rates.take(FIVE, 1, clock.monotonic()).is_err());
        clock.advance(Duration::from_secs(10));
        for _ in 0..5 {
            assert_eq!(rates.take(FIVE, 1, clock.monotonic()), Ok(()));
        }
        assert!(rates.take(FIVE, 1, clock.monotonic()).is_err());
    }

    #[test]
    fn a_limit_of_zero_lets_nothing_through() {
        let none = Limit { count: 0, ..FIVE };
        assert!(
            Rates::default()
                .take(none, 1, Monotonic::default())
                .is_err()
        );
    }

    #[test]
    fn any_number_of_strangers_needs_the_same_memory() {
        let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
        let rates = Rates::default();
        for _ in 0..5 {
            assert_eq!(rates.take(FIVE, "regular", clock.monotonic()), Ok(()));
        }
        for stranger in 0..200_000 {
            assert_eq!(rates.take(FIVE, stranger, clock.monotonic()), Ok(()));
        }
        assert!(rates.watched() <= SHARDS * KEYS_PER_SHARD);
        // Who has used up everything is remembered the longest.
        assert!(rates.take(FIVE, "regular", clock.monotonic()).is_err());
    }

    #[test]
    fn an_ipv6_client_has_a_whole_64() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
    }
}
