//! Names that can't be guessed: of a kept request, and of a browser without a session.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::secret::SecretString;

/// Where people come back to; an id follows.
pub const STEP_UP_PATH: &str = "/.well-known/stepgate/step-up/";

const BYTES: usize = 32;
/// Characters of 32 bytes in base64 without padding.
pub(super) const CHARACTERS: usize = 43;

fn random_text() -> SecretString {
    let bytes: [u8; BYTES] = rand::random();
    SecretString::new(URL_SAFE_NO_PAD.encode(bytes))
}

/// The text as it stands, if it can be one of ours.
fn parse(text: &str) -> Option<SecretString> {
    let fits = text.len() == CHARACTERS
        && URL_SAFE_NO_PAD
            .decode(text)
            .is_ok_and(|bytes| bytes.len() == BYTES);
    fits.then(|| SecretString::new(text.to_owned()))
}

pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut joined = Vec::new();
    for part in parts {
        joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
        joined.extend_from_slice(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, &joined).as_ref());
    out
}

/// The id of a kept request. Whoever has it can find the request, but not read or send it without
/// the session it is bound to.
#[derive(Clone, Debug)]
pub struct ResumeId(SecretString);

impl ResumeId {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(random_text())
    }

    /// The id in a path or a form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse(text).map(Self)
    }

    /// As it stands in a URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.expose()
    }

    /// The page of a kept request, by path. `rule` lets the login page say what it is for.
    #[must_use]
    pub fn page(&self, rule: &str) -> String {
        let rule = utf8_percent_encode(rule, NON_ALPHANUMERIC);
        format!("{STEP_UP_PATH}{}?rule={rule}", self.as_str())
    }

    /// What it is stored under.
    pub(super) fn digest(&self) -> [u8; 32] {
        sha256(&[b"kept request", self.as_str().as_bytes()])
    }
}

/// What a browser without a session is known by: the value of a cookie.
#[derive(Clone, Debug)]
pub struct Nonce(SecretString);

impl Nonce {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(random_text())
    }

    /// The value of a cookie.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse(text).map(Self)
    }

    /// The value of the cookie.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is kept of it.
    pub(super) fn digest(&self) -> [u8; 32] {
        sha256(&[b"browser", self.expose().as_bytes()])
    }
}
