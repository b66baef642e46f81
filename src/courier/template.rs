//! What mails there are.

/// What a message is about. The names are Kratos' where it has the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Template {
    /// A link that recovers an account.
    RecoveryValid,
    /// Somebody asked for such a link, and no account has the address.
    RecoveryInvalid,
    /// A code that recovers an account.
    RecoveryCodeValid,
    /// Somebody asked for such a code, and no account has the address.
    RecoveryCodeInvalid,
    /// A link that verifies an address.
    VerificationValid,
    /// Somebody asked for such a link, and no account has the address.
    VerificationInvalid,
    /// A code that verifies an address.
    VerificationCodeValid,
    /// Somebody asked for such a code, and no account has the address.
    VerificationCodeInvalid,
    /// A code to sign in with, as first or second factor.
    LoginCodeValid,
    /// A code to sign up with.
    RegistrationCodeValid,
    /// Another address took this one's place.
    VerifiableAddressChanged,
    /// The password was set or changed.
    PasswordChanged,
    /// A way to sign in was added.
    FactorAdded,
    /// A way to sign in was removed.
    FactorRemoved,
    /// The account was recovered by mail.
    AccountRecovered,
}

impl Template {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::RecoveryValid,
        Self::RecoveryInvalid,
        Self::RecoveryCodeValid,
        Self::RecoveryCodeInvalid,
        Self::VerificationValid,
        Self::VerificationInvalid,
        Self::VerificationCodeValid,
        Self::VerificationCodeInvalid,
        Self::LoginCodeValid,
        Self::RegistrationCodeValid,
        Self::VerifiableAddressChanged,
        Self::PasswordChanged,
        Self::FactorAdded,
        Self::FactorRemoved,
        Self::AccountRecovered,
    ];

    /// `template_type` on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RecoveryValid => "recovery_valid",
            Self::RecoveryInvalid => "recovery_invalid",
            Self::RecoveryCodeValid => "recovery_code_valid",
            Self::RecoveryCodeInvalid => "recovery_code_invalid",
            Self::VerificationValid => "verification_valid",
            Self::VerificationInvalid => "verification_invalid",
            Self::VerificationCodeValid => "verification_code_valid",
            Self::VerificationCodeInvalid => "verification_code_invalid",
            Self::LoginCodeValid => "login_code_valid",
            Self::RegistrationCodeValid => "registration_code_valid",
            Self::VerifiableAddressChanged => "verifiable_address_changed",
            Self::PasswordChanged => "password_changed",
            Self::FactorAdded => "factor_added",
            Self::FactorRemoved => "factor_removed",
            Self::AccountRecovered => "account_recovered",
        }
    }

    /// The template of a stored `template_type`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// What the code is called in a template's values.
    pub(super) const fn code_key(self) -> &'static str {
        match self {
            Self::VerificationValid
            | Self::VerificationInvalid
            | Self::VerificationCodeValid
            | Self::VerificationCodeInvalid
            | Self::VerifiableAddressChanged => "verification_code",
            Self::LoginCodeValid => "login_code",
            Self::RegistrationCodeValid => "registration_code",
            Self::RecoveryValid
            | Self::RecoveryInvalid
            | Self::RecoveryCodeValid
            | Self::RecoveryCodeInvalid
            | Self::PasswordChanged
            | Self::FactorAdded
            | Self::FactorRemoved
            | Self::AccountRecovered => "recovery_code",
        }
    }

    /// What the link is called in a template's values.
    pub(super) const fn url_key(self) -> &'static str {
        match self {
            Self::VerificationValid
            | Self::VerificationInvalid
            | Self::VerificationCodeValid
            | Self::VerificationCodeInvalid
            | Self::VerifiableAddressChanged => "verification_url",
            Self::RecoveryValid
            | Self::RecoveryInvalid
            | Self::RecoveryCodeValid
            | Self::RecoveryCodeInvalid => "recovery_url",
            Self::LoginCodeValid | Self::RegistrationCodeValid => "request_url",
            Self::PasswordChanged
            | Self::FactorAdded
            | Self::FactorRemoved
            | Self::AccountRecovered => "settings_url",
        }
    }
}
