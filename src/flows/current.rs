//! The session of a request: which credential counts, and the cookie that carries one.

use jiff::Timestamp;

use super::answer::Failure;
use super::service::{Service, internal};
use super::visitor::Visitor;
use crate::aal::Aal;
use crate::identity::cookie::SessionCookie;
use crate::identity::{CredentialType, Identity, IdentityId, Session, SessionToken};
use crate::store::{Account, SessionFound, StoreError};
use crate::web::SetCookie;

/// The active session of a request, and whose it is.
pub struct Current {
    /// The session.
    pub session: Session,
    /// Whose.
    pub account: Account,
    /// How the request named it.
    pub carrier: Carrier,
    /// The token it was named by.
    pub token: SessionToken,
}

/// The active session of a request, as far as one look at the database tells.
pub(super) struct Seen {
    /// The session.
    pub(super) session: Session,
    /// Whose.
    pub(super) identity: Identity,
    /// The types of credentials that the identity has.
    kinds: Vec<CredentialType>,
    /// How the request named it.
    pub(super) carrier: Carrier,
    /// The token it was named by.
    pub(super) token: SessionToken,
}

/// How a request named its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The session cookie, with the end of life that is written in it.
    Cookie {
        /// The end of life.
        expires_at: Timestamp,
    },
    /// `X-Session-Token` or `Authorization: Bearer`.
    Token,
}

struct Presented {
    token: SessionToken,
    carrier: Carrier,
}

impl Service {
    /// The active session that the visitor holds, with what its identity has to sign in with.
    pub(super) async fn current(&self, visitor: &Visitor) -> Result<Option<Current>, Failure> {
        let Some(seen) = self.seen(visitor).await? else {
            return Ok(None);
        };
        let credentials = self.store.credentials(seen.identity.id).await;
        Ok(Some(Current {
            session: seen.session,
            account: Account {
                identity: seen.identity,
                credentials: credentials.map_err(internal)?,
            },
            carrier: seen.carrier,
            token: seen.token,
        }))
    }

    /// The active session that the visitor holds. The first credential found counts, even where it
    /// is worth nothing: `X-Session-Token`, then the first cookie that can be read, then Bearer.
    pub(super) async fn seen(&self, visitor: &Visitor) -> Result<Option<Seen>, Failure> {
        let Some(presented) = self.presented(visitor) else {
            return Ok(None);
        };
        let hash = presented.token.hash();
        let found = self.store.session_by_token(hash).await.map_err(internal)?;
        let Some(SessionFound::Live {
            session,
            identity,
            kinds,
        }) = found
        else {
            return Ok(None);
        };
        if !session.is_active(identity.is_active(), self.now()) {
            return Ok(None);
        }
        Ok(Some(Seen {
            session,
            identity: *identity,
            kinds,
            carrier: presented.carrier,
            token: presented.token,
        }))
    }

    /// Whether whoami's level is reached.
    pub(super) async fn satisfies_whoami(&self, seen: &Seen) -> Result<bool, Failure> {
        let required = self.settings.session.required_aal;
        // Most sessions do, whatever else their identity could prove.
        if seen.session.satisfies(required, Aal::Aal2) {
            return Ok(true);
        }
        let reached = self.reached_by(seen.identity.id, &seen.kinds).await;
        Ok(seen.session.satisfies(required, reached.map_err(internal)?))
    }

    /// The level that an identity with these types of credentials can reach. They are read only
    /// where one of them may be a second factor.
    pub(super) async fn reached_by(
        &self,
        identity: IdentityId,
        kinds: &[CredentialType],
    ) -> Result<Aal, StoreError> {
        if !kinds.iter().any(|kind| kind.may_be_second_factor()) {
            return Ok(Aal::Aal1);
        }
        let credentials = self.store.credentials(identity).await?;
        Ok(credentials.available_aal(&self.settings.methods.code))
    }

    fn presented(&self, visitor: &Visitor) -> Option<Presented> {
        let by_token = |token: &String| Presented {
            token: SessionToken::from_client(token.clone()),
            carrier: Carrier::Token,
        };
        if let Some(token) = &visitor.header_token {
            return Some(by_token(token));
        }
        let by_cookie = visitor
            .session_cookies
            .iter()
            .find_map(|value| self.open_cookie(value));
        by_cookie.or_else(|| visitor.bearer.as_ref().map(by_token))
    }

    /// Whether the visitor holds a session cookie that reads as one of ours.
    pub(super) fn readable_cookie(&self, visitor: &Visitor) -> Option<Timestamp> {
        visitor
            .session_cookies
            .iter()
            .find_map(|value| match self.open_cookie(value)?.carrier {
                Carrier::Cookie { expires_at } => Some(expires_at),
                Carrier::Token => None,
            })
    }

    fn open_cookie(&self, value: &str) -> Option<Presented> {
        let name = &self.settings.session.cookie_name;
        let opened = SessionCookie::open(self.store.keys(), name, value)?;
        Some(Presented {
            token: opened.token,
            carrier: Carrier::Cookie {
                expires_at: opened.expires_at,
            },
        })
    }

    /// The cookie that carries this session. Its value differs each time.
    pub(super) fn session_cookie(
        &self,
        session: &Session,
        token: &SessionToken,
    ) -> Option<SetCookie> {
        let config = &self.settings.session;
        let opened = SessionCookie {
            token: token.clone(),
            expires_at: session.expires_at,
        };
        let value = opened.seal(self.store.keys(), &config.cookie_name)?;
        let cookie = SetCookie::new(&config.cookie_name, value, &config.cookie);
        Some(if config.cookie_persistent {
            cookie.until(self.now(), session.expires_at)
        } else {
            cookie
        })
    }

    /// Takes the session cookie back.
    pub(super) fn no_session_cookie(&self) -> SetCookie {
        let config = &self.settings.session;
        SetCookie::delete(&config.cookie_name, &config.cookie)
    }
}
