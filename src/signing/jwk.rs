//! Key sets as they are written (RFC 7517).

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::key::KeyError;

#[derive(Deserialize)]
pub(super) struct RawSet {
    pub(super) keys: Vec<RawKey>,
}

/// A set of which each key is read by itself.
#[derive(Deserialize)]
pub(super) struct RawPublicSet {
    pub(super) keys: Vec<serde_json::Value>,
}

/// The members of all kinds of keys. No `Debug`: they are secret.
#[derive(Deserialize)]
pub(super) struct RawKey {
    pub(super) kty: String,
    #[serde(rename = "use")]
    pub(super) usage: Option<String>,
    pub(super) kid: Option<String>,
    pub(super) alg: Option<String>,
    pub(super) crv: Option<String>,
    key_ops: Option<Vec<String>>,
    d: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    p: Option<String>,
    q: Option<String>,
    dp: Option<String>,
    dq: Option<String>,
    qi: Option<String>,
    k: Option<String>,
}

impl RawKey {
    /// The number of a member.
    pub(super) fn number(&self, name: &'static str) -> Result<Vec<u8>, KeyError> {
        let member = match name {
            "d" => &self.d,
            "x" => &self.x,
            "y" => &self.y,
            "n" => &self.n,
            "e" => &self.e,
            "p" => &self.p,
            "q" => &self.q,
            "dp" => &self.dp,
            "dq" => &self.dq,
            "qi" => &self.qi,
            _ => &self.k,
        };
        let text = member.as_ref().ok_or(KeyError::Missing(name))?;
        let decoded = URL_SAFE_NO_PAD.decode(text);
        let decoded = decoded.or_else(|_| URL_SAFE.decode(text));
        decoded.map_err(|_| KeyError::NotBase64(name))
    }

    /// The number of a member, with the leading zeros that some writers leave out.
    pub(super) fn padded(&self, name: &'static str, bytes: usize) -> Result<Vec<u8>, KeyError> {
        let number = self.number(name)?;
        let missing = bytes.checked_sub(number.len()).ok_or(KeyError::Rejected)?;
        let mut full = vec![0; missing];
        full.extend(number);
        Ok(full)
    }

    /// Whether the key may be used to verify, where it says what it may be used for.
    pub(super) fn may_verify(&self) -> bool {
        let operations = self.key_ops.as_ref();
        operations.is_none_or(|all| all.iter().any(|one| one == "verify"))
    }

    /// Whether a member is there at all.
    pub(super) const fn has_public_point(&self) -> bool {
        self.x.is_some()
    }
}
