//! Sessions as whoami and login answers show them. Never holds a token.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Identity;

/// A signed-in client of an identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Stable id; survives step-up and refresh.
    pub id: Uuid,
    /// Whether it counts now.
    pub active: bool,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When a factor was last completed.
    pub authenticated_at: Timestamp,
    /// `aal0`, `aal1` or `aal2`.
    pub authenticator_assurance_level: String,
    /// Every completed factor, in order.
    pub authentication_methods: Vec<AuthenticationMethodEntry>,
    /// When it began.
    pub issued_at: Timestamp,
    /// Whose it is; null where that may not be shown yet.
    pub identity: Option<Identity>,
    /// The device it was opened on.
    pub devices: Option<Vec<Device>>,
    /// The session as a JWT, when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenized: Option<String>,
}

/// One completed factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticationMethodEntry {
    /// The method's name.
    pub method: String,
    /// What it counted for when it was completed.
    pub aal: String,
    /// When.
    pub completed_at: Timestamp,
    /// The provider that did it, for `oidc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The organization, for `oidc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The provider's own `acr`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_acr: Option<String>,
    /// The provider's own `amr`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upstream_amr: Vec<String>,
}

/// Where a session was opened from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Stable id.
    pub id: Uuid,
    /// The client's address.
    pub ip_address: Option<String>,
    /// The client's User-Agent.
    pub user_agent: Option<String>,
    /// City and country, where a front proxy tells.
    pub location: Option<String>,
}
