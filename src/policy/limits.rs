//! How often a rule may be used.

use std::time::Duration;

/// `limits` of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many requests.
    pub requests: u32,
    /// In what time.
    pub per: Duration,
    /// Whose requests are counted together.
    pub of: LimitOf,
}

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitOf {
    /// Those of one session that are let through.
    Session,
    /// All from one address (IPv6: one /64), let through or not.
    Address,
}

impl std::fmt::Display for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = match self.of {
            LimitOf::Session => "of one session",
            LimitOf::Address => "from one address",
        };
        let seconds = self.per.as_secs_f64();
        write!(f, "at most {} requests {of} in {seconds} s", self.requests)
    }
}
