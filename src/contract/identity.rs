//! Identities as the public API shows them: without credentials and administrators' metadata.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// A person or a machine with an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Stable id.
    pub id: Uuid,
    /// Id in another system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Which schema the traits follow.
    pub schema_id: String,
    /// Where that schema can be read.
    pub schema_url: String,
    /// `active` or `inactive`.
    pub state: String,
    /// When the state was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_changed_at: Option<Timestamp>,
    /// The person's own data, by the schema.
    pub traits: Value,
    /// Addresses that can be verified; left out when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verifiable_addresses: Vec<VerifiableAddress>,
    /// Addresses for recovery; left out when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery_addresses: Vec<RecoveryAddress>,
    /// Data the person may read and not write.
    #[serde(default)]
    pub metadata_public: Option<Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Always null here.
    #[serde(default)]
    pub organization_id: Option<Uuid>,
}

/// An address whose owner can prove to read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiableAddress {
    /// Stable id.
    pub id: Uuid,
    /// The address.
    pub value: String,
    /// Whether it was proved.
    pub verified: bool,
    /// `email` or `sms`.
    pub via: String,
    /// `pending`, `sent` or `completed`.
    pub status: String,
    /// When it was proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An address that access can be recovered by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryAddress {
    /// Stable id.
    pub id: Uuid,
    /// The address.
    pub value: String,
    /// `email` or `sms`.
    pub via: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
