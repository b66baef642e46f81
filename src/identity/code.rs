//! Codes and links that are sent to an address: what they are for, and how they look.

use std::fmt;

use rand::RngExt;

use crate::secret::{Secret, SecretString};

use super::id::FlowId;
use super::token::random_text;

/// Digits of a code.
pub const CODE_DIGITS: usize = 6;
/// Letters and digits of a link's token: 190 bits.
const TOKEN_CHARACTERS: usize = 32;

/// What a code or a link is good for. One made for one thing is worth nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodePurpose {
    /// Signing in, with the first or the second factor.
    Login,
    /// Signing up.
    Registration,
    /// Getting back into an account.
    Recovery,
    /// Showing that an address is one's own.
    Verification,
    /// Getting back into an account, by opening a link.
    RecoveryLink,
    /// Showing that an address is one's own, by opening a link.
    VerificationLink,
}

impl CodePurpose {
    /// The name that is stored and that goes into the code's MAC.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Registration => "registration",
            Self::Recovery => "recovery",
            Self::Verification => "verification",
            Self::RecoveryLink => "recovery_link",
            Self::VerificationLink => "verification_link",
        }
    }

    /// Whether it is a token in a link, which nobody can guess, and not a few digits.
    #[must_use]
    pub const fn is_link(self) -> bool {
        match self {
            Self::RecoveryLink | Self::VerificationLink => true,
            Self::Login | Self::Registration | Self::Recovery | Self::Verification => false,
        }
    }

    /// A new code or token for this purpose.
    #[must_use]
    pub fn random(self) -> CodeSecret {
        let text = if self.is_link() {
            random_text(TOKEN_CHARACTERS)
        } else {
            let number = rand::rng().random_range(0..10_u32.pow(6));
            format!("{number:0width$}", width = CODE_DIGITS)
        };
        CodeSecret(Secret::new(text))
    }

    /// What a person typed or a link carried, in the one form that counts; `None` for what no code
    /// of this purpose looks like.
    #[must_use]
    pub fn read(self, text: &str) -> Option<CodeSecret> {
        let text = text.trim();
        let (length, fits): (usize, fn(&u8) -> bool) = if self.is_link() {
            (TOKEN_CHARACTERS, u8::is_ascii_alphanumeric)
        } else {
            (CODE_DIGITS, u8::is_ascii_digit)
        };
        let fits = text.len() == length && text.as_bytes().iter().all(fits);
        fits.then(|| CodeSecret(Secret::new(text.to_owned())))
    }

    /// What the MAC of a code covers: the code itself, what it is for, and the flow it was sent
    /// for.
    #[must_use]
    pub fn mac_input(self, flow: FlowId, code: &CodeSecret) -> Vec<u8> {
        let mut data = self.as_str().as_bytes().to_vec();
        data.push(0);
        data.extend_from_slice(flow.as_bytes());
        data.extend_from_slice(code.expose().as_bytes());
        data
    }
}

/// A code or a token, as it is sent.
#[derive(Clone)]
pub struct CodeSecret(SecretString);

impl CodeSecret {
    /// The text that goes into the mail. Never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for CodeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[code]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_digits_and_a_link_carries_far_more() {
        let code = CodePurpose::Login.random();
        assert_eq!(code.expose().len(), CODE_DIGITS);
        assert!(code.expose().bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(CodePurpose::RecoveryLink.random().expose().len(), 32);
        assert_eq!(format!("{code:?}"), "[code]");
    }

    #[test]
    fn only_the_plain_form_of_a_code_is_read() {
        let read = |text: &str| CodePurpose::Login.read(text).is_some();
        assert!(read("012345") && read(" 012345\n"));
        for wrong in [
            "12345",
            "1234567",
            "12 345",
            "+12345",
            "12345a",
            "",
            "１２３４５６",
        ] {
            assert!(!read(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_mac_covers_code_purpose_and_flow() {
        let (one, two) = (FlowId::random(), FlowId::random());
        let code = CodePurpose::Login.read("123456").unwrap();
        let data = CodePurpose::Login.mac_input(one, &code);
        assert_ne!(data, CodePurpose::Login.mac_input(two, &code));
        assert_ne!(data, CodePurpose::Recovery.mac_input(one, &code));
    }
}
