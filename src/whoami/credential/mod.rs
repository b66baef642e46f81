//! The credential of a request: exactly one, or the request is refused.

mod issuer;

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};

pub use self::issuer::Issuers;
use crate::secret::SecretString;

/// Longest value that is taken for a credential, in bytes; longer ones reach neither the cache nor
/// the identity service.
const VALUE_LIMIT: usize = 4096;
/// The same for tokens that say themselves who the bearer is.
const JWT_LIMIT: usize = 16 * 1024;
const X_SESSION_TOKEN: HeaderName = HeaderName::from_static("x-session-token");
/// How session tokens start, so that other Bearer tokens are left to the application.
const TOKEN_PREFIX: &str = "ory_st_";

/// Where a credential was found. Part of the cache key: the same bytes in another place are
/// another credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// The session cookie.
    Cookie,
    /// `X-Session-Token`.
    SessionToken,
    /// `Authorization: Bearer ory_st_…`.
    Bearer,
    /// `Authorization: Bearer` with a JWT of a `bearer_jwt` issuer.
    Jwt,
    /// The id of a session that the gateway knows: no client can present it. Asks how the session
    /// of a running stream stands, whatever became of the token that the stream was opened with.
    SessionId,
}

/// What a client presents to be recognised. Never shown.
#[derive(Clone, Debug)]
pub struct Credential {
    kind: CredentialKind,
    value: SecretString,
}

/// Two different credentials on one request: nobody may guess which one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request carries more than one credential")]
pub struct AmbiguousCredentials;

impl Credential {
    /// A credential of the given kind.
    #[must_use]
    pub fn new(kind: CredentialKind, value: &str) -> Self {
        Self {
            kind,
            value: SecretString::from(value.to_owned()),
        }
    }

    /// Where it was found.
    #[must_use]
    pub const fn kind(&self) -> CredentialKind {
        self.kind
    }

    /// The bytes themselves. Never log them.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.value.expose()
    }

    /// Whether `other` is the same one, found in the same place.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind && self.value.expose() == other.value.expose()
    }

    /// Finds the one credential of a request: the session cookie, `X-Session-Token`, or a Bearer
    /// token that is a session token or a JWT of one of `issuers`. Other Bearer tokens belong to
    /// the application.
    ///
    /// Cookie lines are read as one list. Names compare byte for byte; values are taken verbatim,
    /// quotes included, without surrounding blanks. Empty and over-long values count as absent.
    ///
    /// # Errors
    /// Two different values of one kind, two kinds at once, or several `Authorization` lines.
    pub fn from_headers(
        headers: &HeaderMap,
        session_cookie: &str,
        issuers: &Issuers,
    ) -> Result<Option<Self>, AmbiguousCredentials> {
        let cookie = single(session_cookies(headers, session_cookie))?;
        let token = single(headers.get_all(X_SESSION_TOKEN).iter().filter_map(worthy))?;
        let bearer = bearer_token(headers, issuers)?;
        let (kind, value) = match (cookie, token, bearer) {
            (None, None, None) => return Ok(None),
            (Some(cookie), None, None) => (CredentialKind::Cookie, cookie),
            (None, Some(token), None) => (CredentialKind::SessionToken, token),
            (None, None, Some((kind, bearer))) => (kind, bearer),
            (None, Some(token), Some((_, bearer))) if token == bearer => {
                (CredentialKind::SessionToken, token)
            }
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                return Err(AmbiguousCredentials);
            }
        };
        Ok(Some(Self::new(kind, value)))
    }
}

fn session_cookies<'a>(
    headers: &'a HeaderMap,
    session_cookie: &'a str,
) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|line| line.as_bytes().split(|&byte| byte == b';'))
        .filter_map(move |pair| {
            let pair = pair.trim_ascii_start();
            let rest = pair.strip_prefix(session_cookie.as_bytes())?;
            let value = rest.strip_prefix(b"=")?.trim_ascii();
            acceptable(value)
        })
}

fn worthy(line: &HeaderValue) -> Option<&str> {
    acceptable(line.as_bytes().trim_ascii())
}

fn acceptable(value: &[u8]) -> Option<&str> {
    acceptable_to(value, VALUE_LIMIT)
}

fn acceptable_to(value: &[u8], limit: usize) -> Option<&str> {
    let fits = !value.is_empty() && value.len() <= limit;
    let plain = value.iter().all(|byte| (0x21..=0x7e).contains(byte));
    if !fits || !plain {
        return None;
    }
    std::str::from_utf8(value).ok()
}

/// The only value among `values`; repetitions of the same one don't count.
fn single<'a>(
    mut values: impl Iterator<Item = &'a str>,
) -> Result<Option<&'a str>, AmbiguousCredentials> {
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.any(|other| other != first) {
        return Err(AmbiguousCredentials);
    }
    Ok(Some(first))
}

fn bearer_token<'a>(
    headers: &'a HeaderMap,
    issuers: &Issuers,
) -> Result<Option<(CredentialKind, &'a str)>, AmbiguousCredentials> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else {
        return Ok(None);
    };
    if lines.next().is_some() {
        return Err(AmbiguousCredentials);
    }
    let Some((scheme, rest)) = line
        .as_bytes()
        .split_at_checked("bearer".len())
        .filter(|(scheme, rest)| scheme.eq_ignore_ascii_case(b"bearer") && rest.starts_with(b" "))
    else {
        return Ok(None);
    };
    let _ = scheme;
    let token = rest.trim_ascii();
    if !token.starts_with(TOKEN_PREFIX.as_bytes()) {
        let jwt = acceptable_to(token, JWT_LIMIT).filter(|token| issuers.are_named_in(token));
        return Ok(jwt.map(|token| (CredentialKind::Jwt, token)));
    }
    let one_token = token
        .iter()
        .all(|&byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
    if !one_token {
        return Err(AmbiguousCredentials);
    }
    Ok(acceptable(token).map(|token| (CredentialKind::Bearer, token)))
}

#[cfg(test)]
mod tests;
