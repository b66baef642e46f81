//! How questions were answered, for the metrics.

use std::time::Duration;

use super::{Answer, CacheUse, Counts, Said, WhoamiError};
use crate::telemetry::{Counters, Durations};

/// What became of questions to the identity service, by the names of the metrics.
const RESULTS: [&str; 9] = [
    "session",
    "no_session",
    "superseded",
    "undisclosed",
    "unreachable",
    "unexpected",
    "overloaded",
    "throttled",
    "circuit_open",
];

/// How requests found what they asked for.
const USES: [CacheUse; 5] = [
    CacheUse::Hit,
    CacheUse::Miss,
    CacheUse::Coalesced,
    CacheUse::Bypass,
    CacheUse::Stale,
];

/// Counts of one session check.
#[derive(Debug, Default)]
pub struct Numbers {
    uses: Counters<{ USES.len() }>,
    results: Counters<{ RESULTS.len() }>,
    took: Durations,
}

impl Numbers {
    pub(super) fn used(&self, source: CacheUse) {
        let index = match source {
            CacheUse::Hit => 0,
            CacheUse::Miss => 1,
            CacheUse::Coalesced => 2,
            CacheUse::Bypass => 3,
            CacheUse::Stale => 4,
        };
        self.uses.add(index, 1);
    }

    pub(super) fn answered(&self, answer: &Result<Answer, WhoamiError>, took: Duration) {
        let index = match answer {
            Ok(answer) => match answer.said {
                Said::Session(_) => 0,
                Said::NoSession => 1,
                Said::Superseded => 2,
                Said::Undisclosed => 3,
            },
            Err(WhoamiError::Unreachable(_)) => 4,
            Err(WhoamiError::Unexpected(_)) => 5,
            Err(WhoamiError::Overloaded) => 6,
            Err(WhoamiError::Throttled { .. }) => 7,
            Err(WhoamiError::CircuitOpen { .. }) => 8,
        };
        self.results.add(index, 1);
        self.took.add(took);
    }

    /// How often requests found what they asked for, and how.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let [hits, misses, coalesced, bypasses, stale] = self.uses.sums();
        Counts {
            hits,
            misses,
            coalesced,
            bypasses,
            stale,
        }
    }

    /// What became of questions, by name.
    pub fn results(&self) -> impl Iterator<Item = (&'static str, u64)> {
        RESULTS.into_iter().zip(self.results.sums())
    }

    /// How long they took.
    #[must_use]
    pub const fn took(&self) -> &Durations {
        &self.took
    }
}
