//! What becomes of requests, by name.

/// What became of a request, by the names of the access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decided {
    /// Forwarded.
    Allow,
    /// Asked to sign in.
    LogIn,
    /// Asked for a second factor.
    StepUp,
    /// Asked to prove it again.
    Refresh,
    /// Asked to set up a second factor.
    Enrol,
    /// Refused.
    Deny,
    /// No rule covers it.
    NoRule,
    /// A rule covers it, but not its method.
    MethodNotAllowed,
    /// It can be read in more than one way.
    BadRequest,
    /// Nobody could say who asks.
    Unavailable,
    /// Who asked for a decision is none of those who may.
    UntrustedPeer,
}

impl Decided {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Allow,
        Self::LogIn,
        Self::StepUp,
        Self::Refresh,
        Self::Enrol,
        Self::Deny,
        Self::NoRule,
        Self::MethodNotAllowed,
        Self::BadRequest,
        Self::Unavailable,
        Self::UntrustedPeer,
    ];

    /// The name in logs, metrics and `explain`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::LogIn => "log_in",
            Self::StepUp => "step_up",
            Self::Refresh => "refresh",
            Self::Enrol => "enrol",
            Self::Deny => "deny",
            Self::NoRule => "no_rule",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::BadRequest => "bad_request",
            Self::Unavailable => "unavailable",
            Self::UntrustedPeer => "untrusted_peer",
        }
    }

    /// Its place among [`Decided::ALL`].
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Allow => 0,
            Self::LogIn => 1,
            Self::StepUp => 2,
            Self::Refresh => 3,
            Self::Enrol => 4,
            Self::Deny => 5,
            Self::NoRule => 6,
            Self::MethodNotAllowed => 7,
            Self::BadRequest => 8,
            Self::Unavailable => 9,
            Self::UntrustedPeer => 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_place_and_a_name_of_its_own() {
        let mut names = Vec::new();
        for (place, decided) in Decided::ALL.into_iter().enumerate() {
            assert_eq!(decided.index(), place);
            names.push(decided.as_str());
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Decided::ALL.len());
    }
}
