//! Why a stream is cut.

/// Why a stream is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Its session was ended.
    Revoked,
    /// Its session's time is over.
    Expired,
    /// The same request would be refused now: the session, the rules or the time have changed.
    BelowRule,
    /// No rule covers it any more.
    NoRule,
    /// Nobody could say for too long how its session stands.
    Unverified,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Revoked,
        Self::Expired,
        Self::BelowRule,
        Self::NoRule,
        Self::Unverified,
    ];

    /// The name in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::BelowRule => "below_rule",
            Self::NoRule => "no_rule",
            Self::Unverified => "unverified",
        }
    }

    /// A few words for the client: they tell an application what to do and an attacker nothing.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Revoked => "the session has ended",
            Self::Expired => "the session has expired",
            Self::BelowRule => "no longer allowed with this session",
            Self::NoRule => "no longer served",
            Self::Unverified => "the session could not be checked",
        }
    }

    /// Whether the session itself is over, so that signing in is what helps.
    #[must_use]
    pub const fn session_is_over(self) -> bool {
        match self {
            Self::Revoked | Self::Expired => true,
            Self::BelowRule | Self::NoRule | Self::Unverified => false,
        }
    }

    pub(super) const fn index(self) -> usize {
        match self {
            Self::Revoked => 0,
            Self::Expired => 1,
            Self::BelowRule => 2,
            Self::NoRule => 3,
            Self::Unverified => 4,
        }
    }
}
