//! Sessions as the gateway in the same process asks for them.

use super::service::Service;
use crate::aal::Aal;
use crate::contract;
use crate::identity::SessionToken;
use crate::identity::cookie::SessionCookie;
use crate::store::{SessionFound, StoreError};

/// A session that counts, with what whoami's JSON leaves out.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The session as whoami gives it, whatever level whoami asks for: the gateway's rules decide.
    pub session: contract::Session,
    /// Whether its identity has a second factor that can be asked for.
    pub has_second_factor: bool,
}

impl Service {
    /// The session behind the value of a session cookie.
    ///
    /// # Errors
    /// The database can't be asked.
    pub async fn resolve_cookie(&self, value: &str) -> Result<Option<Resolved>, StoreError> {
        let name = &self.settings.session.cookie_name;
        match SessionCookie::open(self.store.keys(), name, value) {
            Some(opened) => self.resolve(&opened.token).await,
            None => Ok(None),
        }
    }

    /// The session behind a session token.
    ///
    /// # Errors
    /// The database can't be asked.
    pub async fn resolve_token(&self, token: &str) -> Result<Option<Resolved>, StoreError> {
        self.resolve(&SessionToken::from_client(token.to_owned()))
            .await
    }

    async fn resolve(&self, token: &SessionToken) -> Result<Option<Resolved>, StoreError> {
        let found = self.store.session_by_token(token.hash()).await?;
        let Some(SessionFound::Live { session, account }) = found else {
            return Ok(None);
        };
        if !session.is_active(account.identity.is_active(), self.now()) {
            return Ok(None);
        }
        Ok(Some(Resolved {
            has_second_factor: self.available_aal(&account) >= Aal::Aal2,
            session: self.show_session(&session, &account.identity),
        }))
    }
}
