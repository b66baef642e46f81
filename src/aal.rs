//! How strongly a person proved who they are: the Authenticator Assurance Level and the methods
//! that reach it. Defined once, used by everyone.
//!
//! Names and values are those of the Kratos session contract (`authenticator_assurance_level`,
//! `authentication_methods[].method`).

use std::fmt;

/// Authenticator Assurance Level of a session, lowest first, so that levels compare.
///
/// A level this program does not know ranks as [`Aal::Aal0`]: an unknown word must never open a
/// route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aal {
    /// Nothing was proved.
    #[default]
    Aal0,
    /// One factor.
    Aal1,
    /// Two factors.
    Aal2,
}

impl Aal {
    /// Reads the wire name (`aal0`, `aal1`, `aal2`); anything else, `aal3` included, is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "aal0" => Some(Self::Aal0),
            "aal1" => Some(Self::Aal1),
            "aal2" => Some(Self::Aal2),
            _ => None,
        }
    }

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aal0 => "aal0",
            Self::Aal1 => "aal1",
            Self::Aal2 => "aal2",
        }
    }
}

/// The level that completed steps add up to, each with the level that was recorded when it was
/// completed; never derived from the methods' names.
///
/// Two levels only when one step counted for `aal1` and another for `aal2`: second factors alone
/// stay `aal1`, and so do two first factors. A step whose identity provider did both (`oidc`,
/// `saml` recorded with `aal2`) is enough by itself.
#[must_use]
pub fn level_of(steps: impl IntoIterator<Item = (AuthenticationMethod, Aal)>) -> Aal {
    let (mut any, mut first, mut second) = (false, false, false);
    for (method, aal) in steps {
        any = true;
        first |= aal == Aal::Aal1;
        second |= aal == Aal::Aal2;
        first |= aal == Aal::Aal2 && method.is_by_provider();
    }
    match (any, first && second) {
        (_, true) => Aal::Aal2,
        (true, false) => Aal::Aal1,
        (false, false) => Aal::Aal0,
    }
}

impl fmt::Display for Aal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A way to authenticate, by Kratos' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuthenticationMethod {
    /// `password`
    Password,
    /// `oidc`
    Oidc,
    /// `saml`
    Saml,
    /// `passkey`
    Passkey,
    /// `totp`
    Totp,
    /// `webauthn`
    Webauthn,
    /// `lookup_secret`
    LookupSecret,
    /// `code`
    Code,
    /// `code_recovery`
    CodeRecovery,
    /// `link_recovery`
    LinkRecovery,
    /// A method this program does not know. It counts for what its session entry says, and
    /// satisfies no requirement that names methods.
    Unknown,
}

impl AuthenticationMethod {
    /// Every method that has a name.
    pub const ALL: [Self; 10] = [
        Self::Password,
        Self::Oidc,
        Self::Saml,
        Self::Passkey,
        Self::Totp,
        Self::Webauthn,
        Self::LookupSecret,
        Self::Code,
        Self::CodeRecovery,
        Self::LinkRecovery,
    ];

    /// Whether an identity provider did it, which may have asked for two factors at once.
    #[must_use]
    pub const fn is_by_provider(self) -> bool {
        matches!(self, Self::Oidc | Self::Saml)
    }

    /// Reads the wire name; a foreign one is [`AuthenticationMethod::Unknown`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "password" => Self::Password,
            "oidc" => Self::Oidc,
            "saml" => Self::Saml,
            "passkey" => Self::Passkey,
            "totp" => Self::Totp,
            "webauthn" => Self::Webauthn,
            "lookup_secret" => Self::LookupSecret,
            "code" => Self::Code,
            "code_recovery" => Self::CodeRecovery,
            "link_recovery" => Self::LinkRecovery,
            _ => Self::Unknown,
        }
    }

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Oidc => "oidc",
            Self::Saml => "saml",
            Self::Passkey => "passkey",
            Self::Totp => "totp",
            Self::Webauthn => "webauthn",
            Self::LookupSecret => "lookup_secret",
            Self::Code => "code",
            Self::CodeRecovery => "code_recovery",
            Self::LinkRecovery => "link_recovery",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for AuthenticationMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_from_the_future_is_unknown_rather_than_high() {
        assert_eq!(Aal::parse("aal3"), None);
        assert_eq!(Aal::parse("AAL2"), None);
        assert!(Aal::Aal0 < Aal::Aal1 && Aal::Aal1 < Aal::Aal2);
    }

    #[test]
    fn every_level_and_method_reads_back_as_written() {
        for aal in [Aal::Aal0, Aal::Aal1, Aal::Aal2] {
            assert_eq!(Aal::parse(aal.as_str()), Some(aal));
        }
        for name in [
            "password",
            "totp",
            "webauthn",
            "lookup_secret",
            "code_recovery",
        ] {
            assert_eq!(AuthenticationMethod::parse(name).as_str(), name);
        }
    }
}
