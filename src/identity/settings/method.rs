//! `selfservice.methods` and `hashers` of the configuration.

use std::time::Duration;

use super::OidcSettings;

use crate::identity::webauthn::{Attachment, Requirement};

/// For how long what was sent by mail is good: long enough to fetch it, too short to find it
/// later. Kratos would take an hour.
const MAIL_LIFESPAN: Duration = Duration::from_secs(10 * 60);

/// What people prove themselves with.
#[derive(Clone, Debug, Default)]
pub struct MethodSettings {
    /// Passwords.
    pub password: PasswordSettings,
    /// Codes of an authenticator app.
    pub totp: TotpSettings,
    /// Whether traits can be changed by their owner.
    pub profile_enabled: bool,
    /// Codes by mail.
    pub code: CodeSettings,
    /// Whether lookup secrets are on.
    pub lookup_secret_enabled: bool,
    /// Security keys.
    pub webauthn: WebauthnSettings,
    /// Links by mail.
    pub link: LinkSettings,
    /// Passkeys.
    pub passkey: PasskeySettings,
    /// Sign-in with other providers.
    pub oidc: OidcSettings,
}

/// `methods.password`
#[derive(Clone, Debug)]
pub struct PasswordSettings {
    /// Whether passwords are on.
    pub enabled: bool,
    /// The least number of bytes. Kratos refuses values below 6 in its schema; so do we.
    pub min_length_bytes: usize,
    /// The greatest number of bytes; bounds the work of hashing.
    pub max_length_bytes: usize,
    /// Whether passwords that resemble the identifier are refused.
    pub similarity_check: bool,
    /// Whether breached passwords are looked up.
    pub breach_check: bool,
    /// Where they are looked up: a host, or a URL.
    pub breach_host: String,
    /// How often a password may appear in breaches.
    pub max_breaches: u64,
    /// Whether a failing look-up lets the password pass.
    pub ignore_network_errors: bool,
}

impl Default for PasswordSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            min_length_bytes: 8,
            max_length_bytes: 1024,
            similarity_check: true,
            breach_check: true,
            breach_host: "api.pwnedpasswords.com".to_owned(),
            max_breaches: 0,
            ignore_network_errors: true,
        }
    }
}

/// `methods.totp`
#[derive(Clone, Debug, Default)]
pub struct TotpSettings {
    /// Whether authenticator apps are on.
    pub enabled: bool,
    /// Shown by the app; the public host name unless configured.
    pub issuer: String,
}

/// `methods.code`
#[derive(Clone, Debug)]
pub struct CodeSettings {
    /// Whether codes by mail are on (recovery and verification use them).
    pub enabled: bool,
    /// Whether a code alone signs in.
    pub passwordless_enabled: bool,
    /// Whether a code is a second factor. Excludes `passwordless_enabled`.
    pub mfa_enabled: bool,
    /// How long a code is good for.
    pub lifespan: Duration,
    /// How many tries a flow has.
    pub max_submissions: u32,
    /// Whether addresses that can be verified take codes where no others are set up.
    pub missing_credential_fallback: bool,
}

impl Default for CodeSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            passwordless_enabled: false,
            mfa_enabled: false,
            lifespan: MAIL_LIFESPAN,
            max_submissions: 5,
            missing_credential_fallback: false,
        }
    }
}

/// `methods.link`
#[derive(Clone, Copy, Debug)]
pub struct LinkSettings {
    /// Whether links by mail are on.
    pub enabled: bool,
    /// How long a link is good for.
    pub lifespan: Duration,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            lifespan: MAIL_LIFESPAN,
        }
    }
}

/// `methods.webauthn`
#[derive(Clone, Debug, Default)]
pub struct WebauthnSettings {
    /// Whether security keys are on.
    pub enabled: bool,
    /// Whether a key alone signs in (then it is no second factor).
    pub passwordless: bool,
    /// The relying party's domain.
    pub rp_id: String,
    /// The name that browsers show.
    pub rp_display_name: String,
    /// Where keys may be used; the public origin unless configured.
    pub origins: Vec<String>,
}

/// `methods.passkey`
#[derive(Clone, Debug)]
pub struct PasskeySettings {
    /// Whether passkeys are on.
    pub enabled: bool,
    /// The relying party's domain.
    pub rp_id: String,
    /// The name that browsers show.
    pub rp_display_name: String,
    /// Where passkeys may be used; the public origin unless configured.
    pub origins: Vec<String>,
    /// Where authenticators have to sit, if that matters.
    pub attachment: Option<Attachment>,
    /// Whether the key is found without a name.
    pub resident_key: Requirement,
    /// Whether the authenticator has to know the person.
    pub user_verification: Requirement,
    /// How long enrolling may take, in milliseconds.
    pub registration_timeout_millis: u64,
    /// How long signing may take, in milliseconds.
    pub login_timeout_millis: u64,
}

impl Default for PasskeySettings {
    fn default() -> Self {
        Self {
            enabled: false,
            rp_id: String::new(),
            rp_display_name: String::new(),
            origins: Vec::new(),
            attachment: None,
            resident_key: Requirement::Required,
            user_verification: Requirement::Preferred,
            registration_timeout_millis: 300_000,
            login_timeout_millis: 300_000,
        }
    }
}

/// What new password hashes are made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HasherAlgorithm {
    /// Argon2id.
    #[default]
    Argon2,
    /// bcrypt.
    Bcrypt,
}

/// `hashers`
#[derive(Clone, Debug, Default)]
pub struct Hashers {
    /// What new hashes are made with; others are replaced at login.
    pub algorithm: HasherAlgorithm,
    /// Cost of Argon2id.
    pub argon2: Argon2Settings,
    /// Cost of bcrypt.
    pub bcrypt: BcryptSettings,
}

/// `hashers.argon2`; by default 19 MiB, two passes, one lane.
#[derive(Clone, Copy, Debug)]
pub struct Argon2Settings {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
    /// Bytes of salt.
    pub salt_length: usize,
    /// Bytes of hash.
    pub key_length: usize,
}

impl Default for Argon2Settings {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            iterations: 2,
            parallelism: 1,
            salt_length: 16,
            key_length: 32,
        }
    }
}

/// `hashers.bcrypt`
#[derive(Clone, Copy, Debug)]
pub struct BcryptSettings {
    /// The logarithm of the number of rounds.
    pub cost: u32,
}

impl Default for BcryptSettings {
    fn default() -> Self {
        Self { cost: 12 }
    }
}
