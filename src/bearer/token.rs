//! How a token is written: one reading, or none.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::signing::{ASYMMETRIC, Algorithm};
use crate::whoami::read_strictly;

/// Longest name of a key, in bytes.
const MAX_KEY_ID_BYTES: usize = 512;
/// What `typ` may be, in lower case and without `application/`: access tokens say `at+jwt`, most
/// say just `jwt`.
const TYPES: [&str; 2] = ["jwt", "at+jwt"];

/// Why a text is no token that could be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not three parts of base64url.
    #[error("it is not three parts of base64url")]
    Parts,
    /// Header or claims are not one JSON object with each name once.
    #[error("its {0} is no JSON object with each name once")]
    Json(&'static str),
    /// It is signed with something that has no public key, or not at all.
    #[error("it is not signed with an algorithm that has a public key")]
    Algorithm,
    /// A member of the header asks for what is not understood here.
    #[error("`{0}` of its header is not understood")]
    Header(&'static str),
}

/// A signed token, read but not verified.
#[derive(Debug)]
pub struct Jws<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<Box<str>>,
    pub(super) claims: Map<String, Value>,
    /// What is signed.
    pub(super) message: &'a str,
    pub(super) signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Reads the compact form. Keys and places of keys that the header offers (`jwk`, `x5c`, `jku`,
    /// `x5u`) are not looked at: whoever writes a header can write those too.
    ///
    /// # Errors
    /// Why it is no token, or none that is understood.
    pub fn parse(token: &'a str) -> Result<Self, Malformed> {
        let (message, signature) = token.rsplit_once('.').ok_or(Malformed::Parts)?;
        let (header, claims) = message.split_once('.').ok_or(Malformed::Parts)?;
        if claims.contains('.') || signature.is_empty() {
            return Err(Malformed::Parts);
        }
        let header = object(header, "header")?;
        let algorithm = algorithm(&header)?;
        check_header(&header)?;
        Ok(Self {
            algorithm,
            key_id: key_id(&header)?,
            claims: object(claims, "payload")?,
            message,
            signature: decoded(signature)?,
        })
    }

    /// What it says. Believe none of it before the signature is verified.
    #[must_use]
    pub const fn unverified_claims(&self) -> &Map<String, Value> {
        &self.claims
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, Malformed> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Malformed::Parts)
}

fn object(part: &str, what: &'static str) -> Result<Map<String, Value>, Malformed> {
    match read_strictly(&decoded(part)?) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) | Err(_) => Err(Malformed::Json(what)),
    }
}

fn algorithm(header: &Map<String, Value>) -> Result<Algorithm, Malformed> {
    header
        .get("alg")
        .and_then(Value::as_str)
        .and_then(Algorithm::parse)
        .filter(|algorithm| ASYMMETRIC.contains(algorithm))
        .ok_or(Malformed::Algorithm)
}

fn check_header(header: &Map<String, Value>) -> Result<(), Malformed> {
    // `crit` names extensions that must be understood; none are. The others would make the claims
    // something else than what is written.
    for name in ["crit", "zip", "enc", "b64"] {
        if header.contains_key(name) {
            return Err(Malformed::Header(name));
        }
    }
    for name in ["typ", "cty"] {
        let Some(value) = header.get(name) else {
            continue;
        };
        let kind = value.as_str().ok_or(Malformed::Header(name))?;
        let kind = kind.to_ascii_lowercase();
        let kind = kind.strip_prefix("application/").unwrap_or(&kind);
        // A content type says that another token is inside.
        if name == "cty" || !TYPES.contains(&kind) {
            return Err(Malformed::Header(name));
        }
    }
    Ok(())
}

fn key_id(header: &Map<String, Value>) -> Result<Option<Box<str>>, Malformed> {
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(id)) if id.len() <= MAX_KEY_ID_BYTES => Ok(Some(id.as_str().into())),
        Some(_) => Err(Malformed::Header("kid")),
    }
}
