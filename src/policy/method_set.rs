//! Sets of authentication methods, and which of them share a channel.

use std::fmt;
use std::ops::{BitAnd, BitOr, Sub};

use crate::aal::AuthenticationMethod;

/// A set of authentication methods, two bytes large. [`AuthenticationMethod::Unknown`] is never in
/// one: a method that this program does not know satisfies nothing that names methods.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct MethodSet(u16);

impl MethodSet {
    /// None at all.
    pub const EMPTY: Self = Self(0);
    /// What can be asked for as a second factor.
    pub const SECOND_FACTORS: Self = Self::of(&[
        AuthenticationMethod::Totp,
        AuthenticationMethod::Webauthn,
        AuthenticationMethod::LookupSecret,
        AuthenticationMethod::Code,
    ]);
    /// What people can sign in with.
    pub const FIRST_FACTORS: Self = Self::of(&[
        AuthenticationMethod::Password,
        AuthenticationMethod::Oidc,
        AuthenticationMethod::Saml,
        AuthenticationMethod::Passkey,
    ]);
    /// Each set shares a channel: whoever holds it has them all. Knowledge, application, security
    /// key, paper, mailbox, identity provider.
    const CHANNELS: [Self; 6] = [
        Self::of(&[AuthenticationMethod::Password]),
        Self::of(&[AuthenticationMethod::Totp]),
        Self::of(&[
            AuthenticationMethod::Webauthn,
            AuthenticationMethod::Passkey,
        ]),
        Self::of(&[AuthenticationMethod::LookupSecret]),
        Self::of(&[
            AuthenticationMethod::Code,
            AuthenticationMethod::CodeRecovery,
            AuthenticationMethod::LinkRecovery,
        ]),
        Self::of(&[AuthenticationMethod::Oidc, AuthenticationMethod::Saml]),
    ];

    /// These methods.
    #[must_use]
    pub const fn of(methods: &[AuthenticationMethod]) -> Self {
        let mut bits = 0;
        let mut rest = methods;
        while let [method, others @ ..] = rest {
            bits |= bit(*method);
            rest = others;
        }
        Self(bits)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `method` is one of them.
    #[must_use]
    pub const fn contains(self, method: AuthenticationMethod) -> bool {
        self.0 & bit(method) != 0
    }

    /// The methods, in the order of [`AuthenticationMethod::ALL`].
    pub fn iter(self) -> impl Iterator<Item = AuthenticationMethod> {
        AuthenticationMethod::ALL
            .into_iter()
            .filter(move |method| self.contains(*method))
    }

    /// Over how many different channels they go.
    #[must_use]
    pub fn channels(self) -> usize {
        self.used_channels().count()
    }

    /// Every method that goes over a channel of one of these.
    #[must_use]
    pub fn with_their_channels(self) -> Self {
        self.used_channels()
            .fold(Self::EMPTY, |all, channel| all | channel)
    }

    fn used_channels(self) -> impl Iterator<Item = Self> {
        Self::CHANNELS
            .into_iter()
            .filter(move |channel| !(*channel & self).is_empty())
    }
}

const fn bit(method: AuthenticationMethod) -> u16 {
    match method {
        AuthenticationMethod::Password => 1,
        AuthenticationMethod::Oidc => 1 << 1,
        AuthenticationMethod::Saml => 1 << 2,
        AuthenticationMethod::Passkey => 1 << 3,
        AuthenticationMethod::Totp => 1 << 4,
        AuthenticationMethod::Webauthn => 1 << 5,
        AuthenticationMethod::LookupSecret => 1 << 6,
        AuthenticationMethod::Code => 1 << 7,
        AuthenticationMethod::CodeRecovery => 1 << 8,
        AuthenticationMethod::LinkRecovery => 1 << 9,
        AuthenticationMethod::Unknown => 0,
    }
}

impl BitAnd for MethodSet {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for MethodSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Sub for MethodSet {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl FromIterator<AuthenticationMethod> for MethodSet {
    fn from_iter<I: IntoIterator<Item = AuthenticationMethod>>(methods: I) -> Self {
        methods
            .into_iter()
            .fold(Self::EMPTY, |all, method| all | Self::of(&[method]))
    }
}

/// The names, joined by commas.
impl fmt::Display for MethodSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, method) in self.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{method}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for MethodSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AuthenticationMethod::{
        Code, CodeRecovery, LinkRecovery, Oidc, Passkey, Password, Saml, Totp, Unknown, Webauthn,
    };

    #[test]
    fn methods_that_one_thief_holds_are_one_channel() {
        for together in [
            &[CodeRecovery, Code][..],
            &[LinkRecovery, Code, CodeRecovery],
            &[Webauthn, Passkey],
            &[Oidc, Saml],
            &[Password, Unknown],
        ] {
            assert_eq!(MethodSet::of(together).channels(), 1, "{together:?}");
        }
        for apart in [&[Password, Code], &[CodeRecovery, Totp], &[Passkey, Totp]] {
            assert_eq!(MethodSet::of(apart).channels(), 2, "{apart:?}");
        }
        assert_eq!(MethodSet::of(&[Unknown]).channels(), 0);
    }

    #[test]
    fn every_method_has_one_channel_and_its_own_bit() {
        let mut all = MethodSet::EMPTY;
        for method in AuthenticationMethod::ALL {
            let alone = MethodSet::of(&[method]);
            assert_eq!((all & alone, alone.channels()), (MethodSet::EMPTY, 1));
            assert_eq!(alone.iter().collect::<Vec<_>>(), [method]);
            all = all | alone;
        }
        assert_eq!(all.channels(), 6);
    }
}
