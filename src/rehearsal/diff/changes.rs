//! Decisions that change.

/// Which way a decision changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// Something is allowed that was not, or could not be told apart from that.
    Looser,
    /// Something is refused that was not.
    Tighter,
    /// Refused before and after, whoever asks, in other words.
    Neither,
}

impl Direction {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Looser => "looser",
            Self::Tighter => "tighter",
            Self::Neither => "changed",
        }
    }
}

/// A decision by one set of rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Judged {
    /// The decision by name.
    pub decision: &'static str,
    /// It is only reported, and the request forwarded.
    pub reported: bool,
    /// The rule whose word it is.
    pub rule: Option<String>,
}

/// A class of requests whose decision changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which way.
    pub direction: Direction,
    /// One request of the class: method and URL, and what else it needs.
    pub request: String,
    /// Who sends it.
    pub session: String,
    /// The decision before.
    pub before: Judged,
    /// The decision after.
    pub after: Judged,
    /// What there is to add.
    pub note: Option<String>,
    /// How many others were tried that change in the same way.
    pub alike: usize,
}

/// Everything that changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Looser ones first.
    pub changes: Vec<Change>,
    /// How many requests were tried.
    pub requests: usize,
    /// Combinations of path patterns that were too many to try, so that their meeting points were
    /// tried in part only.
    pub pairs_left_out: usize,
    /// Lines of a log that are no request, or that say too little of one.
    pub lines_left_out: usize,
}

impl Changes {
    /// How many changes go this way.
    #[must_use]
    pub fn count(&self, direction: Direction) -> usize {
        let changes = self.changes.iter();
        changes
            .filter(|change| change.direction == direction)
            .count()
    }

    pub(super) fn sort(&mut self) {
        self.changes.sort_by(|one, other| {
            let order = one.direction.cmp(&other.direction);
            order.then_with(|| one.request.cmp(&other.request))
        });
    }
}
