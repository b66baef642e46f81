//! Enrolling and removing passkeys in the settings.

use super::super::answer::Failure;
use super::super::current::Current;
use super::super::record::FlowRecord;
use super::super::service::Service;
use super::super::settings_methods::Changed;
use super::nodes;
use super::offer::{KeyOffer, new_handle, passkey_selection};
use super::settings::{Offered, set_keys};
use crate::aal::{Aal, AuthenticationMethod};
use crate::contract::{Message, Node, texts};
use crate::identity::credential::keys::{Keys, StoredKey};
use crate::identity::webauthn::{Challenge, CreationUser, creation_options};
use crate::identity::{AmrEntry, CredentialType, Identity, IdentityEvent};
use crate::store::Account;
use crate::web::Fields;

const KIND: CredentialType = CredentialType::Passkey;

impl Service {
    /// What browsers call a person's passkeys: the trait that the schema names for it, else the
    /// first identifier.
    pub(super) fn passkey_name(&self, identity: &Identity) -> Option<String> {
        let schema = self.settings.schemas.find(&identity.schema_id)?;
        let named = schema
            .fields()
            .iter()
            .find(|field| field.extension.passkey_display_name)
            .or_else(|| {
                let fields = schema.fields().iter();
                fields.into_iter().find(|one| one.extension.is_identifier())
            })?;
        let value = named.value(&identity.traits)?.as_str()?;
        (!value.is_empty()).then(|| value.to_owned())
    }

    pub(super) fn passkey_settings_nodes(
        &self,
        record: &mut FlowRecord,
        account: &Account,
    ) -> Vec<Node> {
        let keys = Keys::of(account.credentials.find(KIND));
        let is_last = self.first_factors(account) < 2;
        let mut shown: Vec<Node> = keys
            .list
            .iter()
            .map(|key| nodes::remove_passkey(key, is_last))
            .collect();
        let Some(name) = self.passkey_name(&account.identity) else {
            return shown;
        };
        let handle = if keys.handle.is_empty() {
            new_handle()
        } else {
            keys.handle
        };
        if let Some(options) = self.passkey_creation(record, handle, &name, &keys.list) {
            shown.extend(nodes::passkey_settings(&options.to_string()));
        }
        shown
    }

    /// Options for a new passkey; the flow keeps the challenge.
    pub(super) fn passkey_creation(
        &self,
        record: &mut FlowRecord,
        handle: Vec<u8>,
        name: &str,
        known: &[StoredKey],
    ) -> Option<serde_json::Value> {
        let settings = &self.settings.methods.passkey;
        let party = self.passkey_party();
        let (challenge, text) = Challenge::create(&party, settings.user_verification).ok()?;
        let user = CreationUser {
            handle: &handle,
            name,
        };
        let selection = passkey_selection(
            settings.attachment,
            settings.resident_key,
            settings.user_verification,
        );
        let timeout = settings.registration_timeout_millis;
        let options = creation_options(&party, &user, &text, known, timeout, selection);
        record.passkey_offer = Some(KeyOffer { challenge, handle });
        Some(options)
    }

    /// Enrols or removes a passkey. Needs a fresh sign-in.
    pub(in crate::flows) async fn change_passkeys(
        &self,
        record: &mut FlowRecord,
        current: &Current,
        fields: &Fields,
    ) -> Result<Changed, Failure> {
        if !self.is_privileged(current, false) {
            return Ok(Changed::SignInAgain);
        }
        let hex = fields.text("passkey_remove").unwrap_or_default();
        if !hex.is_empty() {
            return self.remove_passkey(record, current, &hex).await;
        }
        let answer = fields.text("passkey_settings_register");
        self.enrol_passkey(record, current, &answer.unwrap_or_default())
            .await
    }

    async fn enrol_passkey(
        &self,
        record: &mut FlowRecord,
        current: &Current,
        answer: &str,
    ) -> Result<Changed, Failure> {
        let account = &current.account;
        let offered = Offered {
            kind: KIND,
            offer: record.passkey_offer.take(),
            party: self.passkey_party(),
        };
        let answered = self.new_key(record, account, offered, answer).await?;
        let (new, mut keys) = match answered {
            Ok(new) => new,
            Err(text) => return Ok(self.passkey_refused(record, account, text)),
        };
        let now = self.now();
        let name = self.passkey_name(&account.identity).unwrap_or_default();
        keys.list.push(StoredKey::new(new, &name, true, now));
        let names = vec![String::from_utf8_lossy(&keys.handle).into_owned()];
        let mut account = account.clone();
        set_keys(&mut account, KIND, names, &keys, now);
        let changed = self
            .save_account(record, account, None, |identity| {
                IdentityEvent::FactorsChanged { identity }
            })
            .await?;
        let step = AmrEntry::new(AuthenticationMethod::Passkey, Aal::Aal1, now);
        Ok(changed.with_step(step))
    }

    fn passkey_refused(
        &self,
        record: &mut FlowRecord,
        account: &Account,
        text: Message,
    ) -> Changed {
        self.offer_keys(record, account);
        record.messages.push(text);
        Changed::Refused
    }

    async fn remove_passkey(
        &self,
        record: &mut FlowRecord,
        current: &Current,
        hex: &str,
    ) -> Result<Changed, Failure> {
        let mut account = current.account.clone();
        let mut keys = Keys::of(account.credentials.find(KIND));
        let Some(place) = keys.find_hex(hex) else {
            let text = "This passkey is not there any more.";
            record.messages.push(texts::generic(text));
            return Ok(Changed::Refused);
        };
        if self.first_factors(&account) < 2 {
            record.messages.push(texts::last_first_factor());
            return Ok(Changed::Refused);
        }
        keys.list.remove(place);
        set_keys(&mut account, KIND, Vec::new(), &keys, self.now());
        self.save_account(record, account, None, |identity| {
            IdentityEvent::FactorsChanged { identity }
        })
        .await
    }
}
