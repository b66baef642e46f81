//! A bounded map for a million sessions: small, quick to read from every core, and blind to time.
//!
//! Entries live side by side in shards, found through an index of 32-bit places. When a shard is
//! full, a hand goes round its places and takes the first that nobody has read since it last came
//! by (the clock algorithm), so new entries always get in.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use hashbrown::HashTable;

use super::key::Key;

/// Most shards of a store; a power of two.
const SHARDS: u64 = 64;
/// Entries that make another shard worth while.
const SHARD_SIZE: u64 = 1024;

/// The map. A value is cheap to clone.
pub(super) struct Store<V> {
    shards: Box<[RwLock<Shard<V>>]>,
    /// Entries of one shard.
    capacity: usize,
}

struct Shard<V> {
    /// Where a key is in `places`.
    index: HashTable<u32>,
    places: Vec<Place<V>>,
    hand: usize,
}

struct Place<V> {
    key: Key,
    value: V,
    /// It was read since the hand came by.
    touched: AtomicBool,
}

impl<V: Clone> Store<V> {
    /// A store of about `entries`.
    pub(super) fn new(entries: u64) -> Self {
        let shards = (entries / SHARD_SIZE).clamp(1, SHARDS).next_power_of_two();
        let capacity = entries.div_ceil(shards).clamp(1, u64::from(u32::MAX - 1));
        Self {
            shards: (0..shards).map(|_| RwLock::default()).collect(),
            capacity: usize::try_from(capacity).unwrap_or(usize::MAX),
        }
    }

    pub(super) fn find(&self, key: Key) -> Option<V> {
        let shard = self
            .shard(key)?
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let place = shard.places.get(shard.find(key)?)?;
        // Most reads find it touched already, and then the line stays shared between cores.
        if !place.touched.load(Ordering::Relaxed) {
            place.touched.store(true, Ordering::Relaxed);
        }
        Some(place.value.clone())
    }

    pub(super) fn insert(&self, key: Key, value: V) {
        let Some(shard) = self.shard(key) else { return };
        // Dropped after the lock is released.
        let before = shard
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, value, self.capacity);
        drop(before);
    }

    pub(super) fn remove(&self, key: Key) {
        let Some(shard) = self.shard(key) else { return };
        let before = shard
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
        drop(before);
    }

    pub(super) fn clear(&self) {
        for shard in &self.shards {
            let before =
                std::mem::take(&mut *shard.write().unwrap_or_else(PoisonError::into_inner));
            drop(before);
        }
    }

    pub(super) fn len(&self) -> usize {
        let len = |shard: &RwLock<Shard<V>>| {
            shard
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .places
                .len()
        };
        self.shards.iter().map(len).sum()
    }

    fn shard(&self, key: Key) -> Option<&RwLock<Shard<V>>> {
        self.shards
            .get(key.spread() & self.shards.len().wrapping_sub(1))
    }
}

impl<V> Default for Shard<V> {
    fn default() -> Self {
        Self {
            index: HashTable::new(),
            places: Vec::new(),
            hand: 0,
        }
    }
}

impl<V> Shard<V> {
    fn find(&self, key: Key) -> Option<usize> {
        let is_it = |at: &u32| self.place(*at).is_some_and(|place| place.key == key);
        let at = self.index.find(key.hash(), is_it)?;
        usize::try_from(*at).ok()
    }

    fn place(&self, at: u32) -> Option<&Place<V>> {
        self.places.get(usize::try_from(at).ok()?)
    }

    fn insert(&mut self, key: Key, value: V, capacity: usize) -> Option<Place<V>> {
        let place = Place {
            key,
            value,
            touched: AtomicBool::new(false),
        };
        if let Some(at) = self.find(key) {
            return self
                .places
                .get_mut(at)
                .map(|old| std::mem::replace(old, place));
        }
        if self.places.len() < capacity {
            let at = self.places.len();
            self.places.push(place);
            self.point(key, at);
            return None;
        }
        let at = self.next_victim();
        let old = self
            .places
            .get_mut(at)
            .map(|old| std::mem::replace(old, place))?;
        self.unpoint(old.key, at);
        self.point(key, at);
        Some(old)
    }

    fn remove(&mut self, key: Key) -> Option<Place<V>> {
        let at = self.find(key)?;
        self.unpoint(key, at);
        let last = self.places.len().checked_sub(1)?;
        let removed = self.places.swap_remove(at);
        if let Some(moved) = self.places.get(at).map(|place| place.key) {
            self.unpoint(moved, last);
            self.point(moved, at);
        }
        Some(removed)
    }

    /// The first place that was not read since the hand came by; at most one round and a step.
    fn next_victim(&mut self) -> usize {
        loop {
            let at = if self.hand < self.places.len() {
                self.hand
            } else {
                0
            };
            self.hand = at + 1;
            let touched = self
                .places
                .get_mut(at)
                .is_some_and(|place| std::mem::take(place.touched.get_mut()));
            if !touched {
                return at;
            }
        }
    }

    fn point(&mut self, key: Key, at: usize) {
        let Ok(at) = u32::try_from(at) else { return };
        let Self { index, places, .. } = self;
        let hash_of = |at: &u32| {
            let place = usize::try_from(*at).ok().and_then(|at| places.get(at));
            place.map_or(0, |place| place.key.hash())
        };
        index.insert_unique(key.hash(), at, hash_of);
    }

    fn unpoint(&mut self, key: Key, at: usize) {
        let pointing = self
            .index
            .find_entry(key.hash(), |other| usize::try_from(*other) == Ok(at));
        if let Ok(entry) = pointing {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::whoami::key::Keyring;

    fn keys(count: usize) -> Vec<Key> {
        let ring = Keyring::new("test");
        (0..count)
            .map(|number| ring.of_session(&number.to_string()))
            .collect()
    }

    #[test]
    fn what_was_put_in_is_found_until_it_is_taken_out() {
        let store = Store::new(10_000);
        let keys = keys(5_000);
        for (number, key) in keys.iter().enumerate() {
            store.insert(*key, number);
        }
        assert_eq!(store.len(), 5_000);
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(store.find(*key), Some(number));
        }
        for key in keys.iter().step_by(2) {
            store.remove(*key);
        }
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(store.find(*key), (number % 2 == 1).then_some(number));
        }
        store.clear();
        assert_eq!((store.len(), store.find(keys[1])), (0, None));
    }

    #[test]
    fn a_full_store_takes_new_entries_and_keeps_those_that_are_read() {
        let store = Store::new(100);
        let keys = keys(10_000);
        store.insert(keys[0], 0);
        for (number, key) in keys.iter().enumerate().skip(1) {
            assert_eq!(store.find(keys[0]), Some(0));
            store.insert(*key, number);
            assert!(store.len() <= 100);
        }
        assert_eq!(store.find(keys[9_999]), Some(9_999));
    }

    proptest! {
        /// Below its capacity it does what an ordinary map does.
        #[test]
        fn it_is_a_map(steps in proptest::collection::vec((0..3_u8, 0..40_usize, 0..100_u8), 0..400)) {
            let keys = keys(40);
            let store = Store::new(64);
            let mut model = std::collections::HashMap::new();
            for (what, which, value) in steps {
                match what {
                    0 => {
                        store.insert(keys[which], value);
                        model.insert(which, value);
                    }
                    1 => {
                        store.remove(keys[which]);
                        model.remove(&which);
                    }
                    _ => prop_assert_eq!(store.find(keys[which]), model.get(&which).copied()),
                }
                prop_assert_eq!(store.len(), model.len());
            }
        }
    }
}
