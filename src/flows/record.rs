//! A flow as it is kept between its opening and its success.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::hooks::Saving;
use super::keys::KeyOffer;
use super::oidc::PendingLink;
use super::site::Site;
use crate::aal::Aal;
use crate::contract::{
    self, Flow, FlowKind, FlowState, Message, NoOrganization, Node, NodeGroup, Transport, Ui,
};
use crate::identity::session::later;
use crate::identity::{FlowId, IdentityId};
use crate::web::Fields;

/// Everything that is kept of a flow. It may hold secrets (a TOTP secret that is being set up), so
/// it is stored sealed and has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct FlowRecord {
    /// Its id.
    pub id: FlowId,
    /// What it is for.
    pub kind: FlowKind,
    /// Who it is for.
    pub transport: Transport,
    /// When it was opened.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last stored.
    pub updated_at: Timestamp,
    /// The URL it was opened with.
    pub request_url: String,
    /// Where to go afterwards, as asked for and allowed.
    pub return_to: Option<String>,
    /// The method that succeeded last.
    pub active: Option<String>,
    /// How far it got.
    pub state: FlowState,
    /// Login: somebody signed in proves who they are again.
    pub refresh: bool,
    /// Login: the second factor is asked for (`aal2`), not the first.
    pub second_factor: bool,
    /// The form.
    pub nodes: Vec<Node>,
    /// What is said about the form as a whole.
    pub messages: Vec<Message>,
    /// Which browser opened it: the fingerprint of its CSRF secret.
    pub browser: Option<String>,
    /// Settings: whose.
    pub identity: Option<IdentityId>,
    /// Settings: the otpauth URL of an authenticator app being set up.
    pub totp_url: Option<String>,
    /// The challenge for a security key, until it is answered.
    #[serde(default)]
    pub key_offer: Option<KeyOffer>,
    /// The challenge for a passkey, until it is answered.
    #[serde(default)]
    pub passkey_offer: Option<KeyOffer>,
    /// Settings: lookup secrets that were shown and wait to be confirmed.
    #[serde(default)]
    pub lookup_pending: Vec<String>,
    /// Settings: after a success the form posts to the flow that continues this one.
    pub continues_as: Option<FlowId>,
    /// What was sent for this flow: a code or a link, and to whom.
    #[serde(default)]
    pub sent: Option<Sent>,
    /// Opened by an administrator for somebody else's browser, which therefore has no token.
    #[serde(default)]
    pub open_elsewhere: bool,
    /// Recovery: afterwards straight to where the person wanted to go, past the settings.
    #[serde(default)]
    pub skip_settings: bool,
    /// Nothing is left to do but to go on to this place.
    #[serde(default)]
    pub continue_url: Option<String>,
    /// What the client sent for hooks.
    pub transient_payload: Option<Value>,
    /// Used up by a success.
    pub consumed: bool,
    /// Where a native client waits for the session that a browser opens.
    #[serde(default)]
    pub exchange: Option<Uuid>,
    /// Login: an account at a provider that is linked by a success.
    #[serde(default)]
    pub link: Option<Box<PendingLink>>,
    /// Counts the stored changes.
    #[serde(skip)]
    pub version: i64,
    /// What a submit sent for hooks, while it is worked on.
    #[serde(skip)]
    pub sent_for_hooks: Option<Value>,
    /// Whether a browser that came back from a provider gets the answer, whoever the flow is for.
    #[serde(skip)]
    pub in_browser: bool,
    /// Settings: who is saving a change, while they do.
    #[serde(skip)]
    pub saving: Option<Box<Saving>>,
}

/// A code or link that was sent for a flow.
#[derive(Clone, Serialize, Deserialize)]
pub struct Sent {
    /// Where to, as it was entered.
    pub address: String,
    /// Whose account it is for, where there is one.
    pub identity: Option<IdentityId>,
    /// Sign-up: the traits that were entered with it; the code counts for these only.
    #[serde(default)]
    pub traits: Option<Value>,
}

/// What a new flow begins with.
pub struct Opening {
    /// What it is for.
    pub kind: FlowKind,
    /// Who it is for.
    pub transport: Transport,
    /// The URL it was opened with.
    pub request_url: String,
    /// Where to go afterwards, checked.
    pub return_to: Option<String>,
    /// The browser's CSRF fingerprint.
    pub browser: Option<String>,
}

impl FlowRecord {
    /// A new flow without nodes.
    #[must_use]
    pub fn open(opening: Opening, lifespan: std::time::Duration, now: Timestamp) -> Self {
        let state = match opening.kind {
            FlowKind::Settings => FlowState::ShowForm,
            FlowKind::Login
            | FlowKind::Registration
            | FlowKind::Recovery
            | FlowKind::Verification => FlowState::ChooseMethod,
        };
        Self {
            id: FlowId::random(),
            kind: opening.kind,
            transport: opening.transport,
            issued_at: now,
            expires_at: later(now, lifespan),
            updated_at: now,
            request_url: opening.request_url,
            return_to: opening.return_to,
            active: None,
            state,
            refresh: false,
            second_factor: false,
            nodes: Vec::new(),
            messages: Vec::new(),
            browser: opening.browser,
            identity: None,
            totp_url: None,
            key_offer: None,
            passkey_offer: None,
            lookup_pending: Vec::new(),
            continues_as: None,
            sent: None,
            open_elsewhere: false,
            skip_settings: false,
            continue_url: None,
            transient_payload: None,
            consumed: false,
            exchange: None,
            link: None,
            version: 0,
            sent_for_hooks: None,
            in_browser: false,
            saving: None,
        }
    }

    /// How the flow that takes over from this expired one begins.
    #[must_use]
    pub fn reopening(&self, browser: Option<String>) -> Opening {
        Opening {
            kind: self.kind,
            transport: self.transport,
            request_url: self.request_url.clone(),
            return_to: self.return_to.clone(),
            browser,
        }
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// The level that a login asks for.
    #[must_use]
    pub const fn requested_aal(&self) -> Aal {
        if self.second_factor {
            Aal::Aal2
        } else {
            Aal::Aal1
        }
    }

    /// Takes back what was said about an earlier try.
    pub fn forget_messages(&mut self) {
        self.messages.clear();
        for node in &mut self.nodes {
            node.messages.clear();
        }
    }

    /// Says something beside the node `name`, or about the form where it has no such node.
    pub fn say_at(&mut self, name: &str, message: Message) {
        match self.nodes.iter_mut().find(|node| node.name() == name) {
            Some(node) => node.messages.push(message),
            None => self.messages.push(message),
        }
    }

    /// Keeps what a program sent for hooks. Forms have no way to send it.
    pub fn keep_transient_payload(&mut self, fields: &Fields) {
        self.transient_payload = fields.form().is_none().then(|| {
            let sent = fields.find("transient_payload").cloned();
            sent.unwrap_or_else(|| json!({}))
        });
    }

    /// The first thing that is said, about the form or beside a field.
    #[must_use]
    pub fn first_message(&self) -> Option<&str> {
        let beside = self.nodes.iter().flat_map(|node| &node.messages);
        let first = self.messages.iter().chain(beside).next();
        first.map(|message| message.text.as_str())
    }

    /// Puts a value into the field `name`, or takes it out.
    pub fn fill(&mut self, name: &str, value: Option<Value>) {
        if let Some(node) = self.nodes.iter_mut().find(|node| node.name() == name) {
            node.set_value(value);
        }
    }

    /// The JSON of the flow. `csrf_token` goes into the form of browser flows; `identity` is shown
    /// by settings.
    #[must_use]
    pub fn render(
        &self,
        site: &Site,
        csrf_token: Option<&str>,
        identity: Option<contract::Identity>,
    ) -> Flow {
        let login = self.kind == FlowKind::Login;
        let has_organization = !matches!(self.kind, FlowKind::Recovery | FlowKind::Verification);
        let mut nodes = self.nodes.clone();
        if self.transport == Transport::Api && self.exchange.is_none() {
            // No native client can go to a provider and come back without an exchange of codes.
            nodes.retain(|node| node.group != NodeGroup::Oidc);
        }
        if let (Transport::Browser, Some(token)) = (self.transport, csrf_token) {
            for node in nodes.iter_mut().filter(|node| node.name() == "csrf_token") {
                node.set_value(Some(Value::String(token.to_owned())));
            }
        }
        Flow {
            id: self.id.uuid(),
            organization_id: has_organization.then_some(NoOrganization),
            transport: self.transport,
            expires_at: self.expires_at,
            issued_at: self.issued_at,
            request_url: self.request_url.clone(),
            return_to: self.return_to.clone(),
            active: self.active.clone(),
            ui: Ui {
                action: self.continue_url.clone().unwrap_or_else(|| {
                    site.submit_url(self.kind, self.continues_as.unwrap_or(self.id))
                }),
                method: if self.continue_url.is_some() {
                    "GET"
                } else {
                    "POST"
                }
                .to_owned(),
                nodes,
                messages: self.messages.clone(),
            },
            created_at: login.then_some(self.issued_at),
            updated_at: login.then_some(self.updated_at),
            refresh: login.then_some(self.refresh),
            requested_aal: login.then(|| self.requested_aal().as_str().to_owned()),
            session_token_exchange_code: None,
            continue_with: None,
            identity,
            state: self.state,
            transient_payload: self.transient_payload.clone(),
        }
    }
}
