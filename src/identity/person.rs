//! An identity: who somebody is to the identity service, without what they prove it with.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::id::IdentityId;

/// Whether an identity may sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityState {
    /// May sign in; sessions count.
    #[default]
    Active,
    /// May not sign in; sessions are worth nothing while it lasts.
    Inactive,
}

impl IdentityState {
    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }

    /// Reads the wire name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "active" => Some(Self::Active),
            "inactive" => Some(Self::Inactive),
            _ => None,
        }
    }
}

/// How an address is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Electronic mail.
    Email,
    /// A text message.
    Sms,
}

impl Channel {
    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }

    /// Reads the wire name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "email" => Some(Self::Email),
            "sms" => Some(Self::Sms),
            _ => None,
        }
    }
}

/// How far the verification of an address has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VerificationStatus {
    /// Nothing was sent yet.
    #[default]
    Pending,
    /// A code or link was sent.
    Sent,
    /// The person showed that they read what was sent.
    Completed,
}

impl VerificationStatus {
    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Completed => "completed",
        }
    }

    /// Reads the wire name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "pending" => Some(Self::Pending),
            "sent" => Some(Self::Sent),
            "completed" => Some(Self::Completed),
            _ => None,
        }
    }
}

/// An address whose ownership can be shown. Its members stand in the order of the wire format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiableAddress {
    /// Names the address.
    pub id: Uuid,
    /// The address itself.
    pub value: String,
    /// Whether ownership was shown.
    pub verified: bool,
    /// How it is reached.
    pub via: Channel,
    /// How far verification has come.
    pub status: VerificationStatus,
    /// When ownership was shown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verified_at: Option<Timestamp>,
    /// When the address was first seen.
    pub created_at: Timestamp,
    /// When the entry last changed.
    pub updated_at: Timestamp,
}

/// An address by which an account can be recovered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryAddress {
    /// Names the address.
    pub id: Uuid,
    /// The address itself.
    pub value: String,
    /// How it is reached.
    pub via: Channel,
    /// When the address was first seen.
    pub created_at: Timestamp,
    /// When the entry last changed.
    pub updated_at: Timestamp,
}

/// An identity without its credentials (those are [`super::Credentials`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Names it.
    pub id: IdentityId,
    /// Counts stored changes, so that two writers cannot undo each other; kept by the store.
    pub revision: i64,
    /// The operator's own name for it; unique where given.
    pub external_id: Option<String>,
    /// The identity schema that its traits follow.
    pub schema_id: String,
    /// Whether it may sign in.
    pub state: IdentityState,
    /// When the state last changed.
    pub state_changed_at: Option<Timestamp>,
    /// What the person says of themselves, as the schema shapes it; an object.
    pub traits: Value,
    /// Set by the operator, shown to the person. `None` is JSON `null` on the wire.
    pub metadata_public: Option<Value>,
    /// Set by the operator, shown on the admin API only.
    pub metadata_admin: Option<Value>,
    /// Addresses whose ownership can be shown.
    pub verifiable_addresses: Vec<VerifiableAddress>,
    /// Addresses by which the account can be recovered.
    pub recovery_addresses: Vec<RecoveryAddress>,
    /// The organization it belongs to.
    pub organization_id: Option<Uuid>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Identity {
    /// A new active identity with these traits, created at `now`; addresses are filled in by
    /// [`super::schema::IdentitySchema::apply`].
    #[must_use]
    pub fn new(schema_id: impl Into<String>, traits: Value, now: Timestamp) -> Self {
        Self {
            id: IdentityId::random(),
            revision: 0,
            external_id: None,
            schema_id: schema_id.into(),
            state: IdentityState::Active,
            state_changed_at: Some(now),
            traits,
            metadata_public: None,
            metadata_admin: None,
            verifiable_addresses: Vec::new(),
            recovery_addresses: Vec::new(),
            organization_id: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether it may sign in.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self.state, IdentityState::Active)
    }

    /// Changes the state, and notes when, if it is another one.
    pub fn set_state(&mut self, state: IdentityState, now: Timestamp) {
        if self.state != state {
            self.state = state;
            self.state_changed_at = Some(now);
        }
    }
}
