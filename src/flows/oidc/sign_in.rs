//! Signing in as whom a provider knows.

use std::pin::Pin;

use serde_json::Value;

use super::Upstream;
use crate::contract::{FlowKind, texts};
use crate::flows::answer::{Failure, Outcome};
use crate::flows::login::browser_of;
use crate::flows::login_done::Passed;
use crate::flows::record::{FlowRecord, Opening};
use crate::flows::service::{Service, internal};
use crate::flows::visitor::Visitor;
use crate::identity::settings::OidcProvider;
use crate::identity::{CredentialType, IdentityEvent};
use crate::store::{Account, StoreError};

impl Service {
    /// Signs somebody in whose account at the provider is linked; anybody else signs up. Boxed: a
    /// sign-up may turn into a sign-in again.
    pub(super) fn oidc_sign_in<'a>(
        &'a self,
        record: &'a mut FlowRecord,
        visitor: &'a Visitor,
        provider: &'a OidcProvider,
        person: Upstream,
        traits: Option<Value>,
    ) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>> {
        Box::pin(self.sign_in_or_up(record, visitor, provider, person, traits))
    }

    async fn sign_in_or_up(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        provider: &OidcProvider,
        person: Upstream,
        traits: Option<Value>,
    ) -> Outcome {
        let current = match Self::has_own_session(record) {
            true => self.current(visitor).await?,
            false => None,
        };
        if current.is_some() && !record.refresh {
            return Ok(self.signed_in_already(record.return_to.as_deref()));
        }
        if self.is_spent(record) {
            let opening = record.reopening(browser_of(visitor, record.transport));
            let next = self.login_record(opening, record.refresh, false, current.as_ref());
            return self.replaced(record, next).await;
        }
        record.forget_messages();
        let Some(mut account) = self.account_at(&person).await? else {
            if record.refresh {
                let text = texts::generic("This account at the provider is not linked to yours.");
                return self.refused_with(record, visitor, None, text).await;
            }
            let going = self.oidc_first_time(record, visitor, provider, person, traits);
            return Box::pin(going).await;
        };
        if !Self::can_sign_in(&account) {
            let text = texts::identity_disabled();
            return self.refused_with(record, visitor, None, text).await;
        }
        if provider.updates_identity {
            account = self.updated_by(provider, &person, account).await?;
        }
        let identity = account.identity.id;
        let same_person = current
            .as_ref()
            .is_some_and(|current| current.account.identity.id == identity);
        let passed = Passed {
            account,
            step: person.step(provider, self.now()),
            same_person,
        };
        self.signed_in(record, visitor, current, passed).await
    }

    /// The account that somebody's account at a provider is linked to.
    pub(super) async fn account_at(&self, person: &Upstream) -> Result<Option<Account>, Failure> {
        let name = person.identifier();
        let kind = CredentialType::Oidc;
        let found = self.store.account_by_identifier(kind, &name).await;
        found.map_err(internal)
    }

    /// Somebody whom nobody here knows yet: a sign-up takes over from the login.
    async fn oidc_first_time(
        &self,
        record: &FlowRecord,
        visitor: &Visitor,
        provider: &OidcProvider,
        person: Upstream,
        traits: Option<Value>,
    ) -> Outcome {
        self.sign_up_allowed()?;
        let opening = Opening {
            kind: FlowKind::Registration,
            ..record.reopening(record.browser.clone())
        };
        let mut next = self.registration_record(opening)?;
        next.exchange = record.exchange;
        next.in_browser = record.in_browser;
        next.sent_for_hooks = record.sent_for_hooks.clone();
        let before = &self.settings.self_service.registration.flow.before;
        self.run_before_hooks(before, &mut next, visitor).await?;
        self.insert_flow(&next).await?;
        let going = self.oidc_sign_up(&mut next, visitor, provider, person, traits);
        Box::pin(going).await
    }

    /// Maps the claims anew; where they do not fit any more, the identity stays as it is.
    async fn updated_by(
        &self,
        provider: &OidcProvider,
        person: &Upstream,
        account: Account,
    ) -> Result<Account, Failure> {
        let before = account.clone();
        let mapped = self
            .map_claims(provider, person, Some(&account.identity))
            .await?;
        let schema = self.settings.schemas.find(&account.identity.schema_id);
        let schema = schema.ok_or_else(|| internal("the identity's schema is missing"))?;
        let traits =
            super::claims::merged(account.identity.traits.clone(), Some(mapped.traits.clone()));
        if schema.validate(&traits).is_err() {
            tracing::warn!(
                provider = provider.id,
                "mapped traits do not follow the schema"
            );
            return Ok(before);
        }
        let now = self.now();
        let Account {
            mut identity,
            mut credentials,
        } = account;
        let changed = identity.traits != traits;
        identity.traits = traits;
        if changed {
            schema.apply(&mut identity, &mut credentials, now);
        }
        mapped.apply(&mut identity, now);
        if identity == before.identity {
            return Ok(before);
        }
        identity.updated_at = now;
        let saved = self.store.save_identity(&mut identity, &credentials);
        match saved.await {
            Ok(()) => {
                let identity_id = identity.id;
                self.tell(IdentityEvent::IdentityChanged {
                    identity: identity_id,
                });
                Ok(Account {
                    identity,
                    credentials,
                })
            }
            Err(StoreError::Duplicate { .. } | StoreError::Stale) => Ok(before),
            Err(error) => Err(internal(error)),
        }
    }
}
