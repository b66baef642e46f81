//! Cases put to rules.

use std::time::Duration;

use super::case::Case;
use super::expectation::Comparison;
use super::explained::Explained;
use super::stage::Stage;
use crate::clock::Clock;
use crate::document::Place;

/// What came of all cases.
#[derive(Debug, Default)]
pub struct Ran {
    /// In the order of the files.
    pub outcomes: Vec<Outcome>,
    /// How long it took.
    pub took: Duration,
}

/// What came of one case.
#[derive(Debug)]
pub struct Outcome {
    /// The case's name.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// What was expected and what came.
    pub comparison: Comparison,
    /// Why.
    pub explained: Explained,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    /// Whether all is as expected.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.comparison.differ.is_empty()
    }
}

impl Ran {
    /// How many cases came as expected.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.outcomes.len() - self.failed()
    }

    /// How many did not.
    #[must_use]
    pub fn failed(&self) -> usize {
        let failed = self.outcomes.iter().filter(|outcome| !outcome.is_ok());
        failed.count()
    }

    /// Puts cases to the rules of `stage`.
    pub fn put(&mut self, cases: Vec<Case>, stage: &Stage, clock: &Clock) {
        for case in cases {
            let started = clock.monotonic();
            let now = case.now.unwrap_or_else(|| clock.wall());
            let explained = stage.explain(&case.asked, case.person.as_ref(), now);
            let comparison = case.expected.compare(&explained);
            let took = clock.monotonic().since(started);
            self.took += took;
            self.outcomes.push(Outcome {
                name: case.name,
                place: case.place,
                comparison,
                explained,
                took,
            });
        }
    }
}
