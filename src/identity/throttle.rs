//! Limits on guessing: what is counted, and how far it may go.
//!
//! Counters are kept by the store and commit before anything is compared, so that parallel
//! guesses and rolled-back work cannot be had for free.

use std::time::Duration;

/// What a wrong try is counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ThrottleKind {
    /// First factors of an identity.
    Password,
    /// Second factors of an identity, counted only after its first factor.
    SecondFactor,
    /// Codes of recovery, verification and sign-in without a password, of an identity.
    Code,
    /// Mails to an identity, or to an address that nobody has.
    Mail,
    /// Mails that a client address caused.
    MailFrom,
    /// All tries from a client address.
    Address,
}

impl ThrottleKind {
    /// The name that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SecondFactor => "second_factor",
            Self::Code => "code",
            Self::Mail => "mail",
            Self::MailFrom => "mail_from",
            Self::Address => "address",
        }
    }
}

/// So many wrong tries in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Tries that may fail in a window.
    pub tries: u32,
    /// The window's length.
    pub per: Duration,
}

/// `throttle` of the embedded identity service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleSettings {
    /// Wrong second factors per identity.
    pub second_factor: Limit,
    /// Wrong passwords per identity.
    pub password: Limit,
    /// Wrong tries per client address.
    pub per_address: Limit,
    /// Mails with codes or links to one person or address.
    pub mail: Limit,
    /// Mails with codes or links that one client address causes.
    pub mail_from: Limit,
}

impl ThrottleSettings {
    /// The limit of this kind.
    #[must_use]
    pub const fn limit(&self, kind: ThrottleKind) -> Limit {
        match kind {
            // Counted apart from passwords, and as strictly.
            ThrottleKind::Password | ThrottleKind::Code => self.password,
            ThrottleKind::SecondFactor => self.second_factor,
            ThrottleKind::Mail => self.mail,
            ThrottleKind::MailFrom => self.mail_from,
            ThrottleKind::Address => self.per_address,
        }
    }
}

impl Default for ThrottleSettings {
    fn default() -> Self {
        let quarter = Duration::from_secs(15 * 60);
        let limit = |tries| Limit {
            tries,
            per: quarter,
        };
        Self {
            second_factor: limit(10),
            password: limit(10),
            per_address: limit(100),
            mail: limit(10),
            mail_from: limit(300),
        }
    }
}
