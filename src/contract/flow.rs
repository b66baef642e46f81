//! Flows: one object for a form from its opening to its success.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use super::{ContinueWith, Identity, Message, Node};

/// A flow as `init`, `fetch` and refused submits answer it. The keys that only some kinds have are
/// optional here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// Stable id.
    pub id: Uuid,
    /// Null; present on login, registration and settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<NoOrganization>,
    /// Who it is for.
    #[serde(rename = "type")]
    pub transport: Transport,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was opened.
    pub issued_at: Timestamp,
    /// The URL it was opened with.
    pub request_url: String,
    /// Where to go afterwards, as asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<String>,
    /// The method chosen last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// The form.
    pub ui: Ui,
    /// When it was stored; login only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last stored; login only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Whether somebody signed in proves who they are again; login only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<bool>,
    /// The level that was asked for; login only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_aal: Option<String>,
    /// A code to exchange for the session token; only when just opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token_exchange_code: Option<String>,
    /// What comes after success; settings only, once successful.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continue_with: Option<Vec<ContinueWith>>,
    /// Whose settings; settings only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// How far it got.
    pub state: FlowState,
    /// What the client sent to be handed to hooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transient_payload: Option<Value>,
}

/// Stands for `null` in a key that must be present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct NoOrganization;

impl Serialize for NoOrganization {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

/// The form of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ui {
    /// Where to submit it.
    pub action: String,
    /// How: `POST`, or `GET` where only a link is left.
    pub method: String,
    /// Its parts; never null.
    pub nodes: Vec<Node>,
    /// What is to be said about the form as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
}

/// What a flow is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowKind {
    /// Sign in, or prove another factor.
    Login,
    /// Sign up.
    Registration,
    /// Change one's own account.
    Settings,
    /// Get access back.
    Recovery,
    /// Prove an address.
    Verification,
}

impl FlowKind {
    /// The word in paths and configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Registration => "registration",
            Self::Settings => "settings",
            Self::Recovery => "recovery",
            Self::Verification => "verification",
        }
    }
}

/// Who a flow is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Browsers, with cookies and CSRF tokens.
    Browser,
    /// Native clients, with session tokens.
    Api,
}

/// How far a flow got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowState {
    /// Nothing was done yet, or it went wrong.
    ChooseMethod,
    /// A code or link is on its way.
    SentEmail,
    /// Done.
    PassedChallenge,
    /// Recovery by a chosen address: the account's address is asked for.
    RecoveryAwaitingAddress,
    /// Recovery by a chosen address: one of the account's addresses is chosen.
    RecoveryAwaitingAddressChoice,
    /// Recovery by a chosen address: it is to be entered in full.
    RecoveryConfirmingAddress,
    /// Recovery by a chosen address: a code is on its way.
    RecoveryAwaitingCode,
    /// Settings: shown, or refused.
    ShowForm,
    /// Settings: saved.
    Success,
}
