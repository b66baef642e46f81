//! Checking an ID token.

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde_json::Value;

use crate::identity::credential::oidc::same;

/// How far clocks may be apart, in seconds.
const LEEWAY_SECONDS: i64 = 60;
/// The longest subject (OpenID Connect Core, 2).
const MAX_SUBJECT_BYTES: usize = 255;
/// Signatures by a key that only the provider has.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What a token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    /// Any of these.
    pub(super) audiences: Vec<&'a str>,
    /// `None` where nobody asked for one, and then there must be none.
    pub(super) nonce: Option<&'a str>,
    /// Seconds since 1970.
    pub(super) now: i64,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    #[error("the ID token is malformed or signed in a way that is not accepted")]
    Malformed,
    #[error("the ID token is signed by a key that the provider does not publish")]
    UnknownKey,
    #[error("the signature of the ID token is wrong")]
    Signature,
    #[error("the ID token has a wrong or missing `{0}`")]
    Claim(&'static str),
}

/// Checks signature and claims; gives the claims.
pub(super) fn check(
    token: &str,
    keys: &JwkSet,
    expected: &Expected<'_>,
) -> Result<Value, TokenError> {
    let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(TokenError::Malformed);
    }
    let fitting: Vec<&Jwk> = keys.keys.iter().filter(|key| fits(key, &header)).collect();
    if fitting.is_empty() {
        return Err(TokenError::UnknownKey);
    }
    let claims = fitting
        .iter()
        .find_map(|key| verified(token, key, header.alg))
        .ok_or(TokenError::Signature)?;
    check_claims(&claims, expected)?;
    Ok(claims)
}

fn fits(key: &Jwk, header: &Header) -> bool {
    let signs = matches!(
        key.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    );
    let same_id = header.kid.is_none() || key.common.key_id == header.kid;
    let public = !matches!(key.algorithm, AlgorithmParameters::OctetKey(_));
    signs && same_id && public
}

fn verified(token: &str, key: &Jwk, algorithm: Algorithm) -> Option<Value> {
    let key = DecodingKey::from_jwk(key).ok()?;
    let mut rules = Validation::new(algorithm);
    // Times, audience and issuer are looked at below, by our own clock.
    rules.validate_exp = false;
    rules.validate_nbf = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    decode::<Value>(token, &key, &rules)
        .ok()
        .map(|data| data.claims)
}

fn check_claims(claims: &Value, expected: &Expected<'_>) -> Result<(), TokenError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(TokenError::Claim("iss"));
    }
    let ours = |audience: &str| expected.audiences.contains(&audience);
    let (several, is_ours) = match claims.get("aud") {
        Some(Value::String(audience)) => (false, ours(audience)),
        Some(Value::Array(all)) => {
            let found = all.iter().filter_map(Value::as_str).any(ours);
            (all.len() > 1, found)
        }
        Some(_) | None => (false, false),
    };
    if !is_ours {
        return Err(TokenError::Claim("aud"));
    }
    let azp = text("azp");
    if (several && azp.is_none()) || azp.is_some_and(|party| !ours(party)) {
        return Err(TokenError::Claim("azp"));
    }
    let time = |name: &str| claims.get(name).and_then(seconds);
    if time("exp").is_none_or(|end| end <= expected.now - LEEWAY_SECONDS) {
        return Err(TokenError::Claim("exp"));
    }
    for name in ["iat", "nbf"] {
        if time(name).is_some_and(|begin| begin > expected.now + LEEWAY_SECONDS) {
            return Err(TokenError::Claim(name));
        }
    }
    let nonce_fits = match (expected.nonce, text("nonce")) {
        (Some(wanted), Some(given)) => same(wanted, given),
        (Some(_), None) | (None, Some(_)) => false,
        (None, None) => true,
    };
    if !nonce_fits {
        return Err(TokenError::Claim("nonce"));
    }
    match text("sub") {
        Some(subject) if !subject.is_empty() && subject.len() <= MAX_SUBJECT_BYTES => Ok(()),
        Some(_) | None => Err(TokenError::Claim("sub")),
    }
}

fn seconds(value: &Value) -> Option<i64> {
    let whole = value.as_i64();
    whole.or_else(|| {
        // JSON numbers may have a fraction; seconds are enough here.
        let text = format!("{:.0}", value.as_f64()?.floor());
        text.parse().ok()
    })
}
