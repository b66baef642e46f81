//! The changes that settings take, by method.

use serde_json::Value;

use super::answer::{Answer, Failure};
use super::current::Current;
use super::form::{fill_traits, profile_nodes, trait_order};
use super::hooks::Saving;
use super::login_methods::hashing;
use super::lookup::LookupChange;
use super::oidc::LinkChange;
use super::record::FlowRecord;
use super::service::{Service, internal};
use super::traits::{complain, submitted};
use super::visitor::Visitor;
use crate::aal::{Aal, AuthenticationMethod};
use crate::contract::{FlowKind, NodeGroup, Transport, sort_nodes, texts};
use crate::identity::credential::{password, totp};
use crate::identity::schema::IdentitySchema;
use crate::identity::settings::Settings;
use crate::identity::throttle::ThrottleKind;
use crate::identity::{AmrEntry, Credential, CredentialType, IdentityEvent};
use crate::secret::SecretString;
use crate::store::{Account, StoreError};
use crate::web::Fields;

/// What is to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The traits.
    Profile,
    /// The password.
    Password,
    /// The authenticator app.
    Totp,
    /// Passkeys.
    Passkey,
    /// Security keys.
    Webauthn,
    /// Lookup secrets.
    LookupSecret(LookupChange),
    /// An account at a provider.
    Oidc(LinkChange),
}

impl Change {
    /// Reads what a submit wants to change, of what can be changed.
    pub(super) fn find(fields: &Fields, settings: &Settings, transport: Transport) -> Option<Self> {
        let methods = &settings.methods;
        let method = fields.text("method");
        match method.as_deref() {
            Some("profile") => methods.profile_enabled.then_some(Self::Profile),
            Some("password") => methods.password.enabled.then_some(Self::Password),
            Some("totp") => methods.totp.enabled.then_some(Self::Totp),
            None | Some("oidc") if methods.oidc.enabled && LinkChange::find(fields).is_some() => {
                LinkChange::find(fields).map(Self::Oidc)
            }
            None if methods.totp.enabled && fields.is_true("totp_unlink") => Some(Self::Totp),
            Some(_) | None if methods.passkey.enabled && gives(fields, PASSKEY_FIELDS) => {
                Some(Self::Passkey)
            }
            Some(_) | None
                if methods.webauthn.enabled
                    && transport == Transport::Browser
                    && gives(fields, KEY_FIELDS) =>
            {
                Some(Self::Webauthn)
            }
            // These go by what they are told to do, whatever the method is said to be.
            Some(_) | None => LookupChange::find(fields)
                .filter(|_| methods.lookup_secret_enabled)
                .map(Self::LookupSecret),
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Password => "password",
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::Webauthn => "webauthn",
            Self::LookupSecret(_) => "lookup_secret",
            Self::Oidc(_) => "oidc",
        }
    }
}

const PASSKEY_FIELDS: [&str; 2] = ["passkey_settings_register", "passkey_remove"];
const KEY_FIELDS: [&str; 2] = ["webauthn_register", "webauthn_remove"];

/// Whether one of these fields has something in it.
fn gives(fields: &Fields, names: [&str; 2]) -> bool {
    let given = |name| fields.text(name).is_some_and(|text| !text.is_empty());
    names.into_iter().any(given)
}

/// What came of a change.
pub(super) enum Changed {
    /// It is saved; a factor that was proved on the way counts for the session.
    Done {
        /// The account as it is now.
        account: Box<Account>,
        /// The factor.
        step: Option<AmrEntry>,
    },
    /// Nothing is saved; the form shows something else now.
    Shown,
    /// Something was wrong; the flow says what.
    Refused,
    /// The last sign-in is too long ago.
    SignInAgain,
    /// It goes on at another place.
    Elsewhere(Box<Answer>),
}

impl Changed {
    /// The same, with a factor that was proved on the way if it was saved.
    pub(super) fn with_step(self, step: AmrEntry) -> Self {
        match self {
            Self::Done { account, .. } => Self::Done {
                account,
                step: Some(step),
            },
            Self::Shown | Self::Refused | Self::SignInAgain | Self::Elsewhere(_) => self,
        }
    }

    fn done(account: Account) -> Self {
        Self::Done {
            account: Box::new(account),
            step: None,
        }
    }
}

impl Service {
    pub(super) fn is_privileged(&self, current: &Current, strict: bool) -> bool {
        let max_age = self
            .settings
            .self_service
            .settings
            .privileged_session_max_age;
        current.session.is_privileged(max_age, strict, self.now())
    }

    /// Changes traits. Those that identify somebody, or lead mail to them, need a fresh sign-in.
    pub(super) async fn change_profile(
        &self,
        record: &mut FlowRecord,
        current: &Current,
        fields: &Fields,
    ) -> Result<Changed, Failure> {
        let mut account = current.account.clone();
        let schema = self.settings.schemas.find(&account.identity.schema_id);
        let schema = schema.ok_or_else(|| internal("the identity's schema is missing"))?;
        let traits = submitted(schema, fields);
        self.lay_out_profile(record, schema, &account, &traits);
        if let Err(violations) = schema.validate(&traits) {
            complain(record, NodeGroup::Profile, violations);
            let (order, identifiers) = trait_order(schema);
            sort_nodes(FlowKind::Settings, &mut record.nodes, &order, identifiers);
            return Ok(Changed::Refused);
        }
        let sensitive = schema.fields().iter().any(|field| {
            field.extension.is_sensitive()
                && field.value(&traits) != field.value(&account.identity.traits)
        });
        if sensitive && !self.is_privileged(current, false) {
            return Ok(Changed::SignInAgain);
        }
        account.identity.traits = traits;
        self.save_account(record, account, Some(schema), |identity| {
            IdentityEvent::IdentityChanged { identity }
        })
        .await
    }

    /// Shows the traits that were submitted, right or wrong.
    fn lay_out_profile(
        &self,
        record: &mut FlowRecord,
        schema: &IdentitySchema,
        account: &Account,
        traits: &Value,
    ) {
        record.nodes.retain(|node| node.group != NodeGroup::Profile);
        let mut nodes = profile_nodes(schema, &account.identity);
        fill_traits(&mut nodes, schema, traits);
        record.nodes.extend(nodes);
        let (order, identifiers) = trait_order(schema);
        sort_nodes(FlowKind::Settings, &mut record.nodes, &order, identifiers);
    }

    /// Sets another password. Always needs a fresh sign-in.
    pub(super) async fn change_password(
        &self,
        record: &mut FlowRecord,
        current: &Current,
        fields: &Fields,
    ) -> Result<Changed, Failure> {
        if !self.is_privileged(current, true) {
            return Ok(Changed::SignInAgain);
        }
        let new = SecretString::new(fields.text("password").unwrap_or_default());
        if new.expose().is_empty() {
            record.say_at("password", texts::required("password"));
            return Ok(Changed::Refused);
        }
        let mut account = current.account.clone();
        let existing = account.credentials.find(CredentialType::Password);
        let names = existing
            .map(|one| one.identifiers.clone())
            .unwrap_or_default();
        let old = existing.and_then(password::hash_of).map(str::to_owned);
        if let Some(violation) = self.judge_password(&new, &names).await {
            Self::refuse_password(record, &violation);
            return Ok(Changed::Refused);
        }
        if old.is_some() {
            let same = self.hasher.check(new.clone(), old).await.map_err(hashing)?;
            if same.matches {
                record.say_at("password", texts::password_not_new());
                return Ok(Changed::Refused);
            }
        }
        let hash = self.hasher.make(new).await.map_err(hashing)?;
        let now = self.now();
        match account.credentials.find_mut(CredentialType::Password) {
            Some(credential) => {
                credential.config = password::config(&hash);
                credential.updated_at = now;
            }
            None => {
                record.messages.push(texts::no_identifier());
                return Ok(Changed::Refused);
            }
        }
        self.save_account(record, account, None, |identity| {
            IdentityEvent::FactorsChanged { identity }
        })
        .await
    }

    /// Sets up or removes an authenticator app. Needs a fresh sign-in.
    pub(super) async fn change_totp(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        current: &Current,
        fields: &Fields,
    ) -> Result<Changed, Failure> {
        if !self.is_privileged(current, false) {
            return Ok(Changed::SignInAgain);
        }
        let existing = current.account.credentials.find(CredentialType::Totp);
        let is_set = existing.is_some_and(totp::is_set);
        let account = current.account.clone();
        match (is_set, fields.is_true("totp_unlink")) {
            (true, true) => self.unlink_totp(record, account).await,
            (true, false) => Ok(Changed::done(account)),
            (false, _) => self.enrol_totp(record, visitor, account, fields).await,
        }
    }

    async fn unlink_totp(
        &self,
        record: &mut FlowRecord,
        mut account: Account,
    ) -> Result<Changed, Failure> {
        account.credentials.remove(CredentialType::Totp);
        self.save_account(record, account, None, |identity| {
            IdentityEvent::FactorsChanged { identity }
        })
        .await
    }

    async fn enrol_totp(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        mut account: Account,
        fields: &Fields,
    ) -> Result<Changed, Failure> {
        let code = fields.text("totp_code").unwrap_or_default();
        if code.trim().is_empty() {
            record.say_at("totp_code", texts::required("totp_code"));
            return Ok(Changed::Refused);
        }
        let Some(url) = record.totp_url.clone() else {
            record.messages.push(texts::settings_method_missing());
            return Ok(Changed::Refused);
        };
        let id = account.identity.id;
        let gate = self
            .count_try(ThrottleKind::SecondFactor, id.as_bytes(), visitor)
            .await?;
        let seconds = self.clock.steady_wall().as_second();
        let secret = totp::TotpSecret::from_url(&url);
        let step = secret.and_then(|secret| secret.verify(&code, seconds, None));
        let (Some(step), true) = (step, gate.is_open()) else {
            record.say_at("totp_code", texts::totp_wrong());
            return Ok(Changed::Refused);
        };
        self.forgive_try(gate).await?;
        let now = self.now();
        let names = vec![id.to_string()];
        let config = totp::config(&url);
        let credential = Credential::new(CredentialType::Totp, names, config, now);
        account.credentials.set(credential);
        let changed = self
            .save_account(record, account, None, |identity| {
                IdentityEvent::FactorsChanged { identity }
            })
            .await?;
        let Changed::Done { account, .. } = changed else {
            return Ok(changed);
        };
        // The code that set the app up must not be good for a login as well.
        self.store
            .take_totp_step(id, step)
            .await
            .map_err(internal)?;
        let step = AmrEntry::new(AuthenticationMethod::Totp, Aal::Aal2, now);
        Ok(Changed::Done {
            account,
            step: Some(step),
        })
    }

    /// Stores a changed account and tells what kind of change it was. With a schema, identifiers
    /// and addresses follow the traits.
    pub(super) async fn save_account(
        &self,
        record: &mut FlowRecord,
        mut account: Account,
        schema: Option<&IdentitySchema>,
        event: impl Fn(crate::identity::IdentityId) -> IdentityEvent,
    ) -> Result<Changed, Failure> {
        let now = self.now();
        account.identity.updated_at = now;
        if let Some(schema) = schema {
            schema.apply(&mut account.identity, &mut account.credentials, now);
        }
        let saving = record.saving.take();
        if let Some(saving) = &saving {
            let Saving { visitor, method } = &**saving;
            let goes_on = self.hooks_before_saving(record, visitor, method, &mut account);
            if !goes_on.await? {
                return Ok(Changed::Refused);
            }
        }
        let visitor = saving.as_deref().map(|saving| &saving.visitor);
        let language = visitor.and_then(|visitor| visitor.accept_language.as_deref());
        let (along, changes) = self.telling_of_change(&account, language).await?;
        let Account {
            identity,
            credentials,
        } = &mut account;
        let saved = self.store.save_identity_with(identity, credentials, &along);
        match saved.await {
            Ok(()) => {
                self.tell(event(identity.id));
                self.audit_changes(&changes, visitor, identity.id);
                Ok(Changed::done(account))
            }
            Err(StoreError::Duplicate { .. }) => {
                record.messages.push(texts::duplicate_credentials());
                Ok(Changed::Refused)
            }
            Err(StoreError::Stale) => {
                let text = "Your account was changed in the meantime. Please try again.";
                record.messages.push(texts::generic(text));
                Ok(Changed::Refused)
            }
            Err(error) => Err(internal(error)),
        }
    }
}
