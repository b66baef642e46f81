//! The guided tour: who can log in, where everything is, and what to try.

use jiff::Timestamp;

use crate::identity::credential::totp::{PERIOD_SECONDS, TotpSecret};

/// What the demo tells about itself.
#[derive(Clone, Debug)]
pub(super) struct Guide {
    pub(super) urls: Urls,
    pub(super) users: Vec<GuideUser>,
}

/// Where everything is, as a browser on this machine reaches it.
#[derive(Clone, Debug)]
pub(super) struct Urls {
    pub(super) bank: String,
    pub(super) login: String,
    pub(super) settings: String,
    pub(super) admin: String,
    pub(super) mailbox: String,
}

/// A person who can log in. Everything about these people is meant to be shown.
#[derive(Clone)]
pub(super) struct GuideUser {
    pub(super) identifier: String,
    pub(super) password: String,
    pub(super) totp_secret: Option<TotpSecret>,
    /// Codes on paper.
    pub(super) lookup_secrets: Vec<String>,
}

impl std::fmt::Debug for GuideUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuideUser")
            .field("identifier", &self.identifier)
            .finish_non_exhaustive()
    }
}

impl GuideUser {
    /// The code that this person's authenticator app shows at `now`.
    pub(super) fn current_code(&self, now: Timestamp) -> Option<String> {
        let step = now.as_second().div_euclid(PERIOD_SECONDS);
        self.totp_secret.as_ref().map(|secret| secret.code(step))
    }

    /// The secret as it is typed into an app; empty where there is none.
    pub(super) fn secret_text(&self) -> String {
        self.totp_secret
            .as_ref()
            .map(TotpSecret::base32)
            .unwrap_or_default()
    }
}
