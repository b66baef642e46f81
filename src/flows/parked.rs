//! Changes that wait while somebody signs in again.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::answer::{Answer, Failure};
use super::current::Current;
use super::record::FlowRecord;
use super::service::{Service, internal};
use super::visitor::Visitor;
use crate::contract::FlowKind;
use crate::contract::Problem;
use crate::identity::FlowId;
use crate::identity::session::later;
use crate::keyring::Purpose;
use crate::store::Parked;
use crate::web::{Fields, SetCookie};

/// The cookie that parked submits are found by; Kratos' name.
pub const CONTINUITY_COOKIE: &str = "ory_kratos_continuity";
const COOKIE_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const PARKED_FOR: Duration = Duration::from_secs(15 * 60);
const NAME: &str = "settings";

#[derive(Serialize, Deserialize)]
struct Payload {
    flow: FlowId,
    values: Map<String, Value>,
}

impl Service {
    /// Parks a change, and sends its sender to sign in again.
    pub(super) async fn park(
        &self,
        record: &FlowRecord,
        current: &Current,
        fields: &Fields,
    ) -> Result<Answer, Failure> {
        let id = Uuid::new_v4();
        let payload = Payload {
            flow: record.id,
            values: fields.values().clone(),
        };
        let parked = Parked {
            id,
            name: NAME.to_owned(),
            identity: Some(current.account.identity.id),
            payload: serde_json::to_value(payload).map_err(internal)?,
            expires_at: later(self.now(), PARKED_FOR),
        };
        self.store.park(&parked).await.map_err(internal)?;
        let back = self.site.submit_url(FlowKind::Settings, record.id);
        let query = [("refresh", "true"), ("return_to", back.as_str())];
        let to = self.site.init_url(FlowKind::Login, false, &query);
        let problem = Problem::refresh_required(&to);
        let answer = Answer::problem_or(problem, http::StatusCode::SEE_OTHER, to);
        Ok(answer.cookie(self.continuity_cookie(id)))
    }

    /// Takes the change that waits for this flow, once.
    pub(super) async fn take_parked(
        &self,
        record: &FlowRecord,
        current: &Current,
        visitor: &Visitor,
    ) -> Result<Option<Fields>, Failure> {
        let Some(id) = self.parked_id(visitor) else {
            return Ok(None);
        };
        let identity = Some(current.account.identity.id);
        let taken = self
            .store
            .take_parked(id, NAME, identity, self.now())
            .await
            .map_err(internal)?;
        let Some(taken) = taken else { return Ok(None) };
        let payload: Payload = serde_json::from_value(taken.payload).map_err(internal)?;
        let fits = payload.flow == record.id;
        Ok(fits.then(|| Fields::from_values(payload.values)))
    }

    fn parked_id(&self, visitor: &Visitor) -> Option<Uuid> {
        let value = visitor.continuity.as_deref()?;
        let keys = self.store.keys();
        let plain = keys.open_text(Purpose::Cookie, CONTINUITY_COOKIE.as_bytes(), value)?;
        // The second half is for who waits at a provider.
        let first = plain.get(..16).and_then(|id| Uuid::from_slice(id).ok());
        first.filter(|id| !id.is_nil())
    }

    /// What waits at a provider for this browser.
    pub(super) fn waiting_id(&self, visitor: &Visitor) -> Option<Uuid> {
        let value = visitor.continuity.as_deref()?;
        let keys = self.store.keys();
        let plain = keys.open_text(Purpose::Cookie, CONTINUITY_COOKIE.as_bytes(), value)?;
        Uuid::from_slice(plain.get(16..)?).ok()
    }

    /// The cookie that names what waits at a provider, and still what is parked here: who signs in
    /// with a provider to save a change must find it again.
    pub(super) fn waiting_cookie(&self, visitor: &Visitor, id: Uuid) -> Option<SetCookie> {
        let parked = self.parked_id(visitor).unwrap_or_default();
        let both = [*parked.as_bytes(), *id.as_bytes()].concat();
        self.continuity(&both)
    }

    /// The cookie that names a parked change.
    pub(super) fn continuity_cookie(&self, id: Uuid) -> Option<SetCookie> {
        self.continuity(id.as_bytes())
    }

    fn continuity(&self, ids: &[u8]) -> Option<SetCookie> {
        let keys = self.store.keys();
        let name = CONTINUITY_COOKIE.as_bytes();
        let value = keys.seal_text(Purpose::Cookie, name, ids)?;
        let cookie = SetCookie::new(CONTINUITY_COOKIE, value, &self.settings.cookies);
        Some(cookie.lasting(self.now(), COOKIE_AGE))
    }
}
