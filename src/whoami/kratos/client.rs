//! Asking Kratos' whoami.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, COOKIE, HOST, RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use http_body_util::Empty;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::breaker::Breaker;
use super::factors::SecondFactors;
use super::transport::{Reply, Transport};
use super::{External, WhoamiRequiredAal};
use crate::aal::Aal;
use crate::clock::Clock;
use crate::policy::SecondFactor;
use crate::whoami::document::read_strictly;
use crate::whoami::{
    Answer, Asking, Credential, CredentialKind, Ending, IdentityService, Said, Session, WhoamiError,
};

/// Longest `Retry-After` that is passed on.
const RETRY_LIMIT: Duration = Duration::from_secs(3600);

/// A Kratos, or an Ory Network project.
pub struct HttpIdentity {
    external: External,
    whoami: Uri,
    transport: Transport,
    breaker: Breaker,
    factors: Option<SecondFactors>,
}

impl HttpIdentity {
    /// A client of the service that `external` names.
    ///
    /// # Errors
    /// The system's trusted certificates can't be read, or a URL is none.
    pub fn new(external: External, clock: Clock) -> Result<Self, NotUsable> {
        let needs_tls = |url: &Uri| url.scheme_str() == Some("https");
        let tls =
            needs_tls(&external.public_url) || external.admin_url.as_ref().is_some_and(needs_tls);
        let factors = external
            .admin_url
            .as_ref()
            .filter(|_| external.whoami_required_aal == WhoamiRequiredAal::Aal1)
            .map(|url| SecondFactors::new(url.clone(), external.admin_headers.clone()));
        Ok(Self {
            whoami: below(&external.public_url, "/sessions/whoami")?,
            transport: Transport::new(external.connections, tls)?,
            breaker: Breaker::new(external.circuit_breaker, clock),
            factors,
            external,
        })
    }

    async fn answer(&self, credential: &Credential) -> Result<Answer, WhoamiError> {
        let attempt = self
            .breaker
            .attempt()
            .map_err(|retry_after| WhoamiError::CircuitOpen { retry_after })?;
        let answer = self.exchange(credential).await;
        match &answer {
            Ok(_) | Err(WhoamiError::Throttled { .. }) => attempt.succeeded(),
            Err(
                WhoamiError::Unreachable(_)
                | WhoamiError::Unexpected(_)
                | WhoamiError::CircuitOpen { .. },
            ) => attempt.failed(),
            // Our own queue is full: that says nothing of the service.
            Err(WhoamiError::Overloaded) => drop(attempt),
        }
        let mut answer = answer?;
        if let Said::Session(session) = &mut answer.said {
            session.subject.second_factor = self.second_factor(session).await;
        }
        Ok(answer)
    }

    /// Through the admin API, where its address is known.
    async fn end(&self, session: &str) -> Result<bool, WhoamiError> {
        let Some(admin) = &self.external.admin_url else {
            return Ok(false);
        };
        let id = utf8_percent_encode(session, NON_ALPHANUMERIC);
        let path = format!("/admin/sessions/{id}");
        let url = below(admin, &path).map_err(|error| unexpected(&error.to_string()))?;
        let host = url.authority().map_or("", |authority| authority.as_str());
        let request = Request::delete(url.clone())
            .header(HOST, host)
            .header(ACCEPT, "application/json")
            .body(Empty::new());
        let mut request = request.map_err(|error| unexpected(&error.to_string()))?;
        let own = self.external.admin_headers.iter().cloned();
        request.headers_mut().extend(own);
        let reply = self
            .transport
            .exchange(request, self.external.timeout)
            .await?;
        match reply.status {
            // One that is not there has ended.
            StatusCode::NO_CONTENT | StatusCode::OK | StatusCode::NOT_FOUND => Ok(true),
            other => Err(unexpected(&format!("status {}", other.as_u16()))),
        }
    }

    async fn exchange(&self, credential: &Credential) -> Result<Answer, WhoamiError> {
        let request = self.request(credential)?;
        let reply = self
            .transport
            .exchange(request, self.external.timeout)
            .await?;
        let said = match reply.status {
            StatusCode::OK => Said::Session(Box::new(session(&reply)?)),
            StatusCode::UNAUTHORIZED => Said::NoSession,
            StatusCode::FORBIDDEN if asks_aal2(&reply) => Said::Undisclosed,
            StatusCode::TOO_MANY_REQUESTS => {
                return Err(WhoamiError::Throttled {
                    retry_after: retry_after(&reply.headers),
                });
            }
            other => return Err(unexpected(&format!("status {}", other.as_u16()))),
        };
        let renewals = match credential.kind() {
            CredentialKind::Cookie => self.renewals(&reply.headers),
            CredentialKind::SessionToken
            | CredentialKind::Bearer
            | CredentialKind::Jwt
            | CredentialKind::SessionId => Vec::new(),
        };
        Ok(Answer {
            said,
            set_cookies: renewals,
            cache_for: cache_for(&reply.headers),
        })
    }

    /// Exactly one credential goes along, and nothing else of the client's request: Kratos answers
    /// 500 to a good token beside a cookie that it can't read.
    fn request(&self, credential: &Credential) -> Result<Request<Empty<Bytes>>, WhoamiError> {
        let secret = credential.expose();
        let (name, value) = match credential.kind() {
            CredentialKind::Cookie => (
                COOKIE,
                [&self.external.session_cookie, "=", secret].concat(),
            ),
            // Whoever knows the issuer asks nobody; a Kratos finds no session for such a token.
            CredentialKind::SessionToken | CredentialKind::Bearer | CredentialKind::Jwt => (
                http::HeaderName::from_static("x-session-token"),
                secret.to_owned(),
            ),
            CredentialKind::SessionId => return Err(unexpected("no answer to a session's id")),
        };
        let unusable = |_| unexpected("no place for a credential that is no header value");
        let mut value = HeaderValue::from_str(&value).map_err(unusable)?;
        value.set_sensitive(true);
        let host = self
            .whoami
            .authority()
            .map_or("", |authority| authority.as_str());
        Request::get(self.whoami.clone())
            .header(HOST, host)
            .header(ACCEPT, "application/json")
            .header(name, value)
            .body(Empty::new())
            .map_err(|error| unexpected(&error.to_string()))
    }

    /// The `Set-Cookie` values that renew the session cookie; others are none of the browser's
    /// business here.
    fn renewals(&self, headers: &HeaderMap) -> Vec<HeaderValue> {
        let name = self.external.session_cookie.as_bytes();
        let renews = |value: &&HeaderValue| {
            let rest = value.as_bytes().strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(b"="))
        };
        headers
            .get_all(SET_COOKIE)
            .iter()
            .filter(renews)
            .cloned()
            .collect()
    }

    async fn second_factor(&self, session: &Session) -> SecondFactor {
        if session.subject.aal >= Aal::Aal2 {
            return SecondFactor::Enrolled;
        }
        match self.external.whoami_required_aal {
            WhoamiRequiredAal::HighestAvailable => SecondFactor::NotEnrolled,
            WhoamiRequiredAal::Aal1 => match &self.factors {
                Some(factors) => {
                    // A share of the time, so that a slow admin API costs no one the session.
                    let timeout = self.external.timeout / 4;
                    factors
                        .look_up(&self.transport, &session.subject, timeout)
                        .await
                }
                None => SecondFactor::Unknown,
            },
        }
    }
}

impl IdentityService for HttpIdentity {
    fn ask<'a>(&'a self, credential: &'a Credential) -> Asking<'a> {
        Box::pin(self.answer(credential))
    }

    fn end_session<'a>(&'a self, session: &'a str) -> Ending<'a> {
        Box::pin(self.end(session))
    }
}

/// Why a client can't be made.
#[derive(Debug, thiserror::Error)]
pub enum NotUsable {
    /// TLS can't be set up.
    #[error("the system's trusted certificates can't be used: {0}")]
    Tls(#[from] rustls::Error),
    /// An address is no URL.
    #[error("not a usable URL: {0}")]
    Url(#[from] http::uri::InvalidUri),
}

/// `path` below `base`.
pub(super) fn below(base: &Uri, path: &str) -> Result<Uri, http::uri::InvalidUri> {
    [base.to_string().trim_end_matches('/'), path]
        .concat()
        .parse()
}

fn session(reply: &Reply) -> Result<Session, WhoamiError> {
    if !reply.is_json() {
        return Err(unexpected("a session that is not sent as JSON"));
    }
    Session::parse(&reply.body).map_err(|error| unexpected(&error.to_string()))
}

fn asks_aal2(reply: &Reply) -> bool {
    let id = read_strictly(&reply.body).ok().and_then(|body| {
        let id = body.get("error")?.get("id")?.as_str();
        id.map(|id| id == "session_aal2_required")
    });
    reply.is_json() && id.unwrap_or(false)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_LIMIT))
}

fn cache_for(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers
        .get("ory-session-cache-for")?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

fn unexpected(what: &str) -> WhoamiError {
    WhoamiError::Unexpected(what.into())
}
