//! Enrolling and removing security keys in the settings.

use super::super::answer::Failure;
use super::super::current::Current;
use super::super::record::FlowRecord;
use super::super::service::{Service, internal};
use super::super::settings_methods::Changed;

use super::offer::KeyOffer;
use crate::aal::{Aal, AuthenticationMethod};
use crate::contract::{Message, texts};
use crate::identity::credential::keys::{Keys, NewKey, StoredKey};
use crate::identity::webauthn::{KeyError, RelyingParty, verify_registration};
use crate::identity::{AmrEntry, Credential, CredentialType, IdentityEvent};
use crate::store::Account;
use crate::web::Fields;

/// Security keys of one person. They are read by people and sent in every challenge.
pub(super) const MAX_KEYS: usize = 32;
/// The longest name of a key, in characters.
const MAX_NAME_CHARACTERS: usize = 128;

/// What a browser was asked to make.
pub(super) struct Offered {
    pub(super) kind: CredentialType,
    /// `None` when nothing was asked for, or it was answered before.
    pub(super) offer: Option<KeyOffer>,
    pub(super) party: RelyingParty,
}

impl Service {
    /// Enrols or removes a security key. Needs a fresh sign-in.
    pub(in crate::flows) async fn change_keys(
        &self,
        record: &mut FlowRecord,
        current: &Current,
        fields: &Fields,
    ) -> Result<Changed, Failure> {
        if !self.is_privileged(current, false) {
            return Ok(Changed::SignInAgain);
        }
        let answer = fields.text("webauthn_register").unwrap_or_default();
        if answer.is_empty() {
            let hex = fields.text("webauthn_remove").unwrap_or_default();
            return self.remove_key(record, current, &hex).await;
        }
        let name = fields.text("webauthn_register_displayname");
        let name = name.unwrap_or_default();
        let name = name.trim();
        let field = "webauthn_register_displayname";
        if name.is_empty() {
            record.say_at(field, texts::required(field));
            return Ok(Changed::Refused);
        }
        let length = name.chars().count();
        if length > MAX_NAME_CHARACTERS {
            let count = |number| u64::try_from(number).unwrap_or(u64::MAX);
            let text = texts::max_length(count(MAX_NAME_CHARACTERS), count(length));
            record.say_at(field, text);
            return Ok(Changed::Refused);
        }
        self.enrol_key(record, current, &answer, name).await
    }

    async fn enrol_key(
        &self,
        record: &mut FlowRecord,
        current: &Current,
        answer: &str,
        name: &str,
    ) -> Result<Changed, Failure> {
        let account = &current.account;
        let offered = Offered {
            kind: CredentialType::Webauthn,
            offer: record.key_offer.take(),
            party: self.key_party(),
        };
        let answered = self.new_key(record, account, offered, answer).await?;
        let (new, mut keys) = match answered {
            Ok(new) => new,
            Err(text) => return Ok(self.key_refused(record, account, text)),
        };
        let names = self.key_identifiers(account);
        if names.is_empty() {
            record.messages.push(texts::no_identifier());
            return Ok(Changed::Refused);
        }
        let passwordless = self.key_settings().passwordless;
        let now = self.now();
        keys.list.push(StoredKey::new(new, name, passwordless, now));
        let mut account = account.clone();
        set_keys(&mut account, CredentialType::Webauthn, names, &keys, now);
        let changed = self
            .save_account(record, account, None, |identity| {
                IdentityEvent::FactorsChanged { identity }
            })
            .await?;
        let aal = if passwordless { Aal::Aal1 } else { Aal::Aal2 };
        Ok(changed.with_step(AmrEntry::new(AuthenticationMethod::Webauthn, aal, now)))
    }

    /// The key that `answer` enrols, and the keys of its kind that it joins; else what is wrong.
    /// The offer was taken out of `record`.
    pub(super) async fn new_key(
        &self,
        record: &mut FlowRecord,
        account: &Account,
        offered: Offered,
        answer: &str,
    ) -> Result<Result<(NewKey, Keys), Message>, Failure> {
        // The challenge leaves the flow by one conditional write before its answer counts.
        let taken = self.save_flow(record).await?;
        let Some(offer) = offered.offer.filter(|_| taken) else {
            return Ok(Err(texts::key_answer_late()));
        };
        let new = match verify_registration(&offered.party, &offer.challenge, answer) {
            Ok(new) => new,
            Err(error) => return Ok(Err(key_error(&error))),
        };
        if self.is_known_key(account, &new).await? {
            return Ok(Err(texts::key_known()));
        }
        let mut keys = Keys::of(account.credentials.find(offered.kind));
        if keys.list.len() >= MAX_KEYS {
            let text = format!("There are {MAX_KEYS} keys of this kind already. Remove one first.");
            return Ok(Err(texts::generic(&text)));
        }
        if keys.handle.is_empty() {
            keys.handle = offer.handle;
        }
        Ok(Ok((new, keys)))
    }

    /// Whether somebody, this person included, has a key with this id already.
    pub(super) async fn is_known_key(
        &self,
        account: &Account,
        key: &NewKey,
    ) -> Result<bool, Failure> {
        let own = [CredentialType::Webauthn, CredentialType::Passkey];
        let is_own = own.into_iter().any(|kind| {
            let keys = Keys::of(account.credentials.find(kind));
            keys.list.iter().any(|one| one.id() == key.id)
        });
        let owner = self.store.key_owner(&key.id).await.map_err(internal)?;
        Ok(is_own || owner.is_some_and(|owner| owner != account.identity.id))
    }

    /// The identifiers that the traits give security keys.
    pub(super) fn key_identifiers(&self, account: &Account) -> Vec<String> {
        let identity = &account.identity;
        let schema = self.settings.schemas.find(&identity.schema_id);
        schema.map_or_else(Vec::new, |schema| schema.extract(&identity.traits).webauthn)
    }

    /// Says what was wrong, with a fresh challenge for another try.
    fn key_refused(&self, record: &mut FlowRecord, account: &Account, text: Message) -> Changed {
        self.offer_keys(record, account);
        record.say_at("webauthn_register", text);
        Changed::Refused
    }

    async fn remove_key(
        &self,
        record: &mut FlowRecord,
        current: &Current,
        hex: &str,
    ) -> Result<Changed, Failure> {
        let kind = CredentialType::Webauthn;
        let mut account = current.account.clone();
        let mut keys = Keys::of(account.credentials.find(kind));
        let Some(place) = keys.find_hex(hex) else {
            let text = "This security key is not there any more.";
            record.messages.push(texts::generic(text));
            return Ok(Changed::Refused);
        };
        let removed = keys.list.remove(place);
        if removed.is_passwordless() && self.first_factors(&account) < 2 {
            record.messages.push(texts::last_first_factor());
            return Ok(Changed::Refused);
        }
        let now = self.now();
        set_keys(&mut account, kind, Vec::new(), &keys, now);
        self.save_account(record, account, None, |identity| {
            IdentityEvent::FactorsChanged { identity }
        })
        .await
    }
}

/// Writes the keys into the account; without any, the credential goes.
pub(super) fn set_keys(
    account: &mut Account,
    kind: CredentialType,
    names: Vec<String>,
    keys: &Keys,
    now: jiff::Timestamp,
) {
    if keys.list.is_empty() {
        account.credentials.remove(kind);
        return;
    }
    match account.credentials.find_mut(kind) {
        Some(known) => {
            known.config = keys.config();
            known.updated_at = now;
            if !names.is_empty() {
                known.identifiers = names;
            }
        }
        None => {
            let credential = Credential::new(kind, names, keys.config(), now);
            account.credentials.set(credential);
        }
    }
}

/// What a person is told of an answer that does not count. The log has the reason.
pub(super) fn key_error(error: &KeyError) -> crate::contract::Message {
    tracing::info!(%error, "a security key was not taken");
    match error {
        KeyError::Malformed(_) => texts::generic("The answer of the security key can not be read."),
        KeyError::Wrong(_) | KeyError::Cloned => texts::key_wrong(),
    }
}
