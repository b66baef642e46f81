//! Limits on guessing: every try is counted before anything is compared.

use super::answer::Failure;
use super::service::{Service, internal};
use super::visitor::Visitor;
use crate::identity::IdentityId;
use crate::identity::throttle::ThrottleKind;
use crate::keyring::Purpose;
use crate::store::{Account, Tried};
use crate::web::SetCookie;

/// The cookie of a browser that signed in before. Its tries have a count of their own, so that
/// strangers cannot lock a person out.
pub const DEVICE_COOKIE: &str = "stepgate_device";
const DEVICE_COOKIE_AGE: std::time::Duration = std::time::Duration::from_secs(400 * 24 * 60 * 60);
const DEVICE_BYTES: usize = 16;

/// A counted try.
pub(super) struct Gate {
    kind: ThrottleKind,
    subject: Vec<u8>,
    address: Vec<u8>,
    open: bool,
}

impl Gate {
    /// Whether the right answer counts.
    pub(super) const fn is_open(&self) -> bool {
        self.open
    }
}

impl Service {
    /// Counts a try against whom it is about, and against the address that it comes from.
    /// `subject` is the identity's id, or the identifier of a person who does not exist.
    pub(super) async fn count_try(
        &self,
        kind: ThrottleKind,
        subject: &[u8],
        visitor: &Visitor,
    ) -> Result<Gate, Failure> {
        let mut subject = subject.to_vec();
        if let Some(device) = self.known_device(visitor, &subject) {
            subject.extend(device);
        }
        let address = visitor.client.address.to_string().into_bytes();
        let now = self.clock.steady_wall();
        let limits = &self.settings.throttle;
        let mut open = true;
        for (kind, subject) in [(ThrottleKind::Address, &address), (kind, &subject)] {
            let tried = self
                .store
                .count_try(kind, subject, limits.limit(kind), now)
                .await
                .map_err(internal)?;
            match tried {
                Tried::Allowed => {}
                Tried::Refused { .. } => open = false,
            }
        }
        Ok(Gate {
            kind,
            subject,
            address,
            open,
        })
    }

    /// The try was right: it does not count.
    pub(super) async fn forgive_try(&self, gate: Gate) -> Result<(), Failure> {
        self.store
            .forgive(gate.kind, &gate.subject)
            .await
            .map_err(internal)?;
        self.store
            .forgive(ThrottleKind::Address, &gate.address)
            .await
            .map_err(internal)
    }

    /// Which known browser this is for the identity, if it signed in as that before.
    pub(super) fn known_device(&self, visitor: &Visitor, identity: &[u8]) -> Option<Vec<u8>> {
        let cookie = visitor.device.as_deref()?;
        let plain =
            self.store
                .keys()
                .open_text(Purpose::Device, DEVICE_COOKIE.as_bytes(), cookie)?;
        let (device, owner) = plain.split_at_checked(DEVICE_BYTES)?;
        (owner == identity).then(|| device.to_vec())
    }

    /// Marks a browser that signed in. Only where our own pages are used: others expect no cookies
    /// but those of the Kratos API.
    pub(super) fn device_cookie(&self, visitor: &Visitor, account: &Account) -> Option<SetCookie> {
        let identity: IdentityId = account.identity.id;
        let known = self.known_device(visitor, identity.as_bytes()).is_some();
        if known || !self.site.has_own_pages() {
            return None;
        }
        let mut plain = rand::random::<[u8; DEVICE_BYTES]>().to_vec();
        plain.extend_from_slice(identity.as_bytes());
        let value =
            self.store
                .keys()
                .seal_text(Purpose::Device, DEVICE_COOKIE.as_bytes(), &plain)?;
        let cookie = SetCookie::new(DEVICE_COOKIE, value, &self.settings.cookies);
        Some(cookie.lasting(self.now(), DEVICE_COOKIE_AGE))
    }
}
