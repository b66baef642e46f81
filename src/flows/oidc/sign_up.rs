//! Signing up as whom a provider knows.

use serde_json::{Value, json};

use super::Upstream;
use super::claims::{Mapped, merged};
use crate::contract::{FlowKind, NodeGroup};
use crate::flows::answer::{Failure, Outcome};
use crate::flows::form::{csrf_node, fill_traits, oidc_continue_node, trait_nodes};
use crate::flows::login::browser_of;
use crate::flows::record::{FlowRecord, Opening};
use crate::flows::service::{Service, internal};
use crate::flows::traits::complain;
use crate::flows::visitor::Visitor;
use crate::identity::credential::oidc;
use crate::identity::schema::IdentitySchema;
use crate::identity::settings::OidcProvider;
use crate::identity::{Credential, CredentialType, Credentials, Identity};
use crate::store::Account;

impl Service {
    /// Makes an account; where traits are missing the form asks for them, and where the person has
    /// an account already they are led to it.
    pub(super) async fn oidc_sign_up(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        provider: &OidcProvider,
        person: Upstream,
        written: Option<Value>,
    ) -> Outcome {
        if self.account_at(&person).await?.is_some() {
            let mut login = self.login_instead(record).await?;
            return self
                .oidc_sign_in(&mut login, visitor, provider, person, None)
                .await;
        }
        self.sign_up_allowed()?;
        if self.is_spent(record) {
            let opening = record.reopening(browser_of(visitor, record.transport));
            let next = self.registration_record(opening)?;
            return self.replaced(record, next).await;
        }
        record.forget_messages();
        let schema = self.default_schema()?;
        let mapped = self.map_claims(provider, &person, None).await?;
        let traits = merged(mapped.traits.clone(), written);
        if let Err(violations) = schema.validate(&traits) {
            record.active = Some("oidc".to_owned());
            let mut fields = trait_nodes(schema, NodeGroup::Default);
            fill_traits(&mut fields, schema, &traits);
            record.nodes = vec![csrf_node()];
            record.nodes.extend(fields);
            complain(record, NodeGroup::Default, violations);
            Self::sort_sign_up(record, schema);
            record.nodes.push(oidc_continue_node(provider));
            return self.refused(record, visitor, None).await;
        }
        let account = self.account_of(schema, traits, &mapped, &person);
        if let Some((known, name)) = self.taken_by(&account).await? {
            return self
                .already_known(record, visitor, provider, person, known, &name)
                .await;
        }
        let step = person.step(provider, self.now());
        self.sign_up(record, visitor, account, step).await
    }

    fn account_of(
        &self,
        schema: &IdentitySchema,
        traits: Value,
        mapped: &Mapped,
        person: &Upstream,
    ) -> Account {
        let now = self.now();
        let mut identity = Identity::new(schema.id(), traits, now);
        let mut credentials = Credentials::new();
        schema.apply(&mut identity, &mut credentials, now);
        mapped.apply(&mut identity, now);
        let kind = CredentialType::Oidc;
        let mut credential = Credential::new(kind, Vec::new(), json!({}), now);
        let (provider, subject) = (&person.provider, &person.subject);
        oidc::link(&mut credential, provider, subject, &person.tokens);
        credentials.set(credential);
        Account {
            identity,
            credentials,
        }
    }

    /// Whose account has an identifier that a new one would have, and which.
    async fn taken_by(&self, account: &Account) -> Result<Option<(Account, String)>, Failure> {
        for credential in account.credentials.iter() {
            for name in &credential.identifiers {
                let kind = credential.kind;
                let found = self.store.account_by_identifier(kind, name).await;
                if let Some(known) = found.map_err(internal)? {
                    return Ok(Some((known, name.clone())));
                }
            }
        }
        Ok(None)
    }

    /// A login that takes over from a sign-up.
    pub(super) async fn login_instead(&self, record: &FlowRecord) -> Result<FlowRecord, Failure> {
        let opening = Opening {
            kind: FlowKind::Login,
            ..record.reopening(record.browser.clone())
        };
        let mut login = self.login_record(opening, false, false, None);
        login.exchange = record.exchange;
        login.in_browser = record.in_browser;
        login.sent_for_hooks = record.sent_for_hooks.clone();
        self.insert_flow(&login).await?;
        Ok(login)
    }
}
