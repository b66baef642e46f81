//! The only way to learn the time, so that tests can turn it by hand.
//!
//! Two times, for two purposes: [`Clock::monotonic`] for caches, deadlines and lock-outs, which a
//! stepped system clock must not shorten or revive; [`Clock::wall`] for what is compared with
//! times written by others (session expiry, `authenticated_at`, JWT claims).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// A point on this process' own time line. Comparable only within one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// The point `after` later; the far end of the time line when that overflows.
    #[must_use]
    pub fn plus(self, after: Duration) -> Self {
        Self(self.0.saturating_add(after))
    }

    /// How long ago `earlier` was; zero when it lies in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// Time since the clock was made.
    #[must_use]
    pub const fn elapsed(self) -> Duration {
        self.0
    }
}

/// A source of time. Cheap to clone; clones share one source.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    System {
        start: Instant,
        latest_wall_micros: AtomicI64,
    },
    Manual {
        wall_micros: AtomicI64,
        elapsed_micros: AtomicU64,
    },
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the time"
    )]
    pub fn system() -> Self {
        Self(Arc::new(Source::System {
            start: Instant::now(),
            latest_wall_micros: AtomicI64::new(i64::MIN),
        }))
    }

    /// A clock that stands still until it is turned with [`Clock::advance`] or
    /// [`Clock::set_wall`].
    #[must_use]
    pub fn manual(wall: Timestamp) -> Self {
        Self(Arc::new(Source::Manual {
            wall_micros: AtomicI64::new(wall.as_microsecond()),
            elapsed_micros: AtomicU64::new(0),
        }))
    }

    /// Time that only moves forward, unaffected by changes of the system clock.
    #[must_use]
    pub fn monotonic(&self) -> Monotonic {
        match &*self.0 {
            Source::System { start, .. } => Monotonic(start.elapsed()),
            Source::Manual { elapsed_micros, .. } => Monotonic(Duration::from_micros(
                elapsed_micros.load(Ordering::Acquire),
            )),
        }
    }

    /// Coordinated Universal Time as the machine believes it to be, to the microsecond.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the time"
    )]
    pub fn wall(&self) -> Timestamp {
        match &*self.0 {
            Source::System { .. } => whole_micros(Timestamp::now().as_microsecond()),
            Source::Manual { wall_micros, .. } => whole_micros(wall_micros.load(Ordering::Acquire)),
        }
    }

    /// Like [`Clock::wall`], but never earlier than a value it gave before: for counters and
    /// one-time steps that are written to the database (a clock set back must not make a used
    /// code usable again).
    #[must_use]
    pub fn steady_wall(&self) -> Timestamp {
        let now = self.wall();
        match &*self.0 {
            Source::System {
                latest_wall_micros, ..
            } => {
                let micros = now.as_microsecond();
                let before = latest_wall_micros.fetch_max(micros, Ordering::AcqRel);
                whole_micros(before.max(micros))
            }
            Source::Manual { .. } => now,
        }
    }

    /// Turns a manual clock forward, wall and monotonic alike. A system clock is not affected.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual {
            wall_micros,
            elapsed_micros,
        } = &*self.0
        {
            let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
            elapsed_micros.fetch_add(micros, Ordering::AcqRel);
            wall_micros.fetch_add(i64::try_from(micros).unwrap_or(i64::MAX), Ordering::AcqRel);
        }
    }

    /// Steps a manual clock's wall time, as a corrected system clock does; the monotonic time
    /// stays. A system clock is not affected.
    pub fn set_wall(&self, to: Timestamp) {
        if let Source::Manual { wall_micros, .. } = &*self.0 {
            wall_micros.store(to.as_microsecond(), Ordering::Release);
        }
    }
}

fn whole_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_stands_still_until_turned() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let start = clock.monotonic();
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.monotonic().since(start), Duration::from_secs(5));
        assert_eq!(clock.wall().as_second(), 5);
    }

    #[test]
    fn stepping_the_wall_clock_back_leaves_the_monotonic_time_alone() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        clock.advance(Duration::from_secs(60));
        let before = clock.monotonic();
        clock.set_wall(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.monotonic(), before);
    }
}
