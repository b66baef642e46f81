//! Whether a condition holds, when programs may read a request in more than one way.

/// What is known of a condition and a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// However it is read.
    Yes,
    /// In one reading, and not in another.
    Maybe,
    /// In no reading.
    No,
}

impl Holds {
    pub(super) const fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    /// Both conditions.
    pub(super) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Maybe, _) | (_, Self::Maybe) => Self::Maybe,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    /// One condition, read in two ways.
    pub(super) const fn or_read_as(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            (Self::Yes | Self::Maybe | Self::No, _) => Self::Maybe,
        }
    }

    /// The opposite condition.
    pub(super) const fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::Maybe => Self::Maybe,
            Self::No => Self::Yes,
        }
    }
}
