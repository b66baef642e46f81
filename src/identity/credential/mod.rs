//! Credentials: what an identity proves itself with.
//!
//! One credential per type. Its configuration is kept as JSON, shaped as Kratos shapes it, so
//! that types which come later need no other storage; each type reads its own shape.

pub mod breach;
pub mod hash;
pub mod keys;
pub mod lookup;
pub mod oidc;
pub mod password;
pub mod totp;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use super::settings::CodeSettings;
use crate::aal::{Aal, AuthenticationMethod};

/// A type of credential, by its wire name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CredentialType {
    /// `password`
    Password,
    /// `oidc`
    Oidc,
    /// `totp`
    Totp,
    /// `lookup_secret`
    LookupSecret,
    /// `webauthn`
    Webauthn,
    /// `code`
    Code,
    /// `passkey`
    Passkey,
}

impl CredentialType {
    /// Every type.
    pub const ALL: [Self; 7] = [
        Self::Password,
        Self::Oidc,
        Self::Totp,
        Self::LookupSecret,
        Self::Webauthn,
        Self::Code,
        Self::Passkey,
    ];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Oidc => "oidc",
            Self::Totp => "totp",
            Self::LookupSecret => "lookup_secret",
            Self::Webauthn => "webauthn",
            Self::Code => "code",
            Self::Passkey => "passkey",
        }
    }

    /// Reads the wire name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether the configuration holds something that is shown again or can be used as it is, so
    /// that it is stored encrypted.
    #[must_use]
    pub const fn is_sealed(self) -> bool {
        matches!(self, Self::Totp | Self::LookupSecret | Self::Oidc)
    }

    /// Whether one of this type can be a second factor; whether it is one, its content says.
    #[must_use]
    pub const fn may_be_second_factor(self) -> bool {
        match self {
            Self::Totp | Self::LookupSecret | Self::Webauthn | Self::Code => true,
            Self::Password | Self::Oidc | Self::Passkey => false,
        }
    }

    /// Whether identifiers of this type are compared without case and surrounding blanks.
    #[must_use]
    pub const fn folds_identifiers(self) -> bool {
        matches!(
            self,
            Self::Password | Self::Webauthn | Self::Code | Self::Passkey
        )
    }
}

/// A credential of an identity.
#[derive(Clone, PartialEq)]
pub struct Credential {
    /// Its type.
    pub kind: CredentialType,
    /// By which it is found: an address or name, unique among credentials of the type.
    pub identifiers: Vec<String>,
    /// Its configuration as JSON; an empty object when only identifiers are known.
    pub config: Value,
    /// The version of the configuration's shape.
    pub version: i64,
    /// When it was set up.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("kind", &self.kind)
            .field("identifiers", &self.identifiers.len())
            .finish_non_exhaustive()
    }
}

impl Credential {
    /// A new credential.
    #[must_use]
    pub const fn new(
        kind: CredentialType,
        identifiers: Vec<String>,
        config: Value,
        now: Timestamp,
    ) -> Self {
        Self {
            kind,
            identifiers,
            config,
            version: 0,
            created_at: now,
            updated_at: now,
        }
    }

    fn has_identifier(&self) -> bool {
        self.identifiers.iter().any(|name| !name.is_empty())
    }
}

/// All credentials of an identity, one per type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Credentials(BTreeMap<CredentialType, Credential>);

impl Credentials {
    /// None at all.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The one of this type.
    #[must_use]
    pub fn find(&self, kind: CredentialType) -> Option<&Credential> {
        self.0.get(&kind)
    }

    /// The one of this type, to change.
    pub fn find_mut(&mut self, kind: CredentialType) -> Option<&mut Credential> {
        self.0.get_mut(&kind)
    }

    /// Sets the one of its type.
    pub fn set(&mut self, credential: Credential) {
        self.0.insert(credential.kind, credential);
    }

    /// Takes the one of this type away.
    pub fn remove(&mut self, kind: CredentialType) -> Option<Credential> {
        self.0.remove(&kind)
    }

    /// All of them, in a stable order.
    pub fn iter(&self) -> impl Iterator<Item = &Credential> {
        self.0.values()
    }

    /// How many first factors are set up.
    #[must_use]
    pub fn first_factors(&self, code: &CodeSettings) -> usize {
        let of_credentials: usize = self.iter().map(first_factors_of).sum();
        of_credentials + usize::from(code.enabled && code.passwordless_enabled)
    }

    /// How many second factors are set up. Whether their method is enabled does not matter,
    /// except for `code`; used lookup secrets count.
    #[must_use]
    pub fn second_factors(&self, code: &CodeSettings) -> usize {
        self.iter()
            .map(|credential| second_factors_of(credential, code))
            .sum()
    }

    /// Which second factors are set up, by the methods that prove them; as
    /// [`Credentials::second_factors`] counts them.
    pub fn second_factor_methods(
        &self,
        code: &CodeSettings,
    ) -> impl Iterator<Item = AuthenticationMethod> {
        let set_up = self
            .iter()
            .filter(|credential| second_factors_of(credential, code) > 0);
        set_up.filter_map(|credential| match credential.kind {
            CredentialType::Totp => Some(AuthenticationMethod::Totp),
            CredentialType::LookupSecret => Some(AuthenticationMethod::LookupSecret),
            CredentialType::Webauthn => Some(AuthenticationMethod::Webauthn),
            CredentialType::Code => Some(AuthenticationMethod::Code),
            CredentialType::Password | CredentialType::Oidc | CredentialType::Passkey => None,
        })
    }

    /// The highest level that the identity can reach: any second factor makes it `aal2`, with or
    /// without a first one.
    #[must_use]
    pub fn available_aal(&self, code: &CodeSettings) -> Aal {
        if self.second_factors(code) > 0 {
            Aal::Aal2
        } else if self.first_factors(code) > 0 {
            Aal::Aal1
        } else {
            Aal::Aal0
        }
    }
}

impl FromIterator<Credential> for Credentials {
    fn from_iter<I: IntoIterator<Item = Credential>>(credentials: I) -> Self {
        let by_type = credentials.into_iter().map(|one| (one.kind, one));
        Self(by_type.collect())
    }
}

fn first_factors_of(credential: &Credential) -> usize {
    match credential.kind {
        CredentialType::Password => {
            usize::from(password::is_set(credential) && credential.has_identifier())
        }
        CredentialType::Oidc => credential
            .identifiers
            .iter()
            .filter(|name| !name.is_empty())
            .count(),
        CredentialType::Webauthn => {
            usize::from(has_key(credential, true) && credential.has_identifier())
        }
        CredentialType::Passkey if credential.has_identifier() => keys(credential).count(),
        CredentialType::Passkey
        | CredentialType::Totp
        | CredentialType::LookupSecret
        | CredentialType::Code => 0,
    }
}

fn second_factors_of(credential: &Credential, code: &CodeSettings) -> usize {
    match credential.kind {
        CredentialType::Totp => usize::from(totp::is_set(credential)),
        CredentialType::LookupSecret => usize::from(lookup::is_set(credential)),
        CredentialType::Webauthn => keys(credential).filter(|key| !is_passwordless(key)).count(),
        CredentialType::Code => {
            usize::from(code.enabled && code.mfa_enabled && has_code_address(credential))
        }
        CredentialType::Password | CredentialType::Oidc | CredentialType::Passkey => 0,
    }
}

fn keys(credential: &Credential) -> impl Iterator<Item = &Value> {
    let keys = credential
        .config
        .get("credentials")
        .and_then(Value::as_array);
    keys.into_iter().flatten()
}

fn is_passwordless(key: &Value) -> bool {
    key.get("is_passwordless").and_then(Value::as_bool) == Some(true)
}

fn has_key(credential: &Credential, passwordless: bool) -> bool {
    keys(credential).any(|key| is_passwordless(key) == passwordless)
}

fn has_code_address(credential: &Credential) -> bool {
    let addresses = credential.config.get("addresses").and_then(Value::as_array);
    addresses.into_iter().flatten().any(|entry| {
        let address = entry.get("address").and_then(Value::as_str);
        address.is_some_and(|address| !address.is_empty())
    })
}

/// The form in which identifiers of this type are stored and looked up: without surrounding
/// blanks and in lower case, where the type compares so.
#[must_use]
pub fn fold_identifier(kind: CredentialType, identifier: &str) -> String {
    if kind.folds_identifiers() {
        identifier.trim().to_lowercase()
    } else {
        identifier.to_owned()
    }
}
