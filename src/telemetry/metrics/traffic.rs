//! What requests came to, at every door.

use std::sync::Arc;
use std::time::Duration;

use super::cells::{Counters, Durations};
use super::samples::{Labels, Sample};
use super::table::Table;
use crate::telemetry::{Decided, Door};

/// Counts of one rule at one door, by decision.
type Decisions = Counters<{ Decided::ALL.len() }>;

/// Counts requests, for whoever is interested. Cheap to clone; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Traffic(Option<Arc<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    doors: [OfDoor; Door::ALL.len()],
    upstreams: Table<Durations>,
}

#[derive(Debug, Default)]
struct OfDoor {
    /// Requests that came to no rule.
    without_rule: Decisions,
    by_rule: Table<Decisions>,
    took: Durations,
}

impl Traffic {
    /// Counts nothing.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    pub(super) fn on() -> Self {
        Self(Some(Arc::default()))
    }

    /// Whether anybody is interested.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    fn of(&self, door: Door) -> Option<&OfDoor> {
        self.0.as_ref()?.doors.get(door.index())
    }

    /// Makes room for rules before requests come to them.
    pub fn know_rules<'a>(&self, door: Door, rules: &(impl Iterator<Item = &'a str> + Clone)) {
        if let Some(of) = self.of(door) {
            of.by_rule.know(rules);
        }
    }

    /// A request at `door` was decided on, by the rule of this id if it came to one.
    pub fn decided(&self, door: Door, rule: Option<&str>, decided: Decided) {
        let Some(of) = self.of(door) else { return };
        let index = decided.index();
        match rule {
            Some(rule) => of.by_rule.with(rule, |row| row.add(index, 1)),
            None => of.without_rule.add(index, 1),
        }
    }

    /// A request at `door` is over.
    pub fn took(&self, door: Door, duration: Duration) {
        if let Some(of) = self.of(door) {
            of.took.add(duration);
        }
    }

    /// An upstream began to answer.
    pub fn upstream_took(&self, upstream: &str, duration: Duration) {
        if let Some(tables) = &self.0 {
            tables.upstreams.with(upstream, |row| row.add(duration));
        }
    }

    pub(super) fn requests(&self) -> Vec<Sample<u64>> {
        let mut samples = Vec::new();
        for door in Door::ALL {
            let Some(of) = self.of(door) else { continue };
            let mut tell = |rule: &str, row: &Decisions| {
                for (decided, count) in Decided::ALL.iter().zip(row.sums()) {
                    if count > 0 {
                        samples.push(Sample {
                            labels: vec![
                                ("door", door.as_str().into()),
                                ("rule", rule.to_owned().into()),
                                ("decision", decided.as_str().into()),
                            ],
                            value: count,
                        });
                    }
                }
            };
            tell("", &of.without_rule);
            for (rule, row) in of.by_rule.rows() {
                tell(&rule, &row);
            }
        }
        samples
    }

    pub(super) fn request_durations(&self) -> Vec<Sample<super::Histogram>> {
        let doors = Door::ALL.iter().filter_map(|door| {
            let value = self.of(*door)?.took.histogram();
            let labels: Labels = vec![("door", door.as_str().into())];
            (value.count > 0).then_some(Sample { labels, value })
        });
        doors.collect()
    }

    pub(super) fn upstream_durations(&self) -> Vec<Sample<super::Histogram>> {
        let Some(tables) = &self.0 else {
            return Vec::new();
        };
        let rows = tables.upstreams.rows().into_iter();
        rows.map(|(name, row)| Sample {
            labels: vec![("upstream", name.into_string().into())],
            value: row.histogram(),
        })
        .collect()
    }
}
