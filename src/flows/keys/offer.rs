//! What a flow asks of keys: a challenge that is good for one answer to this flow.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::form::trait_order;
use super::super::record::FlowRecord;
use super::super::service::Service;
use super::nodes;
use crate::contract::{
    FlowKind, InputKind, Message, Node, NodeGroup, Transport, sort_nodes, texts,
};
use crate::identity::CredentialType;
use crate::identity::credential::keys::{Keys, StoredKey};
use crate::identity::settings::WebauthnSettings;
use crate::identity::token::random_text;
use crate::identity::webauthn::{
    Attachment, Challenge, CreationUser, RelyingParty, Requirement, creation_options,
    request_options,
};
use crate::store::Account;

/// How long an authenticator may take, in milliseconds.
const KEY_TIMEOUT_MILLIS: u64 = 120_000;
/// Letters and digits of a new passkey's user handle.
const HANDLE_CHARACTERS: usize = 64;

/// A challenge that waits in its flow.
#[derive(Clone, Serialize, Deserialize)]
pub struct KeyOffer {
    /// The challenge.
    pub(super) challenge: Challenge,
    /// The user handle that a new key is made for.
    pub(super) handle: Vec<u8>,
}

/// Which keys may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flows) enum Which {
    /// Those that sign in alone.
    First,
    /// Second factors.
    Second,
    /// All of them: somebody signed in proves who they are again.
    All,
}

impl Which {
    pub(super) fn admits(self, key: &StoredKey) -> bool {
        match self {
            Self::First => key.is_passwordless(),
            Self::Second => !key.is_passwordless(),
            Self::All => true,
        }
    }
}

/// The keys of an account that may answer, and how authenticators know their owner.
pub(super) fn admitted(account: &Account, kind: CredentialType, which: Which) -> Keys {
    let mut keys = Keys::of(account.credentials.find(kind));
    keys.list.retain(|key| which.admits(key));
    keys
}

impl Service {
    pub(super) fn key_settings(&self) -> &WebauthnSettings {
        &self.settings.methods.webauthn
    }

    pub(super) fn key_party(&self) -> RelyingParty {
        let settings = self.key_settings();
        RelyingParty {
            id: settings.rp_id.clone(),
            name: settings.rp_display_name.clone(),
            origins: settings.origins.clone(),
        }
    }

    /// Adds the parts of security keys and passkeys to the settings, with fresh challenges.
    pub(in crate::flows) fn offer_keys(&self, record: &mut FlowRecord, account: &Account) {
        record.key_offer = None;
        record.passkey_offer = None;
        let methods = &self.settings.methods;
        let browser = record.transport == Transport::Browser;
        let mut added = Vec::new();
        if methods.webauthn.enabled && browser {
            added.extend(self.key_settings_nodes(record, account));
        }
        if methods.passkey.enabled {
            added.extend(self.passkey_settings_nodes(record, account));
        }
        if !added.is_empty() && browser {
            added.push(nodes::script(self.site.base()));
        }
        record
            .nodes
            .retain(|node| !matches!(node.group, NodeGroup::Webauthn | NodeGroup::Passkey));
        record.nodes.extend(added);
        if let Some(schema) = self.settings.schemas.find(&account.identity.schema_id) {
            let (order, identifiers) = trait_order(schema);
            sort_nodes(FlowKind::Settings, &mut record.nodes, &order, identifiers);
        }
    }

    fn key_settings_nodes(&self, record: &mut FlowRecord, account: &Account) -> Vec<Node> {
        let keys = Keys::of(account.credentials.find(CredentialType::Webauthn));
        let is_last = self.first_factors(account) < 2;
        let mut shown: Vec<Node> = keys
            .list
            .iter()
            .map(|key| nodes::remove_key(key, is_last && key.is_passwordless()))
            .collect();
        let handle = if keys.handle.is_empty() {
            account.identity.id.as_bytes().to_vec()
        } else {
            keys.handle
        };
        let label = texts::add_security_key();
        shown.extend(self.key_creation_nodes(record, handle, &keys.list, label));
        shown
    }

    /// The fields for a new security key; the flow keeps its challenge.
    pub(super) fn key_creation_nodes(
        &self,
        record: &mut FlowRecord,
        handle: Vec<u8>,
        known: &[StoredKey],
        label: Message,
    ) -> Vec<Node> {
        let party = self.key_party();
        let verification = Requirement::Discouraged;
        let (challenge, text) = match Challenge::create(&party, verification) {
            Ok(made) => made,
            Err(error) => {
                tracing::warn!(%error, "security keys cannot be offered");
                return Vec::new();
            }
        };
        let user = CreationUser {
            handle: &handle,
            name: &party.name,
        };
        let selection = json!({ "userVerification": verification.as_str() });
        let options = creation_options(&party, &user, &text, known, KEY_TIMEOUT_MILLIS, selection);
        record.key_offer = Some(KeyOffer { challenge, handle });
        nodes::register(&options.to_string(), label)
    }

    /// Adds the security keys of a known person to a login. Nothing is added where none may answer.
    pub(in crate::flows) fn offer_key_login(
        &self,
        record: &mut FlowRecord,
        account: &Account,
        which: Which,
        label: Message,
    ) -> bool {
        record.key_offer = None;
        let keys = admitted(account, CredentialType::Webauthn, which);
        let credential = account.credentials.find(CredentialType::Webauthn);
        if keys.list.is_empty() || !self.key_settings().enabled {
            return false;
        }
        let party = self.key_party();
        let verification = Requirement::Discouraged;
        let Ok((challenge, text)) = Challenge::sign(&party, verification) else {
            return false;
        };
        let options = request_options(
            &party,
            &text,
            keys.list.iter(),
            KEY_TIMEOUT_MILLIS,
            verification,
        );
        let (trigger, answer) = nodes::sign(&options.to_string(), label);
        if let Some(name) = credential.and_then(|one| one.identifiers.first()) {
            let node = Node::input(NodeGroup::Default, "identifier", InputKind::Hidden);
            put_identifier(record, node.value(name.as_str()));
        }
        record
            .nodes
            .extend([answer, nodes::script(self.site.base()), trigger]);
        let handle = keys.handle;
        record.key_offer = Some(KeyOffer { challenge, handle });
        true
    }

    /// A challenge counts once: after an answer that was wrong the form asks for another.
    pub(super) fn renew_key_login(&self, record: &mut FlowRecord, account: &Account, which: Which) {
        let keys = admitted(account, CredentialType::Webauthn, which);
        let party = self.key_party();
        let verification = Requirement::Discouraged;
        let Ok((challenge, text)) = Challenge::sign(&party, verification) else {
            return;
        };
        let allowed = keys.list.iter();
        let options = request_options(&party, &text, allowed, KEY_TIMEOUT_MILLIS, verification);
        let (fresh, _) = nodes::sign(&options.to_string(), texts::use_security_key());
        let name = "webauthn_login_trigger";
        if let Some(old) = record.nodes.iter_mut().find(|node| node.name() == name) {
            old.attributes = fresh.attributes;
        }
        let handle = keys.handle;
        record.key_offer = Some(KeyOffer { challenge, handle });
    }

    pub(super) fn first_factors(&self, account: &Account) -> usize {
        account
            .credentials
            .first_factors(&self.settings.methods.code)
    }
}

/// Sets the field of the identifier, where the form has one, or puts it there.
pub(super) fn put_identifier(record: &mut FlowRecord, node: Node) {
    let name = "identifier";
    match record.nodes.iter_mut().find(|one| one.name() == name) {
        Some(known) => *known = node,
        None => record.nodes.push(node),
    }
}

/// A new user handle, in the form of Kratos'.
pub(super) fn new_handle() -> Vec<u8> {
    random_text(HANDLE_CHARACTERS).into_bytes()
}

/// `authenticatorSelection` of passkeys.
pub(super) fn passkey_selection(
    attachment: Option<Attachment>,
    resident_key: Requirement,
    verification: Requirement,
) -> Value {
    let mut selection = json!({
        "requireResidentKey": resident_key == Requirement::Required,
        "residentKey": resident_key.as_str(),
        "userVerification": verification.as_str(),
    });
    if let (Some(all), Some(attachment)) = (selection.as_object_mut(), attachment) {
        all.insert(
            "authenticatorAttachment".to_owned(),
            attachment.as_str().into(),
        );
    }
    selection
}
