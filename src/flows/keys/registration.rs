//! Signing up with a security key or a passkey alone.

use serde_json::{Value, json};

use super::super::answer::Outcome;
use super::super::form::{RegistrationStep, registration_nodes};
use super::super::record::FlowRecord;
use super::super::service::{Service, internal};
use super::super::traits::complain;
use super::super::visitor::Visitor;
use super::nodes;
use super::offer::{KeyOffer, new_handle};
use super::settings::{key_error, set_keys};
use crate::aal::{Aal, AuthenticationMethod};
use crate::contract::{NodeGroup, Transport, texts};
use crate::identity::credential::keys::{Keys, StoredKey};
use crate::identity::schema::IdentitySchema;
use crate::identity::webauthn::{RelyingParty, verify_registration};
use crate::identity::{AmrEntry, CredentialType};
use crate::web::Fields;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flows) enum KeySignUp {
    Key,
    Passkey,
}

impl KeySignUp {
    /// What a submit brings, of what is offered.
    pub(in crate::flows) fn find(fields: &Fields) -> Option<Self> {
        let given = |name| fields.text(name).is_some_and(|text| !text.is_empty());
        if given("passkey_register") {
            Some(Self::Passkey)
        } else {
            given("webauthn_register").then_some(Self::Key)
        }
    }

    const fn field(self) -> &'static str {
        match self {
            Self::Key => "webauthn_register",
            Self::Passkey => "passkey_register",
        }
    }

    const fn kind(self) -> CredentialType {
        match self {
            Self::Key => CredentialType::Webauthn,
            Self::Passkey => CredentialType::Passkey,
        }
    }
}

impl Service {
    /// Whether people sign up so, with this kind of client.
    pub(in crate::flows) fn signs_up_with(&self, how: KeySignUp, transport: Transport) -> bool {
        let methods = &self.settings.methods;
        match how {
            KeySignUp::Key => {
                let keys = &methods.webauthn;
                keys.enabled && keys.passwordless && transport == Transport::Browser
            }
            KeySignUp::Passkey => methods.passkey.enabled,
        }
    }

    /// Adds keys to a sign-up form that was just laid out, with fresh challenges.
    pub(in crate::flows) fn offer_sign_up_keys(
        &self,
        record: &mut FlowRecord,
        schema: &IdentitySchema,
        step: RegistrationStep,
    ) {
        record.key_offer = None;
        record.passkey_offer = None;
        if step == RegistrationStep::Traits {
            return;
        }
        let mut added = Vec::new();
        if self.signs_up_with(KeySignUp::Key, record.transport) {
            let handle = uuid::Uuid::new_v4().into_bytes().to_vec();
            let label = texts::sign_up_with_key();
            added.extend(self.key_creation_nodes(record, handle, &[], label));
        }
        if self.signs_up_with(KeySignUp::Passkey, record.transport) {
            let named = passkey_field(schema);
            // The name is filled in by the browser, from the form.
            let created = self.passkey_creation(record, new_handle(), "", &[]);
            if let Some(options) = created {
                let data = json!({
                    "credentialOptions": options,
                    "displayNameFieldName": named.unwrap_or_default(),
                });
                added.extend(nodes::passkey_sign_up(&data.to_string()));
            }
        }
        if !added.is_empty() && record.transport == Transport::Browser {
            added.push(nodes::script(self.site.base()));
        }
        record.nodes.extend(added);
        Self::sort_sign_up(record, schema);
    }

    /// Traits and a key together.
    pub(in crate::flows) async fn key_sign_up_step(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        how: KeySignUp,
        schema: &IdentitySchema,
        traits: Value,
    ) -> Outcome {
        let offer = match how {
            KeySignUp::Key => record.key_offer.take(),
            KeySignUp::Passkey => record.passkey_offer.take(),
        };
        let step = self.step_shown(record);
        record.nodes = registration_nodes(&self.settings, schema, step, &traits);
        self.offer_sign_up_keys(record, schema, step);
        let name = fields.text("webauthn_register_displayname");
        let name = name.unwrap_or_default();
        record.fill("webauthn_register_displayname", Some(name.as_str().into()));
        let violations = schema.validate(&traits).err().unwrap_or_default();
        if !violations.is_empty() {
            complain(record, NodeGroup::Default, violations);
            Self::sort_sign_up(record, schema);
            return self.refused(record, visitor, None).await;
        }
        if how == KeySignUp::Key && name.trim().is_empty() {
            let field = "webauthn_register_displayname";
            record.say_at(field, texts::required(field));
            return self.refused(record, visitor, None).await;
        }
        let mut account = self.new_account(schema, traits, None);
        let names = match how {
            KeySignUp::Key => self.key_identifiers(&account),
            KeySignUp::Passkey => Vec::new(),
        };
        if how == KeySignUp::Key && names.is_empty() {
            record.messages.push(texts::no_identifier());
            return self.refused(record, visitor, None).await;
        }
        let answer = fields.text(how.field()).unwrap_or_default();
        let proved = self.proved_key(how, offer, &answer).await?;
        let (new, handle) = match proved {
            Ok(proved) => proved,
            Err(text) => {
                record.say_at(how.field(), text);
                return self.refused(record, visitor, None).await;
            }
        };
        let now = self.now();
        let (name, names) = match how {
            KeySignUp::Key => (name.trim().to_owned(), names),
            KeySignUp::Passkey => (
                self.passkey_name(&account.identity).unwrap_or_default(),
                vec![String::from_utf8_lossy(&handle).into_owned()],
            ),
        };
        let keys = Keys {
            handle,
            list: vec![StoredKey::new(new, &name, true, now)],
        };
        set_keys(&mut account, how.kind(), names, &keys, now);
        let method = match how {
            KeySignUp::Key => AuthenticationMethod::Webauthn,
            KeySignUp::Passkey => AuthenticationMethod::Passkey,
        };
        let step = AmrEntry::new(method, Aal::Aal1, now);
        self.sign_up(record, visitor, account, step).await
    }

    /// The key that the answer proves, and the handle it was made for; else what to say.
    async fn proved_key(
        &self,
        how: KeySignUp,
        offer: Option<KeyOffer>,
        answer: &str,
    ) -> Result<Proved, super::super::answer::Failure> {
        let party: RelyingParty = match how {
            KeySignUp::Key => self.key_party(),
            KeySignUp::Passkey => self.passkey_party(),
        };
        let Some(offer) = offer else {
            return Ok(Err(texts::key_answer_late()));
        };
        let new = match verify_registration(&party, &offer.challenge, answer) {
            Ok(new) => new,
            Err(error) => return Ok(Err(key_error(&error))),
        };
        let owner = self.store.key_owner(&new.id).await.map_err(internal)?;
        Ok(match owner {
            None => Ok((new, offer.handle)),
            Some(_) => Err(texts::key_known()),
        })
    }
}

type Proved =
    Result<(crate::identity::credential::keys::NewKey, Vec<u8>), crate::contract::Message>;

/// The field whose content browsers show for a passkey.
fn passkey_field(schema: &IdentitySchema) -> Option<String> {
    let fields = schema.fields();
    let named = fields.iter().find(|one| one.extension.passkey_display_name);
    named
        .or_else(|| fields.iter().find(|one| one.extension.is_identifier()))
        .map(|field| field.name.clone())
}
