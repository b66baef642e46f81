//! Sessions as the gateway in the same process asks for them.

use super::service::Service;
use crate::aal::AuthenticationMethod;
use crate::contract;
use crate::identity::cookie::SessionCookie;
use crate::identity::session::later;
use crate::identity::{CredentialType, Credentials, IdentityId, SessionId, SessionToken};
use crate::store::{SessionFound, StoreError};

/// How long a token that was replaced is told from one that never was: requests that were on
/// their way meanwhile have arrived by then.
const SUPERSEDED: std::time::Duration = std::time::Duration::from_secs(60);

/// What a credential is worth.
#[derive(Clone, Debug)]
pub enum Worth {
    /// This session.
    Session(Box<Resolved>),
    /// Nothing since a moment ago: its session got another token.
    Superseded,
    /// Nothing.
    Nothing,
}

/// A session that counts, with what whoami's JSON leaves out.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The session as whoami gives it, whatever level whoami asks for: the gateway's rules decide.
    pub session: contract::Session,
    /// The second factors that its identity can be asked for.
    pub second_factors: Vec<AuthenticationMethod>,
}

impl Service {
    /// The session behind the value of a session cookie.
    ///
    /// # Errors
    /// The database can't be asked.
    pub async fn resolve_cookie(&self, value: &str) -> Result<Worth, StoreError> {
        let name = &self.settings.session.cookie_name;
        match SessionCookie::open(self.store.keys(), name, value) {
            Some(opened) => self.resolve(&opened.token).await,
            None => Ok(Worth::Nothing),
        }
    }

    /// The session behind a session token.
    ///
    /// # Errors
    /// The database can't be asked.
    pub async fn resolve_token(&self, token: &str) -> Result<Worth, StoreError> {
        self.resolve(&SessionToken::from_client(token.to_owned()))
            .await
    }

    /// The session of this id, whatever token it has by now.
    ///
    /// # Errors
    /// The database can't be asked.
    pub async fn resolve_session(&self, id: &str) -> Result<Worth, StoreError> {
        let Ok(id) = id.parse::<SessionId>() else {
            return Ok(Worth::Nothing);
        };
        let Some(session) = self.store.session(id).await? else {
            return Ok(Worth::Nothing);
        };
        let Some(account) = self.store.account(session.identity_id).await? else {
            return Ok(Worth::Nothing);
        };
        if !session.is_active(account.identity.is_active(), self.now()) {
            return Ok(Worth::Nothing);
        }
        Ok(Worth::Session(Box::new(Resolved {
            second_factors: self.second_factors_of(&account.credentials),
            session: self.show_session(&session, &account.identity),
        })))
    }

    async fn resolve(&self, token: &SessionToken) -> Result<Worth, StoreError> {
        let now = self.now();
        let (session, identity, kinds) = match self.store.session_by_token(token.hash()).await? {
            None => return Ok(Worth::Nothing),
            Some(SessionFound::Retired {
                session,
                retired_at,
            }) => {
                let recent = later(retired_at, SUPERSEDED) > now && session.is_active(true, now);
                return Ok(if recent {
                    Worth::Superseded
                } else {
                    Worth::Nothing
                });
            }
            Some(SessionFound::Live {
                session,
                identity,
                kinds,
            }) => (session, identity, kinds),
        };
        if !session.is_active(identity.is_active(), now) {
            return Ok(Worth::Nothing);
        }
        Ok(Worth::Session(Box::new(Resolved {
            second_factors: self.second_factors(identity.id, &kinds).await?,
            session: self.show_session(&session, &identity),
        })))
    }

    /// The second factors of an identity with these types of credentials. They are read only where
    /// one of them may be a second factor.
    async fn second_factors(
        &self,
        identity: IdentityId,
        kinds: &[CredentialType],
    ) -> Result<Vec<AuthenticationMethod>, StoreError> {
        if !kinds.iter().any(|kind| kind.may_be_second_factor()) {
            return Ok(Vec::new());
        }
        let credentials = self.store.credentials(identity).await?;
        Ok(self.second_factors_of(&credentials))
    }

    fn second_factors_of(&self, credentials: &Credentials) -> Vec<AuthenticationMethod> {
        let code = &self.settings.methods.code;
        credentials.second_factor_methods(code).collect()
    }
}
