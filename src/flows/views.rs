//! What our own pages show: a flow with whose it is, sessions, errors.

use jiff::Timestamp;
use serde_json::Value;

use super::answer::Failure;
use super::current::Current;
use super::qr;
use super::service::{Service, internal};
use super::visitor::Visitor;
use crate::aal::Aal;
use crate::contract::{Attributes, Flow, FlowKind};
use crate::identity::credential::lookup;
use crate::identity::schema::TraitField;
use crate::identity::{CredentialType, ErrorId, Session, SessionId};
use crate::store::Account;

/// A flow for a page.
pub struct FlowView {
    /// The flow.
    pub flow: Flow,
    /// What the signed-in person is called.
    pub person: Option<String>,
    /// Settings: how many lookup secrets still count, and of how many.
    pub codes_left: Option<(usize, usize)>,
    /// Login, second step: the method that the person used last.
    pub preferred: Option<String>,
}

/// A session for a page.
pub struct SessionView {
    /// Its id.
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// The browser that opened it.
    pub user_agent: Option<String>,
    /// The address it was opened from.
    pub ip_address: Option<String>,
    /// When a factor was last completed.
    pub authenticated_at: Timestamp,
    /// Whether two factors were used.
    pub two_factors: bool,
}

/// Sessions that are looked through for the second factor that was used last.
const SESSIONS_REMEMBERED: u32 = 20;

/// Sessions on the page.
const SESSIONS_SHOWN: u32 = 100;

impl Service {
    /// The flow that `id` in the query names, for our own page of it.
    ///
    /// # Errors
    /// As a fetch of the flow.
    pub async fn flow_view(&self, kind: FlowKind, visitor: &Visitor) -> Result<FlowView, Failure> {
        match kind {
            FlowKind::Settings => {
                let (record, current) = self.own_settings(visitor).await?;
                let mut flow = self.show_flow(&record, visitor, Some(&current.account));
                draw_as_svg(&mut flow, record.totp_url.as_deref());
                Ok(FlowView {
                    flow,
                    codes_left: codes_left(&current.account),
                    preferred: None,
                    person: self.name_of(&current.account),
                })
            }
            FlowKind::Login
            | FlowKind::Registration
            | FlowKind::Recovery
            | FlowKind::Verification => {
                let record = match kind {
                    FlowKind::Recovery => self.shown_recovery(visitor).await?,
                    FlowKind::Login
                    | FlowKind::Registration
                    | FlowKind::Settings
                    | FlowKind::Verification => self.browser_flow(kind, visitor).await?,
                };
                let current = self.current(visitor).await?;
                let preferred = match &current {
                    Some(current) if record.second_factor => {
                        self.last_second_factor(current).await?
                    }
                    Some(_) | None => None,
                };
                Ok(FlowView {
                    flow: self.show_flow(&record, visitor, None),
                    codes_left: None,
                    preferred,
                    person: current.and_then(|current| self.name_of(&current.account)),
                })
            }
        }
    }

    /// The second factor that somebody completed last, in any of their latest sessions.
    async fn last_second_factor(&self, current: &Current) -> Result<Option<String>, Failure> {
        let identity = current.account.identity.id;
        let (sessions, _) = self
            .store
            .sessions_of(identity, None, None, 0, SESSIONS_REMEMBERED)
            .await
            .map_err(internal)?;
        let steps = sessions.iter().flat_map(|session| &session.methods);
        let second = steps.filter(|step| step.aal == Aal::Aal2);
        let last = second.max_by_key(|step| step.completed_at);
        Ok(last.map(|step| step.method.as_str().to_owned()))
    }

    /// What the signed-in visitor is called; `None` for strangers.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn person(&self, visitor: &Visitor) -> Result<Option<Person>, Failure> {
        let current = self.current(visitor).await?;
        Ok(current.map(|current| Person {
            name: self.name_of(&current.account),
            logout_token: self
                .store
                .keys()
                .logout_token(current.session.id)
                .map(|token| token.expose().clone()),
        }))
    }

    /// The first identifier, else an address, else nothing.
    fn name_of(&self, account: &Account) -> Option<String> {
        let schema = self.settings.schemas.find(&account.identity.schema_id);
        let fields = schema.map(|schema| schema.fields()).unwrap_or_default();
        let shown = |field: &TraitField| field.extension.is_identifier();
        let from_traits = fields
            .iter()
            .find(|field| shown(field))
            .and_then(|field| field.value(&account.identity.traits))
            .and_then(Value::as_str)
            .map(str::to_owned);
        from_traits.or_else(|| {
            let password = account.credentials.find(CredentialType::Password)?;
            password.identifiers.first().cloned()
        })
    }

    /// The visitor's sessions, the one that asks first; `None` for strangers.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sessions_view(
        &self,
        visitor: &Visitor,
    ) -> Result<Option<(Option<String>, Vec<SessionView>)>, Failure> {
        let Some(Current {
            session, account, ..
        }) = self.current(visitor).await?
        else {
            return Ok(None);
        };
        let (others, _) = self
            .store
            .sessions_of(
                account.identity.id,
                Some((true, self.now())),
                Some(session.id),
                0,
                SESSIONS_SHOWN,
            )
            .await
            .map_err(internal)?;
        let mut rows = vec![row(&session, true)];
        rows.extend(others.iter().map(|other| row(other, false)));
        Ok(Some((self.name_of(&account), rows)))
    }

    /// Ends one of the visitor's other sessions, or all of them. `false` for strangers.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_from_page(
        &self,
        visitor: &Visitor,
        which: Option<SessionId>,
    ) -> Result<bool, Failure> {
        let Some(current) = self.current(visitor).await? else {
            return Ok(false);
        };
        let identity = current.account.identity.id;
        match which {
            Some(id) if id == current.session.id => {}
            Some(id) => self.end_session(id, Some(identity)).await?,
            None => {
                self.end_other_sessions(identity, current.session.id)
                    .await?;
            }
        }
        Ok(true)
    }

    /// A kept error.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn error_view(&self, id: ErrorId) -> Result<Option<Value>, Failure> {
        let found = self.store.error(id).await.map_err(internal)?;
        Ok(found.map(|(error, _)| error))
    }
}

fn codes_left(account: &Account) -> Option<(usize, usize)> {
    let credential = account.credentials.find(CredentialType::LookupSecret)?;
    let codes = lookup::codes_of(credential);
    let left = codes.iter().filter(|one| one.used_at.is_none()).count();
    (!codes.is_empty()).then_some((left, codes.len()))
}

/// Who is signed in.
pub struct Person {
    /// What they are called.
    pub name: Option<String>,
    /// The token that signs them out.
    pub logout_token: Option<String>,
}

/// Pages show the QR code as SVG, sharp at any size.
fn draw_as_svg(flow: &mut Flow, totp_url: Option<&str>) {
    let Some(drawn) = totp_url.and_then(qr::svg_data_uri) else {
        return;
    };
    for node in &mut flow.ui.nodes {
        if let Attributes::Image(image) = &mut node.attributes
            && image.id == "totp_qr"
        {
            image.src.clone_from(&drawn);
        }
    }
}

fn row(session: &Session, current: bool) -> SessionView {
    let device = session.devices.first();
    SessionView {
        id: session.id.to_string(),
        current,
        user_agent: device.and_then(|device| device.user_agent.clone()),
        ip_address: device.map(|device| device.ip_address.clone()),
        authenticated_at: session.authenticated_at,
        two_factors: session.computed_aal() == Aal::Aal2,
    }
}
