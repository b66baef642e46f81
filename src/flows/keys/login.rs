//! Signing in with a security key.

use http::StatusCode;

use super::super::answer::{Answer, Failure, Outcome};
use super::super::current::Current;
use super::super::form::{csrf_node, identifier_label};
use super::super::login::Try;
use super::super::login_done::Passed;
use super::super::record::FlowRecord;
use super::super::service::{Service, internal};
use super::super::visitor::Visitor;
use super::offer::{Which, admitted, put_identifier};
use crate::aal::{Aal, AuthenticationMethod};
use crate::contract::Problem;
use crate::contract::{InputKind, Node, NodeGroup, Transport, texts};
use crate::identity::credential::fold_identifier;
use crate::identity::credential::keys::{Keys, StoredKey};
use crate::identity::throttle::ThrottleKind;
use crate::identity::webauthn::{Assertion, KeyError, RelyingParty, verify_assertion};
use crate::identity::{AmrEntry, CredentialType, IdentityId};
use crate::store::Account;
use crate::web::Fields;

impl Service {
    /// Adds keys to a login that was just laid out.
    pub(in crate::flows) fn offer_login_keys(
        &self,
        record: &mut FlowRecord,
        current: Option<&Current>,
    ) {
        let browser = record.transport == Transport::Browser;
        let known = current.filter(|_| record.second_factor || record.refresh);
        let label = texts::use_security_key();
        match known {
            Some(current) if browser && record.second_factor => {
                self.offer_key_login(record, &current.account, Which::Second, label);
            }
            Some(current) if browser => {
                self.offer_key_login(record, &current.account, Which::All, label);
            }
            None if browser && self.offers_keys(record) => {
                let field = Node::input(NodeGroup::Default, "identifier", InputKind::Text)
                    .required()
                    .value("")
                    .autocomplete("username webauthn")
                    .label(identifier_label(self.settings.schemas.default_schema()));
                put_identifier(record, field);
                let button = Node::method(NodeGroup::Webauthn, "webauthn", label);
                record.nodes.push(button);
            }
            Some(_) | None => {}
        }
        if !record.second_factor && !self.asks_identifier_first() {
            self.offer_passkey_login(record, known.map(|current| &current.account));
        }
    }

    /// Whether security keys may answer this flow at all.
    pub(in crate::flows) fn offers_keys(&self, record: &FlowRecord) -> bool {
        let settings = self.key_settings();
        let step = record.second_factor || record.refresh || settings.passwordless;
        settings.enabled && step && record.transport == Transport::Browser
    }

    /// Where the form goes on, for programs and browsers.
    pub(in crate::flows) async fn moved_on(&self, record: &mut FlowRecord) -> Outcome {
        self.save_flow(record).await?;
        let page = self.site.ui_of(record.kind, record.id);
        let problem = Problem::location_change(&page);
        Ok(Answer::problem_or(problem, StatusCode::SEE_OTHER, page))
    }

    /// Tries a security key.
    pub(in crate::flows) async fn try_key(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        current: Option<&Current>,
    ) -> Result<Try, Failure> {
        record.fill("webauthn_login", None);
        let identifier = fields.text("identifier").unwrap_or_default();
        let answer = fields.text("webauthn_login").unwrap_or_default();
        if identifier.trim().is_empty() {
            record.say_at("identifier", texts::required("identifier"));
            return Ok(Try::Wrong);
        }
        match current {
            Some(current) if record.second_factor || record.refresh => {
                let which = if record.second_factor {
                    Which::Second
                } else {
                    Which::All
                };
                let account = current.account.clone();
                self.check_key(record, account, which, &answer, true).await
            }
            Some(_) | None => {
                self.try_key_alone(record, visitor, &identifier, &answer)
                    .await
            }
        }
    }

    /// A key that signs in alone: first whose it is, then its signature.
    async fn try_key_alone(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        identifier: &str,
        answer: &str,
    ) -> Result<Try, Failure> {
        let kind = CredentialType::Webauthn;
        let folded = fold_identifier(kind, identifier);
        let found = self
            .store
            .account_by_identifier(kind, &folded)
            .await
            .map_err(internal)?;
        let found = found.filter(|one| !admitted(one, kind, Which::First).list.is_empty());
        let Some(account) = found else {
            self.count_try(ThrottleKind::Password, folded.as_bytes(), visitor)
                .await?;
            return Ok(Self::wrong(record, texts::no_key_account()));
        };
        if !answer.is_empty() {
            return self
                .check_key(record, account, Which::First, answer, false)
                .await;
        }
        let before = std::mem::take(&mut record.nodes);
        let label = texts::continue_with_key();
        if !self.offer_key_login(record, &account, Which::First, label) {
            record.nodes = before;
            return Ok(Self::wrong(record, texts::no_key_account()));
        }
        record.nodes.retain(|node| node.name() != "identifier");
        let field = Node::input(NodeGroup::Default, "identifier", InputKind::Hidden);
        let field = field.required().value(identifier);
        record.nodes.insert(0, field);
        record.nodes.insert(1, csrf_node());
        // The hidden answer stands last here, as in Kratos.
        record
            .nodes
            .sort_by_key(|node| node.name() == "webauthn_login");
        record.messages.push(texts::prepare_your_key());
        Ok(Try::Elsewhere)
    }

    async fn check_key(
        &self,
        record: &mut FlowRecord,
        account: Account,
        which: Which,
        answer: &str,
        same_person: bool,
    ) -> Result<Try, Failure> {
        let keys = admitted(&account, CredentialType::Webauthn, which);
        if keys.list.is_empty() {
            return Ok(Self::wrong(record, texts::no_security_key()));
        }
        let Ok(assertion) = Assertion::parse(answer) else {
            let text = "The answer of the security key can not be read.";
            return Ok(Self::wrong(record, texts::generic(text)));
        };
        let party = self.key_party();
        let offer = record.key_offer.take();
        let checked = match &offer {
            Some(offer) => verify_assertion(
                &party,
                &offer.challenge,
                &keys.list,
                &keys.handle,
                &assertion,
            ),
            None => Err(KeyError::Wrong("the challenge was used".to_owned())),
        };
        let id = account.identity.id;
        let used = match checked {
            Ok(signed) => {
                let counted = self
                    .take_key_counter(id, assertion.key_id(), signed.counter)
                    .await?;
                counted.then(|| keys.list.get(signed.key)).flatten()
            }
            Err(error) => {
                warn_of(&error, id);
                None
            }
        };
        let Some(key) = used else {
            self.renew_key_login(record, &account, which);
            return Ok(Self::wrong(record, texts::key_wrong()));
        };
        // What the key was enrolled as counts, however the service is configured now.
        let aal = if key.is_passwordless() {
            Aal::Aal1
        } else {
            Aal::Aal2
        };
        if !Self::can_sign_in(&account) {
            return Ok(Self::wrong(record, texts::identity_disabled()));
        }
        let step = AmrEntry::new(AuthenticationMethod::Webauthn, aal, self.now());
        Ok(Try::Passed(Box::new(Passed {
            account,
            step,
            same_person,
        })))
    }

    /// Counts a signature. `false` when the key's counter is not past the last one: then there may
    /// be two of the key, and this one is refused.
    pub(super) async fn take_key_counter(
        &self,
        identity: IdentityId,
        key: &[u8],
        counter: u32,
    ) -> Result<bool, Failure> {
        let taken = self
            .store
            .take_key_counter(identity, key, counter)
            .await
            .map_err(internal)?;
        if !taken {
            warn_of(&KeyError::Cloned, identity);
        }
        Ok(taken)
    }

    /// Checks a passkey's signature. `None` when it does not count.
    pub(super) async fn passkey_signed<'k>(
        &self,
        party: &RelyingParty,
        challenge: &crate::identity::webauthn::Challenge,
        identity: IdentityId,
        keys: &'k Keys,
        assertion: &Assertion,
    ) -> Result<Option<&'k StoredKey>, Failure> {
        let handle = assertion.user_handle().unwrap_or(&keys.handle);
        match verify_assertion(party, challenge, &keys.list, handle, assertion) {
            Ok(signed) => {
                let counted = self
                    .take_key_counter(identity, assertion.key_id(), signed.counter)
                    .await?;
                Ok(counted.then(|| keys.list.get(signed.key)).flatten())
            }
            Err(error) => {
                warn_of(&error, identity);
                Ok(None)
            }
        }
    }
}

/// A key that may have a twin is worth a warning, other refusals are everyday.
fn warn_of(error: &KeyError, identity: IdentityId) {
    match error {
        KeyError::Cloned => {
            tracing::warn!(%identity, "a security key was refused: its counter went back");
        }
        KeyError::Malformed(_) | KeyError::Wrong(_) => {
            tracing::info!(%identity, %error, "a security key was not taken");
        }
    }
}
