//! Linking and unlinking in the settings.

use http::StatusCode;

use super::Upstream;
use crate::contract::Problem;
use crate::contract::{FlowKind, FlowState, Transport, texts};
use crate::flows::answer::{Answer, Failure, Outcome};
use crate::flows::current::Current;
use crate::flows::hooks::Saving;
use crate::flows::login::browser_of;
use crate::flows::record::FlowRecord;
use crate::flows::service::Service;
use crate::flows::settings_methods::{Change, Changed};
use crate::flows::visitor::Visitor;
use crate::identity::credential::oidc;
use crate::identity::settings::OidcProvider;
use crate::identity::{CredentialType, IdentityEvent};
use crate::store::Account;
use crate::web::Fields;

/// What is to be done with an account at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flows) enum LinkChange {
    /// It is linked.
    Link,
    /// It is unlinked.
    Unlink,
}

impl LinkChange {
    /// Reads what a submit wants.
    pub(in crate::flows) fn find(fields: &Fields) -> Option<Self> {
        let given = |name: &str| fields.text(name).is_some_and(|id| !id.is_empty());
        match (given("link"), given("unlink")) {
            (true, false) => Some(Self::Link),
            (false, true) => Some(Self::Unlink),
            (true, true) | (false, false) => None,
        }
    }
}

impl Service {
    /// Links or unlinks. Needs a fresh sign-in.
    pub(in crate::flows) async fn change_link(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        current: &Current,
        fields: &Fields,
        what: LinkChange,
    ) -> Result<Changed, Failure> {
        if !self.is_privileged(current, false) {
            return Ok(Changed::SignInAgain);
        }
        match what {
            LinkChange::Link => self.begin_link(record, visitor, current, fields).await,
            LinkChange::Unlink => self.unlink(record, current, fields).await,
        }
    }

    async fn begin_link(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        current: &Current,
        fields: &Fields,
    ) -> Result<Changed, Failure> {
        let id = fields.text("link").unwrap_or_default();
        let provider = self.settings.methods.oidc.find(&id);
        let provider = provider.filter(|one| !is_linked(&current.account, &one.id));
        let (Some(provider), Transport::Browser) = (provider, record.transport) else {
            let text = "This provider is not known, or is linked already.";
            record.messages.push(texts::generic(text));
            return Ok(Changed::Refused);
        };
        let going = self
            .go_to_provider(record, visitor, provider, fields)
            .await?;
        Ok(Changed::Elsewhere(Box::new(going)))
    }

    async fn unlink(
        &self,
        record: &mut FlowRecord,
        current: &Current,
        fields: &Fields,
    ) -> Result<Changed, Failure> {
        let id = fields.text("unlink").unwrap_or_default();
        let mut account = current.account.clone();
        let before = account
            .credentials
            .first_factors(&self.settings.methods.code);
        let kind = CredentialType::Oidc;
        let credential = account.credentials.find_mut(kind);
        let found = credential.is_some_and(|credential| {
            credential.updated_at = self.now();
            oidc::unlink(credential, &id)
        });
        if !found {
            let text = "This provider is not linked.";
            record.messages.push(texts::generic(text));
            return Ok(Changed::Refused);
        }
        let emptied = account.credentials.find(kind);
        if emptied.is_some_and(|one| one.identifiers.is_empty()) {
            account.credentials.remove(kind);
        }
        let after = account
            .credentials
            .first_factors(&self.settings.methods.code);
        if after == 0 && before > 0 {
            let text = "This is the last way to sign in to this account. Add another one first.";
            record.messages.push(texts::generic(text));
            return Ok(Changed::Refused);
        }
        self.save_account(record, account, None, |identity| {
            IdentityEvent::FactorsChanged { identity }
        })
        .await
    }

    /// Somebody comes back from a provider to have it linked.
    pub(super) async fn oidc_link(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        provider: &OidcProvider,
        person: Upstream,
    ) -> Outcome {
        let Some(current) = self.current(visitor).await? else {
            return Err(Problem::no_session().into());
        };
        if record.identity != Some(current.account.identity.id) {
            return Err(Problem::identity_mismatch().into());
        }
        if record.is_expired(self.now()) {
            let opening = record.reopening(browser_of(visitor, record.transport));
            let next = self.settings_record(opening, &current.account);
            return self.replaced(record, next).await;
        }
        let page = self.site.ui_of(FlowKind::Settings, record.id);
        if !self.satisfies_settings(&current) {
            return Ok(self.asks_for_second_factor(Some(&page)));
        }
        if !self.is_privileged(&current, false) {
            let query = [("refresh", "true"), ("return_to", page.as_str())];
            let to = self.site.init_url(FlowKind::Login, false, &query);
            let problem = Problem::refresh_required(&to);
            return Ok(Answer::problem_or(problem, StatusCode::SEE_OTHER, to));
        }
        record.forget_messages();
        let taken = self.account_at(&person).await?.is_some();
        if taken || is_linked(&current.account, &provider.id) {
            record.state = FlowState::ShowForm;
            let text = texts::duplicate_credentials();
            let owner = Some(&current.account);
            return self.refused_with(record, visitor, owner, text).await;
        }
        let change = Change::Oidc(LinkChange::Link);
        record.saving = Some(Box::new(Saving {
            visitor: visitor.clone(),
            method: change.as_str(),
        }));
        let account = current.account.clone();
        let (at, subject) = (&person.provider, &person.subject);
        let account = self.linked(account, at, subject, &person.tokens);
        let saved = self.save_account(record, account, None, |identity| {
            IdentityEvent::FactorsChanged { identity }
        });
        match saved.await? {
            Changed::Done { account, step } => {
                self.settings_saved(record, visitor, current, *account, step, change)
                    .await
            }
            Changed::Shown | Changed::Refused | Changed::SignInAgain | Changed::Elsewhere(_) => {
                record.state = FlowState::ShowForm;
                self.refused(record, visitor, Some(&current.account)).await
            }
        }
    }
}

fn is_linked(account: &Account, provider: &str) -> bool {
    let credential = account.credentials.find(CredentialType::Oidc);
    credential.is_some_and(|credential| oidc::linked(credential).any(|id| id == provider))
}
