//! Names of keys that are not known: how often an issuer is asked because of them.

use std::collections::HashMap;
use std::time::Duration;

use crate::clock::Monotonic;

/// Questions that may follow each other at once.
const BURST: u32 = 5;
/// The time in which one more is allowed.
const EACH: Duration = Duration::from_secs(30);
/// How long a key that was not found is not asked for again.
const ABSENT: Duration = Duration::from_secs(60);
/// Keys that were not found, remembered at a time.
const MAX_ABSENT: usize = 1000;

/// What was asked because of unknown names. Anybody can make up names, so their number must not
/// be the number of questions.
#[derive(Default)]
pub(super) struct Unknown {
    /// Questions that count against the burst, and since when.
    spent: u32,
    since: Monotonic,
    absent: HashMap<Box<str>, Monotonic>,
}

impl Unknown {
    /// Whether this name was asked for moments ago, in vain.
    pub(super) fn was_absent(&self, key_id: &str, now: Monotonic) -> bool {
        let since = self.absent.get(key_id);
        since.is_some_and(|since| now.since(*since) < ABSENT)
    }

    /// Takes one of the questions that are allowed, if there is one left.
    pub(super) fn take_turn(&mut self, now: Monotonic) -> bool {
        while self.spent > 0 && now.since(self.since) >= EACH {
            self.spent -= 1;
            self.since = self.since.plus(EACH);
        }
        if self.spent == 0 {
            self.since = now;
        }
        let allowed = self.spent < BURST;
        self.spent += u32::from(allowed);
        allowed
    }

    /// Remembers that the issuer has no key of this name.
    pub(super) fn remember(&mut self, key_id: &str, now: Monotonic) {
        if self.absent.len() >= MAX_ABSENT {
            self.absent.clear();
        }
        self.absent.insert(key_id.into(), now);
    }
}
