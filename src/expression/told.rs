//! How often a failure is told.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

use super::FailureKind;

/// Seconds between two lines about the same kind of failure of one expression: strangers choose
/// how often it fails.
const EVERY_SECONDS: i64 = 60;

/// When each kind of failure of one expression was told last.
#[derive(Debug)]
pub struct Told([AtomicI64; FailureKind::ALL.len()]);

impl Default for Told {
    fn default() -> Self {
        Self(FailureKind::ALL.map(|_| AtomicI64::new(i64::MIN)))
    }
}

impl Told {
    /// Whether a failure at `now` is to be told: once a minute for each kind.
    #[must_use]
    pub fn is_news(&self, kind: FailureKind, now: Timestamp) -> bool {
        let place = FailureKind::ALL.iter().position(|known| *known == kind);
        let Some(last) = place.and_then(|place| self.0.get(place)) else {
            return true;
        };
        let now = now.as_second();
        let before = last.load(Ordering::Relaxed);
        let is_due = before == i64::MIN || now.saturating_sub(before) >= EVERY_SECONDS;
        is_due
            && last
                .compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}
