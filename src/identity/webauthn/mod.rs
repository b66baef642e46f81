//! Security keys and passkeys: what a browser is asked, and whether its answer is right.
//!
//! The cryptography and most of the ceremony are `webauthn-rs-core`'s. Its high-level sibling keeps
//! keys and words requests its own way; here both have to be Kratos'.

mod ceremony;
mod options;
mod response;

pub use ceremony::{Challenge, Signed, verify_assertion, verify_registration};
pub use options::{CreationUser, creation_options, request_options};
pub use response::Assertion;

/// Who asks for keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelyingParty {
    /// The domain that keys are bound to.
    pub id: String,
    /// The name that browsers show.
    pub name: String,
    /// Where keys may be used: serialised origins, compared as they are.
    pub origins: Vec<String>,
}

/// How much is asked of an authenticator: to know the person by PIN or body, to keep the key so
/// that it can be found without a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Requirement {
    /// It must.
    Required,
    /// It may.
    Preferred,
    /// It need not.
    #[default]
    Discouraged,
}

impl Requirement {
    /// The word in options and configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Preferred => "preferred",
            Self::Discouraged => "discouraged",
        }
    }
}

/// Where an authenticator sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// In the device.
    Platform,
    /// Anywhere, for any device.
    CrossPlatform,
}

impl Attachment {
    /// The word in options and configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::CrossPlatform => "cross-platform",
        }
    }
}

/// Why an answer of an authenticator does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not in the shape of an answer.
    #[error("the answer of the security key can not be read: {0}")]
    Malformed(&'static str),
    /// It is for something else, or not signed by the key.
    #[error("the answer of the security key is not right: {0}")]
    Wrong(String),
    /// Its counter went back: there may be two of the key.
    #[error("the counter of the security key went back")]
    Cloned,
}
