//! Signing in with a passkey: the authenticator says whose it is. Always one factor.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::answer::Failure;
use super::super::current::Current;
use super::super::form::identifier_label;
use super::super::login::Try;
use super::super::login_done::Passed;
use super::super::record::FlowRecord;
use super::super::service::{Service, internal};
use super::super::visitor::Visitor;
use super::nodes;
use super::offer::{KeyOffer, Which, admitted, put_identifier};
use crate::aal::{Aal, AuthenticationMethod};
use crate::contract::{InputKind, Node, NodeGroup, Transport, texts};
use crate::identity::credential::keys::Keys;
use crate::identity::settings::PasskeySettings;
use crate::identity::throttle::ThrottleKind;
use crate::identity::webauthn::{Assertion, Challenge, RelyingParty, request_options};
use crate::identity::{AmrEntry, CredentialType};
use crate::store::Account;
use crate::web::Fields;

const KIND: CredentialType = CredentialType::Passkey;

impl Service {
    pub(super) fn passkey_party(&self) -> RelyingParty {
        let settings = &self.settings.methods.passkey;
        RelyingParty {
            id: settings.rp_id.clone(),
            name: settings.rp_display_name.clone(),
            origins: settings.origins.clone(),
        }
    }

    /// Adds passkeys to the first step of a login. In a refresh only the known person's own may
    /// answer.
    pub(in crate::flows) fn offer_passkey_login(
        &self,
        record: &mut FlowRecord,
        known: Option<&Account>,
    ) {
        let settings = &self.settings.methods.passkey;
        if !settings.enabled {
            return;
        }
        let keys = known.map(|account| admitted(account, KIND, Which::All));
        if keys.as_ref().is_some_and(|keys| keys.list.is_empty()) {
            return;
        }
        let Some(options) = self.passkey_challenge(record, keys.as_ref(), settings) else {
            return;
        };
        let identifier = match known {
            None => Node::input(NodeGroup::Default, "identifier", InputKind::Text)
                .required()
                .value("")
                .autocomplete("username webauthn")
                .label(identifier_label(self.settings.schemas.default_schema())),
            Some(account) => {
                let name = self.passkey_name(&account.identity).unwrap_or_default();
                Node::input(NodeGroup::Default, "identifier", InputKind::Hidden).value(name)
            }
        };
        put_identifier(record, identifier);
        record
            .nodes
            .extend(nodes::passkey_login(&options, known.is_some()));
        if record.transport == Transport::Browser {
            let script = nodes::script(self.site.base());
            if !record.nodes.iter().any(|one| one.name() == script.name()) {
                record.nodes.push(script);
            }
        }
    }

    /// A challenge for one of these keys, for any key without; its options as text.
    fn passkey_challenge(
        &self,
        record: &mut FlowRecord,
        keys: Option<&Keys>,
        settings: &PasskeySettings,
    ) -> Option<String> {
        let party = self.passkey_party();
        let (challenge, text) = Challenge::sign(&party, settings.user_verification).ok()?;
        let allowed = keys.map(|keys| keys.list.iter()).into_iter().flatten();
        let options = request_options(
            &party,
            &text,
            allowed,
            settings.login_timeout_millis,
            settings.user_verification,
        );
        let handle = keys.map(|keys| keys.handle.clone()).unwrap_or_default();
        record.passkey_offer = Some(KeyOffer { challenge, handle });
        Some(options.to_string())
    }

    /// Tries a passkey.
    pub(in crate::flows) async fn try_passkey(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        current: Option<&Current>,
    ) -> Result<Try, Failure> {
        let answer = fields.text("passkey_login").unwrap_or_default();
        if answer.is_empty() {
            return Ok(Try::Elsewhere);
        }
        let Ok(assertion) = Assertion::parse(&answer) else {
            let text = "The answer of the passkey can not be read.";
            return Ok(Self::wrong(record, texts::generic(text)));
        };
        let offer = record.passkey_offer.take();
        let renewed = self.renew_passkey_login(record, current.filter(|_| record.refresh));
        let handle = assertion.user_handle().map(<[u8]>::to_vec);
        let found = match (&handle, current) {
            (Some(handle), _) => self.passkey_owner(handle).await?,
            (None, Some(current)) if record.refresh => Some(current.account.clone()),
            (None, _) => None,
        };
        let Some(account) = found else {
            let subject = handle.unwrap_or_default();
            self.count_try(ThrottleKind::Password, &subject, visitor)
                .await?;
            return Ok(Self::wrong(record, texts::no_key_account()));
        };
        let keys = Keys::of(account.credentials.find(KIND));
        let used = match offer {
            Some(offer) => {
                let party = self.passkey_party();
                let id = account.identity.id;
                self.passkey_signed(&party, &offer.challenge, id, &keys, &assertion)
                    .await?
            }
            None => None,
        };
        if used.is_none() {
            return Ok(Self::wrong(record, texts::key_wrong()));
        }
        if !Self::can_sign_in(&account) {
            return Ok(Self::wrong(record, texts::identity_disabled()));
        }
        tracing::debug!(renewed, "a passkey was taken");
        let same_person =
            current.is_some_and(|current| current.account.identity.id == account.identity.id);
        let step = AmrEntry::new(AuthenticationMethod::Passkey, Aal::Aal1, self.now());
        Ok(Try::Passed(Box::new(Passed {
            account,
            step,
            same_person,
        })))
    }

    /// Puts a fresh challenge into the form: the old one counted once.
    fn renew_passkey_login(&self, record: &mut FlowRecord, known: Option<&Current>) -> bool {
        let settings = &self.settings.methods.passkey;
        let keys = known.map(|current| admitted(&current.account, KIND, Which::All));
        let options = self.passkey_challenge(record, keys.as_ref(), settings);
        let renewed = options.is_some();
        record.fill("passkey_challenge", options.map(Into::into));
        record.fill("passkey_login", None);
        renewed
    }

    /// Whose passkeys this user handle stands for. Look-ups fold, so that the handle itself is
    /// compared as well.
    async fn passkey_owner(&self, handle: &[u8]) -> Result<Option<Account>, Failure> {
        let as_text = std::str::from_utf8(handle).ok().map(str::to_owned);
        for name in as_text.into_iter().chain([STANDARD.encode(handle)]) {
            let found = self
                .store
                .account_by_identifier(KIND, &name)
                .await
                .map_err(internal)?;
            let owns =
                |account: &Account| Keys::of(account.credentials.find(KIND)).handle == handle;
            if let Some(account) = found.filter(owns) {
                return Ok(Some(account));
            }
        }
        Ok(None)
    }
}
