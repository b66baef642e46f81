//! Whom a token is for, and when.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::Issuer;

/// The last second of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// The claim that a token is refused for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its `{0}` is missing, wrong or not for now")]
pub struct ClaimError(pub &'static str);

/// The times of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) expires: Timestamp,
    pub(super) issued: Option<Timestamp>,
    /// When the person last proved who they are.
    pub(super) authenticated: Option<Timestamp>,
}

/// Checks everything but the signature.
pub(super) fn check(
    claims: &Map<String, Value>,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<Times, ClaimError> {
    if claims.get("iss").and_then(Value::as_str) != Some(&*issuer.issuer) {
        return Err(ClaimError("iss"));
    }
    check_audience(claims, issuer)?;
    check_use(claims)?;
    check_times(claims, issuer, now)
}

fn check_audience(claims: &Map<String, Value>, issuer: &Issuer) -> Result<(), ClaimError> {
    if issuer.audiences.is_empty() {
        return Ok(());
    }
    let is_ours = |text: &str| issuer.audiences.iter().any(|ours| **ours == *text);
    let found = match claims.get("aud") {
        Some(Value::String(audience)) => is_ours(audience),
        Some(Value::Array(all)) if all.iter().all(Value::is_string) => {
            all.iter().filter_map(Value::as_str).any(is_ours)
        }
        Some(_) | None => false,
    };
    found.then_some(()).ok_or(ClaimError("aud"))
}

/// An ID token tells an application who signed in; it opens nothing. The same goes for refresh and
/// logout tokens, which some issuers write as JWTs too.
fn check_use(claims: &Map<String, Value>) -> Result<(), ClaimError> {
    for name in ["at_hash", "c_hash", "events"] {
        if claims.contains_key(name) {
            return Err(ClaimError(name));
        }
    }
    let says = |name, allowed: &[&str]| match claims.get(name) {
        None => true,
        Some(value) => value
            .as_str()
            .is_some_and(|text| allowed.iter().any(|one| text.eq_ignore_ascii_case(one))),
    };
    if !says("token_use", &["access"]) {
        return Err(ClaimError("token_use"));
    }
    if !says("typ", &["bearer", "jwt", "at+jwt", "access"]) {
        return Err(ClaimError("typ"));
    }
    Ok(())
}

fn check_times(
    claims: &Map<String, Value>,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<Times, ClaimError> {
    let leeway = SignedDuration::try_from(issuer.leeway).unwrap_or(SignedDuration::ZERO);
    let expires = time(claims, "exp")?.ok_or(ClaimError("exp"))?;
    if now.duration_since(expires) >= leeway {
        return Err(ClaimError("exp"));
    }
    let past = |name| {
        let at = time(claims, name)?;
        match at {
            Some(at) if at.duration_since(now) > leeway => Err(ClaimError(name)),
            at => Ok(at),
        }
    };
    past("nbf")?;
    let issued = past("iat")?;
    let authenticated = past("auth_time")?;
    if let Some(longest) = issuer.max_life {
        let issued = issued.ok_or(ClaimError("iat"))?;
        let life = Duration::try_from(expires.duration_since(issued));
        if life.is_ok_and(|life| life > longest) {
            return Err(ClaimError("exp"));
        }
    }
    Ok(Times {
        expires,
        issued,
        authenticated,
    })
}

/// A time in seconds since 1970. Anything but a number is refused, not skipped: a check that does
/// not take place lets everything through.
fn time(claims: &Map<String, Value>, name: &'static str) -> Result<Option<Timestamp>, ClaimError> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = whole_seconds(value).ok_or(ClaimError(name))?;
    let at = Timestamp::from_second(seconds).map_err(|_| ClaimError(name))?;
    Ok(Some(at))
}

fn whole_seconds(value: &Value) -> Option<i64> {
    let within = |seconds: &i64| (0..=LAST_SECOND).contains(seconds);
    if let Some(seconds) = value.as_i64() {
        return Some(seconds).filter(within);
    }
    let seconds = value.as_f64()?.floor();
    // The text of a whole number in range is exact.
    let seconds: i64 = format!("{seconds:.0}").parse().ok()?;
    Some(seconds).filter(within)
}
