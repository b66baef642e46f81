//! What the extension key makes of traits: identifiers and addresses.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::TraitField;
use crate::identity::credential::{Credential, CredentialType, Credentials, fold_identifier};
use crate::identity::person::{
    Channel, Identity, RecoveryAddress, VerifiableAddress, VerificationStatus,
};

/// An address found in the traits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The address, folded as identifiers are.
    pub value: String,
    /// How it is reached.
    pub via: Channel,
}

/// What the extension finds in traits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extracted {
    /// Identifiers of the password.
    pub password: Vec<String>,
    /// Whether the schema names password identifiers at all.
    pub has_password: bool,
    /// Identifiers of security keys.
    pub webauthn: Vec<String>,
    /// Whether the schema names identifiers of security keys at all.
    pub has_webauthn: bool,
    /// Addresses for codes.
    pub code: Vec<Found>,
    /// Whether the schema names addresses for codes at all.
    pub has_code: bool,
    /// The account's name in authenticator apps.
    pub totp_account_name: Option<String>,
    /// Addresses whose ownership can be shown.
    pub verification: Vec<Found>,
    /// Addresses for recovery.
    pub recovery: Vec<Found>,
}

fn text_of(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

fn push<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

pub(super) fn extract(fields: &[TraitField], traits: &Value) -> Extracted {
    let mut out = Extracted::default();
    for field in fields {
        let extension = &field.extension;
        out.has_password |= extension.password_identifier;
        out.has_webauthn |= extension.webauthn_identifier;
        out.has_code |= extension.code_identifier.is_some();
        let Some(text) = text_of(field.value(traits)) else {
            continue;
        };
        let folded = text.trim().to_lowercase();
        let found = |via| Found {
            value: folded.clone(),
            via,
        };
        if extension.password_identifier {
            push(
                &mut out.password,
                fold_identifier(CredentialType::Password, &text),
            );
        }
        if extension.webauthn_identifier {
            push(
                &mut out.webauthn,
                fold_identifier(CredentialType::Webauthn, &text),
            );
        }
        if let Some(via) = extension.code_identifier {
            push(&mut out.code, found(via));
        }
        if let Some(via) = extension.verification {
            push(&mut out.verification, found(via));
        }
        if let Some(via) = extension.recovery {
            push(&mut out.recovery, found(via));
        }
        if extension.totp_account_name {
            out.totp_account_name = Some(text);
        }
    }
    out
}

pub(super) fn apply(
    extracted: &Extracted,
    identity: &mut Identity,
    credentials: &mut Credentials,
    now: Timestamp,
) {
    apply_verifiable(&extracted.verification, identity, now);
    apply_recovery(&extracted.recovery, identity, now);
    let mut set = |kind, declared: bool, identifiers: &[String], config: Option<Value>| {
        if declared {
            set_identifiers(credentials, kind, identifiers, config, now);
        }
    };
    set(
        CredentialType::Password,
        extracted.has_password,
        &extracted.password,
        None,
    );
    set(
        CredentialType::Webauthn,
        extracted.has_webauthn,
        &extracted.webauthn,
        None,
    );
    let addresses: Vec<Value> = extracted
        .code
        .iter()
        .map(|found| json!({"channel": found.via.as_str(), "address": found.value}))
        .collect();
    let names: Vec<String> = extracted
        .code
        .iter()
        .map(|found| found.value.clone())
        .collect();
    let config = json!({ "addresses": addresses });
    set(
        CredentialType::Code,
        extracted.has_code,
        &names,
        Some(config),
    );
}

/// Sets identifiers; a credential that has nothing but identifiers goes when they go.
fn set_identifiers(
    credentials: &mut Credentials,
    kind: CredentialType,
    identifiers: &[String],
    config: Option<Value>,
    now: Timestamp,
) {
    if let Some(existing) = credentials.find_mut(kind) {
        let same_config = config.as_ref().is_none_or(|new| *new == existing.config);
        if existing.identifiers == identifiers && same_config {
            return;
        }
        existing.identifiers = identifiers.to_vec();
        existing.updated_at = now;
        if let Some(config) = config {
            existing.config = config;
        }
    } else if !identifiers.is_empty() {
        let config = config.unwrap_or_else(|| json!({}));
        credentials.set(Credential::new(kind, identifiers.to_vec(), config, now));
    }
}

fn apply_verifiable(found: &[Found], identity: &mut Identity, now: Timestamp) {
    let old = std::mem::take(&mut identity.verifiable_addresses);
    for address in found {
        let kept = old
            .iter()
            .find(|one| one.value == address.value && one.via == address.via);
        identity
            .verifiable_addresses
            .push(kept.cloned().unwrap_or_else(|| VerifiableAddress {
                id: Uuid::new_v4(),
                value: address.value.clone(),
                verified: false,
                via: address.via,
                status: VerificationStatus::Pending,
                verified_at: None,
                created_at: now,
                updated_at: now,
            }));
    }
}

fn apply_recovery(found: &[Found], identity: &mut Identity, now: Timestamp) {
    let old = std::mem::take(&mut identity.recovery_addresses);
    for address in found {
        let kept = old
            .iter()
            .find(|one| one.value == address.value && one.via == address.via);
        identity
            .recovery_addresses
            .push(kept.cloned().unwrap_or_else(|| RecoveryAddress {
                id: Uuid::new_v4(),
                value: address.value.clone(),
                via: address.via,
                created_at: now,
                updated_at: now,
            }));
    }
}
