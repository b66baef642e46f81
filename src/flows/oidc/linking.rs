//! Somebody comes from a provider with the address of an account that is there already.
//!
//! An address that a provider names is no proof: who signs up at a careless provider with somebody
//! else's address must not get into their account. So the account's own credential is asked for
//! first. Only where the operator says so, and both the provider and we have verified the very
//! address, is it linked without.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Upstream;
use crate::contract::Problem;
use crate::contract::{Node, NodeGroup, Transport, texts};
use crate::flows::answer::{Answer, Failure, Outcome};
use crate::flows::login_done::Passed;
use crate::flows::record::FlowRecord;
use crate::flows::service::{Service, internal};
use crate::flows::visitor::Visitor;
use crate::identity::credential::oidc::{self, FirstTokens};
use crate::identity::settings::OidcProvider;
use crate::identity::{Credential, CredentialType, IdentityEvent, IdentityId, Session};
use crate::store::{Account, StoreError};

/// An account at a provider that is linked once its owner has signed in here.
#[derive(Clone, Serialize, Deserialize)]
pub struct PendingLink {
    identity: IdentityId,
    provider: String,
    subject: String,
    tokens: FirstTokens,
}

impl PendingLink {
    /// Whether this identity is the one that is to be linked.
    pub(in crate::flows) fn is_for(&self, identity: IdentityId) -> bool {
        self.identity == identity
    }
}

impl Service {
    /// Leads somebody to the account that they have already, or links it at once.
    pub(super) async fn already_known(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        provider: &OidcProvider,
        person: Upstream,
        known: Account,
        name: &str,
    ) -> Outcome {
        let both_verified = address_is_verified(&person.claims, &known, name);
        if provider.links_automatically && both_verified && Self::can_sign_in(&known) {
            return self
                .link_at_once(record, visitor, provider, person, known)
                .await;
        }
        let has_other_way = known.credentials.first_factors(&self.settings.methods.code) > 0;
        if record.transport == Transport::Api || !has_other_way {
            let text = texts::duplicate_credentials();
            return self.refused_with(record, visitor, None, text).await;
        }
        let mut login = self.login_instead(record).await?;
        login.link = Some(Box::new(PendingLink {
            identity: known.identity.id,
            provider: person.provider,
            subject: person.subject,
            tokens: person.tokens,
        }));
        let leads_back = |node: &Node| {
            let input = node.as_input().and_then(|input| input.value.as_ref());
            node.group == NodeGroup::Oidc
                && input.and_then(Value::as_str) == Some(provider.id.as_str())
        };
        login.nodes.retain(|node| !leads_back(node));
        login.fill("identifier", Some(name.into()));
        login.messages = vec![texts::sign_in_to_link(name, &provider.label)];
        self.save_flow(&mut login).await?;
        let page = self.site.ui_of(login.kind, login.id);
        let problem = Problem::location_change(&page);
        Ok(Answer::problem_or(problem, StatusCode::SEE_OTHER, page))
    }

    async fn link_at_once(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        provider: &OidcProvider,
        person: Upstream,
        known: Account,
    ) -> Outcome {
        let step = person.step(provider, self.now());
        let linked = self.linked(known, &person.provider, &person.subject, &person.tokens);
        let Some(account) = self.keep_link(linked, visitor).await? else {
            let text = texts::duplicate_credentials();
            return self.refused_with(record, visitor, None, text).await;
        };
        let mut login = self.login_instead(record).await?;
        let passed = Passed {
            account,
            step,
            same_person: false,
        };
        self.signed_in(&mut login, visitor, None, passed).await
    }

    /// Stores a linked account, with the mail that tells of it. `None` when the account at the
    /// provider is somebody else's by now, or the account here was changed in the meantime.
    async fn keep_link(
        &self,
        mut account: Account,
        visitor: &Visitor,
    ) -> Result<Option<Account>, Failure> {
        let language = visitor.accept_language.as_deref();
        let (along, changes) = self.telling_of_change(&account, language).await?;
        let Account {
            identity,
            credentials,
        } = &mut account;
        identity.updated_at = self.now();
        let saved = self.store.save_identity_with(identity, credentials, &along);
        match saved.await {
            Ok(()) => {
                let identity = identity.id;
                self.tell(IdentityEvent::FactorsChanged { identity });
                self.audit_changes(&changes, Some(visitor), identity);
                Ok(Some(account))
            }
            Err(StoreError::Duplicate { .. } | StoreError::Stale) => Ok(None),
            Err(error) => Err(internal(error)),
        }
    }

    /// The account with the link, not stored yet.
    pub(super) fn linked(
        &self,
        mut account: Account,
        provider: &str,
        subject: &str,
        tokens: &FirstTokens,
    ) -> Account {
        let (kind, now) = (CredentialType::Oidc, self.now());
        let known = account.credentials.remove(kind);
        let mut credential =
            known.unwrap_or_else(|| Credential::new(kind, Vec::new(), json!({}), now));
        oidc::link(&mut credential, provider, subject, tokens);
        credential.updated_at = now;
        account.credentials.set(credential);
        account
    }

    /// Stores the link that a login was opened for. Who has a second factor that the settings ask
    /// for links there: the first factor alone must not add a way in.
    pub(in crate::flows) async fn link_pending(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        account: Account,
        session: &Session,
    ) -> Result<Account, Failure> {
        let Some(link) = record.link.take() else {
            return Ok(account);
        };
        let required = self.settings.self_service.settings.required_aal;
        if !session.satisfies(required, self.available_aal(&account)) {
            return Ok(account);
        }
        let before = account.clone();
        let linked = self.linked(account, &link.provider, &link.subject, &link.tokens);
        let kept = self.keep_link(linked, visitor).await?;
        Ok(kept.unwrap_or(before))
    }
}

/// Whether the provider says that the address is verified, and so do we.
fn address_is_verified(claims: &Value, known: &Account, name: &str) -> bool {
    let said = claims.get("email").and_then(Value::as_str);
    let by_provider = claims.get("email_verified") == Some(&Value::Bool(true))
        && said.is_some_and(|said| said.trim().eq_ignore_ascii_case(name));
    let mut addresses = known.identity.verifiable_addresses.iter();
    by_provider && addresses.any(|one| one.verified && one.value.eq_ignore_ascii_case(name))
}
