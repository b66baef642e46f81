//! Mails that tell of changes: whoever did not make them learns of them.
//!
//! What changed is seen from the account before and after, whatever method changed it, and the
//! mail is stored in the same transaction as the change.

use super::answer::Failure;
use super::audited::Change;
use super::service::{Service, internal};
use crate::contract::FlowKind;
use crate::courier::{MailData, Recipient, Template};
use crate::identity::{Channel, CredentialType, Identity};
use crate::store::{Account, Along, Outgoing};

/// What people prove themselves with and choose themselves. Codes by mail follow the addresses.
const TOLD: [CredentialType; 6] = [
    CredentialType::Password,
    CredentialType::Totp,
    CredentialType::LookupSecret,
    CredentialType::Webauthn,
    CredentialType::Passkey,
    CredentialType::Oidc,
];

impl Service {
    /// What this change of an account is told as: the mails that go along with it, where the
    /// operator wants them, and what the audit log learns once it is stored.
    pub(super) async fn telling_of_change(
        &self,
        after: &Account,
        accept_language: Option<&str>,
    ) -> Result<(Along, Vec<Change>), Failure> {
        let by_mail = self.courier.config().tell_changes;
        if !by_mail && !self.audit.is_on() {
            return Ok(<(Along, Vec<Change>)>::default());
        }
        let stored = self.store.account(after.identity.id).await;
        let Some(before) = stored.map_err(internal)? else {
            return Ok(<(Along, Vec<Change>)>::default());
        };
        let changes = changes(&before, after);
        let mut along = Along::default();
        if by_mail {
            for (template, factor) in &changes {
                let mail = self.change_mail(*template, *factor, &before.identity, accept_language);
                along.mails.extend(mail);
            }
            let old = self.mails_of_addresses(&before.identity, &after.identity, accept_language);
            along.mails.extend(old);
        }
        Ok((along, changes))
    }

    /// A mail about a change, to the address that was the person's before it. `None` when there is
    /// none, or the operator does not want such mails.
    pub(super) fn change_mail(
        &self,
        template: Template,
        factor: Option<CredentialType>,
        person: &Identity,
        accept_language: Option<&str>,
    ) -> Option<Outgoing> {
        if !self.courier.config().tell_changes {
            return None;
        }
        let address = told_address(person)?;
        Some(self.write_change(template, factor, (person, address), accept_language))
    }

    fn write_change(
        &self,
        template: Template,
        factor: Option<CredentialType>,
        (person, address): (&Identity, &str),
        accept_language: Option<&str>,
    ) -> Outgoing {
        let to = Recipient::new(Channel::Email, address, accept_language, Some(person));
        let settings = self.site.init_url(FlowKind::Settings, false, &[]);
        let data = MailData {
            url: (template != Template::VerifiableAddressChanged).then_some(settings.as_str()),
            identity: Some(person),
            factor,
            ..MailData::default()
        };
        self.courier.compose(template, &to, &data)
    }

    /// To each verified address that is the person's no more.
    fn mails_of_addresses(
        &self,
        before: &Identity,
        after: &Identity,
        accept_language: Option<&str>,
    ) -> Vec<Outgoing> {
        let kept = |value: &str| {
            let mut values = after.verifiable_addresses.iter().map(|one| &one.value);
            values.any(|one| one == value)
        };
        let gone = before.verifiable_addresses.iter().filter(|address| {
            address.verified && address.via == Channel::Email && !kept(&address.value)
        });
        let template = Template::VerifiableAddressChanged;
        gone.map(|address| {
            self.write_change(template, None, (before, &address.value), accept_language)
        })
        .collect()
    }
}

/// The first verified mail address, else the first there is.
fn told_address(person: &Identity) -> Option<&str> {
    let mails = || {
        let all = person.verifiable_addresses.iter();
        all.filter(|address| address.via == Channel::Email)
    };
    let recovery = person.recovery_addresses.iter();
    let mut recovery = recovery.filter(|address| address.via == Channel::Email);
    mails()
        .find(|address| address.verified)
        .or_else(|| mails().next())
        .map(|address| address.value.as_str())
        .or_else(|| recovery.next().map(|address| address.value.as_str()))
}

/// What is to be told of, in the order of the types.
fn changes(before: &Account, after: &Account) -> Vec<Change> {
    let mut changes = Vec::new();
    for kind in TOLD {
        let (had, has) = (items(before, kind), items(after, kind));
        let same = before.credentials.find(kind).map(|one| &one.config)
            == after.credentials.find(kind).map(|one| &one.config);
        let replaced = match kind {
            CredentialType::Password => Some((Template::PasswordChanged, None)),
            CredentialType::Totp | CredentialType::LookupSecret => {
                Some((Template::FactorAdded, Some(kind)))
            }
            // A counter that moved or a name is no other key.
            CredentialType::Webauthn
            | CredentialType::Passkey
            | CredentialType::Oidc
            | CredentialType::Code => None,
        };
        match had.cmp(&has) {
            std::cmp::Ordering::Less => changes.push((Template::FactorAdded, Some(kind))),
            std::cmp::Ordering::Greater => changes.push((Template::FactorRemoved, Some(kind))),
            std::cmp::Ordering::Equal if has > 0 && !same => changes.extend(replaced),
            std::cmp::Ordering::Equal => {}
        }
    }
    changes
}

/// How many passwords, keys, links there are of a type; sets of codes count as one.
fn items(account: &Account, kind: CredentialType) -> usize {
    let Some(credential) = account.credentials.find(kind) else {
        return 0;
    };
    let config = &credential.config;
    let length = |name: &str| {
        let list = config.get(name).and_then(serde_json::Value::as_array);
        list.map_or(0, Vec::len)
    };
    let text = |name: &str| {
        let text = config.get(name).and_then(serde_json::Value::as_str);
        usize::from(text.is_some_and(|text| !text.is_empty()))
    };
    match kind {
        CredentialType::Password => text("hashed_password"),
        CredentialType::Totp => text("totp_url"),
        CredentialType::LookupSecret => length("recovery_codes").min(1),
        CredentialType::Webauthn | CredentialType::Passkey => length("credentials"),
        CredentialType::Oidc => length("providers"),
        CredentialType::Code => 0,
    }
}
