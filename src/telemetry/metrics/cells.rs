//! Numbers that many threads add to without waiting for each other.

use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use foldhash::fast::FixedState;

/// Copies of every number. A thread adds to one of them, and readers sum them up.
const COPIES: usize = 8;

/// One copy, on cache lines of its own.
#[derive(Debug)]
#[repr(align(128))]
struct Copied<const N: usize>([AtomicU64; N]);

/// `N` numbers that only grow.
#[derive(Debug)]
pub struct Counters<const N: usize>([Copied<N>; COPIES]);

impl<const N: usize> Default for Counters<N> {
    fn default() -> Self {
        let zeros = |_| Copied(std::array::from_fn(|_| AtomicU64::new(0)));
        Self(std::array::from_fn(zeros))
    }
}

impl<const N: usize> Counters<N> {
    /// Adds to the number at `index`; there is nothing beyond the last one.
    pub fn add(&self, index: usize, by: u64) {
        let copy = self.0.get(own_copy());
        if let Some(number) = copy.and_then(|copy| copy.0.get(index)) {
            number.fetch_add(by, Ordering::Relaxed);
        }
    }

    /// What each has come to.
    #[must_use]
    pub fn sums(&self) -> [u64; N] {
        let mut sums = [0; N];
        for copy in &self.0 {
            for (sum, number) in sums.iter_mut().zip(&copy.0) {
                *sum = number.load(Ordering::Relaxed).wrapping_add(*sum);
            }
        }
        sums
    }
}

/// The copy of this thread, which others may have too.
fn own_copy() -> usize {
    let id = std::thread::current().id();
    let hash = FixedState::with_seed(0).hash_one(id);
    usize::try_from(hash >> 32).unwrap_or_default() % COPIES
}

/// Upper ends of the intervals that durations are counted in, in microseconds.
const ENDS: [u32; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];
/// Where the sum of all durations stands, behind the intervals and the one without an end.
const SUM: usize = ENDS.len() + 1;

/// How long something took, each time.
#[derive(Debug, Default)]
pub struct Durations(Counters<{ SUM + 1 }>);

/// What [`Durations`] have come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Seconds, all together.
    pub sum: f64,
    /// How many there were.
    pub count: u64,
    /// How many there were up to each end in seconds, and above the end before it.
    pub intervals: Vec<(f64, u64)>,
}

impl Durations {
    /// It took this long.
    pub fn add(&self, took: Duration) {
        let micros = took.as_micros();
        let interval = ENDS.iter().position(|end| micros <= u128::from(*end));
        self.0.add(interval.unwrap_or(ENDS.len()), 1);
        self.0.add(SUM, u64::try_from(micros).unwrap_or(u64::MAX));
    }

    /// What they have come to.
    #[must_use]
    pub fn histogram(&self) -> Histogram {
        let sums = self.0.sums();
        let ends = ENDS.iter().map(|micros| f64::from(*micros) / 1e6);
        let ends = ends.chain([f64::INFINITY]);
        let intervals: Vec<(f64, u64)> = ends.zip(sums).collect();
        let sum = sums.last().copied().unwrap_or_default();
        Histogram {
            sum: Duration::from_micros(sum).as_secs_f64(),
            count: intervals.iter().map(|(_, count)| count).sum(),
            intervals,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_threads_add_is_summed_up() {
        let counters = Counters::<3>::default();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        counters.add(1, 1);
                    }
                    counters.add(2, 3);
                    counters.add(3, 1);
                });
            }
        });
        assert_eq!(counters.sums(), [0, 10_000, 60]);
    }

    #[test]
    fn a_duration_counts_in_the_interval_that_ends_with_it() {
        let durations = Durations::default();
        for micros in [1, 500, 501, 10_000_000, 10_000_001] {
            durations.add(Duration::from_micros(micros));
        }
        let histogram = durations.histogram();
        assert_eq!(histogram.count, 5);
        assert!((histogram.sum - 20.001_003).abs() < 1e-9);
        assert_eq!(histogram.intervals.len(), 15);
        assert_eq!(histogram.intervals[0], (0.000_5, 2));
        assert_eq!(histogram.intervals[1], (0.001, 1));
        assert_eq!(histogram.intervals[13], (10.0, 1));
        assert_eq!(histogram.intervals[14], (f64::INFINITY, 1));
    }
}
