//! A session: what somebody proved, when, and for how long it counts.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::id::{IdentityId, SessionId};
use super::settings::RequiredAal;
use crate::aal::{Aal, AuthenticationMethod, level_of};

/// One completed authentication step, in the order of completion. Repeats are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmrEntry {
    /// What was used.
    pub method: AuthenticationMethod,
    /// The level that the step counted for when it was completed.
    pub aal: Aal,
    /// When it was completed.
    pub completed_at: Timestamp,
    /// The identity provider, for `oidc` and `saml`.
    pub provider: Option<String>,
    /// The organization, for `oidc` and `saml`.
    pub organization: Option<String>,
    /// The provider's own `acr`.
    pub upstream_acr: Option<String>,
    /// The provider's own `amr`.
    pub upstream_amr: Vec<String>,
}

impl AmrEntry {
    /// A step completed at `completed_at` without an identity provider.
    #[must_use]
    pub const fn new(method: AuthenticationMethod, aal: Aal, completed_at: Timestamp) -> Self {
        Self {
            method,
            aal,
            completed_at,
            provider: None,
            organization: None,
            upstream_acr: None,
            upstream_amr: Vec::new(),
        }
    }
}

/// Where a session was opened from. Its members stand in the order of the wire format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Names the entry.
    pub id: Uuid,
    /// The client's address as text, possibly with a port.
    pub ip_address: String,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// City and country as a proxy in front states them; empty if it does not.
    pub location: String,
}

/// A session. Its token is kept apart: [`super::token`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Names it; stays through step-up, refresh and rotation of the token.
    pub id: SessionId,
    /// Whose session it is.
    pub identity_id: IdentityId,
    /// Whether it was neither revoked nor logged out. Expiry and the identity's state count
    /// besides: [`Session::is_active`].
    pub active: bool,
    /// The stored level, computed when a step was completed.
    pub aal: Aal,
    /// Completed steps in order.
    pub methods: Vec<AmrEntry>,
    /// The last completed step.
    pub authenticated_at: Timestamp,
    /// When it was opened; never moved.
    pub issued_at: Timestamp,
    /// From here on it is worth nothing.
    pub expires_at: Timestamp,
    /// Where it was opened from.
    pub devices: Vec<Device>,
}

/// The level that completed steps add up to.
#[must_use]
pub fn compute_aal(methods: &[AmrEntry]) -> Aal {
    level_of(methods.iter().map(|entry| (entry.method, entry.aal)))
}

impl Session {
    /// Opens a session with its first completed step.
    #[must_use]
    pub fn open(
        identity_id: IdentityId,
        first: AmrEntry,
        device: Device,
        lifespan: Duration,
        now: Timestamp,
    ) -> Self {
        let methods = vec![first];
        Self {
            id: SessionId::random(),
            identity_id,
            active: true,
            aal: compute_aal(&methods),
            methods,
            authenticated_at: now,
            issued_at: now,
            expires_at: later(now, lifespan),
            devices: vec![device],
        }
    }

    /// Adds a completed step: `authenticated_at` moves and the level is computed anew. `lifespan`
    /// is given by a login, which also renews the life; enrolling a factor leaves it out.
    pub fn complete(&mut self, step: AmrEntry, lifespan: Option<Duration>, now: Timestamp) {
        self.methods.push(step);
        self.aal = compute_aal(&self.methods);
        self.authenticated_at = now;
        if let Some(lifespan) = lifespan {
            self.expires_at = later(now, lifespan);
        }
    }

    /// Whether the session counts at `now`, given that its identity may (`identity_active`).
    #[must_use]
    pub fn is_active(&self, identity_active: bool, now: Timestamp) -> bool {
        self.active && identity_active && self.expires_at > now
    }

    /// The level computed anew from the completed steps; what whoami states.
    #[must_use]
    pub fn computed_aal(&self) -> Aal {
        compute_aal(&self.methods)
    }

    /// Whether sensitive settings may be changed: the last step is younger than `max_age`. A
    /// `max_age` of zero means always, except for `strict` checks (changing the password).
    #[must_use]
    pub fn is_privileged(&self, max_age: Duration, strict: bool, now: Timestamp) -> bool {
        if max_age.is_zero() && !strict {
            return true;
        }
        later(self.authenticated_at, max_age) > now
    }

    /// Whether the session satisfies `required`, for an identity that can reach `available`.
    #[must_use]
    pub fn satisfies(&self, required: RequiredAal, available: Aal) -> bool {
        match (self.computed_aal(), required) {
            (Aal::Aal2, _) => true,
            (Aal::Aal1, RequiredAal::Aal1) => true,
            (Aal::Aal1, RequiredAal::HighestAvailable) => available < Aal::Aal2,
            (Aal::Aal0, _) => false,
        }
    }

    /// The new end of life if the session may be extended at `now`: `None` while more than
    /// `earliest` of its life remains.
    #[must_use]
    pub fn extended(
        &self,
        lifespan: Duration,
        earliest: Duration,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let open_from = earlier(self.expires_at, earliest);
        (open_from < now).then(|| later(now, lifespan))
    }
}

/// `at` moved forward by `by`; the end of time when that overflows.
#[must_use]
pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// `at` moved back by `by`; the beginning of time when that overflows.
#[must_use]
pub fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn level(steps: &[(AuthenticationMethod, Aal)]) -> Aal {
        let entries: Vec<AmrEntry> = steps
            .iter()
            .map(|&(method, aal)| AmrEntry::new(method, aal, at(0)))
            .collect();
        compute_aal(&entries)
    }

    #[test]
    fn the_level_follows_the_recorded_steps() {
        use AuthenticationMethod::{Code, CodeRecovery, Oidc, Password, Saml, Totp};
        assert_eq!(level(&[]), Aal::Aal0);
        assert_eq!(level(&[(Password, Aal::Aal1)]), Aal::Aal1);
        assert_eq!(
            level(&[(Password, Aal::Aal1), (Totp, Aal::Aal2)]),
            Aal::Aal2
        );
        assert_eq!(
            level(&[(Totp, Aal::Aal2)]),
            Aal::Aal1,
            "second factors alone"
        );
        assert_eq!(level(&[(Totp, Aal::Aal2), (Totp, Aal::Aal2)]), Aal::Aal1);
        assert_eq!(
            level(&[(Password, Aal::Aal1), (Code, Aal::Aal1)]),
            Aal::Aal1
        );
        assert_eq!(
            level(&[(CodeRecovery, Aal::Aal1), (Code, Aal::Aal2)]),
            Aal::Aal2
        );
        assert_eq!(
            level(&[(Oidc, Aal::Aal2)]),
            Aal::Aal2,
            "the provider did both"
        );
        assert_eq!(level(&[(Saml, Aal::Aal2)]), Aal::Aal2);
        assert_eq!(
            level(&[(Totp, Aal::Aal0)]),
            Aal::Aal1,
            "an unknown level adds nothing"
        );
    }

    fn session() -> Session {
        let device = Device {
            id: Uuid::nil(),
            ip_address: String::new(),
            user_agent: None,
            location: String::new(),
        };
        let first = AmrEntry::new(AuthenticationMethod::Password, Aal::Aal1, at(100));
        Session::open(
            IdentityId::random(),
            first,
            device,
            Duration::from_secs(60),
            at(100),
        )
    }

    #[test]
    fn a_session_counts_until_it_expires_or_its_identity_is_switched_off() {
        let mut session = session();
        assert!(session.is_active(true, at(159)));
        assert!(!session.is_active(true, at(160)));
        assert!(!session.is_active(false, at(159)));
        session.active = false;
        assert!(!session.is_active(true, at(159)));
    }

    #[test]
    fn a_second_step_raises_the_level_and_a_login_renews_the_life() {
        let mut session = session();
        let step = AmrEntry::new(AuthenticationMethod::Totp, Aal::Aal2, at(110));
        session.complete(step.clone(), None, at(110));
        assert_eq!((session.aal, session.expires_at), (Aal::Aal2, at(160)));
        session.complete(step, Some(Duration::from_secs(60)), at(120));
        assert_eq!(
            (session.authenticated_at, session.expires_at),
            (at(120), at(180))
        );
        assert_eq!(session.issued_at, at(100));
    }

    #[test]
    fn highest_available_asks_only_those_who_have_a_second_factor() {
        let one = session();
        assert!(one.satisfies(RequiredAal::Aal1, Aal::Aal2));
        assert!(one.satisfies(RequiredAal::HighestAvailable, Aal::Aal1));
        assert!(one.satisfies(RequiredAal::HighestAvailable, Aal::Aal0));
        assert!(!one.satisfies(RequiredAal::HighestAvailable, Aal::Aal2));
        let mut none = one;
        none.methods.clear();
        assert!(!none.satisfies(RequiredAal::Aal1, Aal::Aal0));
    }

    #[test]
    fn a_session_is_privileged_for_a_while_after_its_last_step() {
        let session = session();
        let hour = Duration::from_secs(3600);
        assert!(session.is_privileged(hour, true, at(3699)));
        assert!(!session.is_privileged(hour, true, at(3700)));
        assert!(session.is_privileged(Duration::ZERO, false, at(9999)));
        assert!(!session.is_privileged(Duration::ZERO, true, at(100)));
    }

    #[test]
    fn a_session_is_extended_only_near_its_end() {
        let session = session();
        let (life, near) = (Duration::from_secs(60), Duration::from_secs(10));
        assert_eq!(session.extended(life, near, at(150)), None);
        assert_eq!(session.extended(life, near, at(151)), Some(at(211)));
        assert_eq!(session.extended(life, life, at(101)), Some(at(161)));
    }
}
