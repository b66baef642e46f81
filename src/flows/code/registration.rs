//! Signing up with a code: traits first, then the code that was sent to an address among them.

use serde_json::Value;

use crate::aal::{Aal, AuthenticationMethod};
use crate::contract::{FlowState, NodeGroup, texts};
use crate::flows::answer::{Failure, Outcome};
use crate::flows::code::{Letter, Tried};
use crate::flows::form::{fill_traits, registration_nodes, sign_up_code_nodes, trait_nodes};
use crate::flows::record::{FlowRecord, Sent};
use crate::flows::service::Service;
use crate::flows::traits::complain;
use crate::flows::visitor::Visitor;
use crate::identity::code::CodePurpose;
use crate::identity::schema::IdentitySchema;
use crate::identity::{AmrEntry, VerificationStatus};
use crate::store::{Along, TakenCode};
use crate::web::Fields;

impl Service {
    /// Whether people sign up with a code.
    pub(in crate::flows) fn signs_up_by_code(&self) -> bool {
        self.signs_in_by_code(false)
    }

    /// Traits with or without a code.
    pub(in crate::flows) async fn code_step(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        schema: &IdentitySchema,
        traits: Value,
    ) -> Outcome {
        let resend = fields.text("resend").is_some_and(|text| !text.is_empty());
        let sent = match record.state {
            FlowState::SentEmail | FlowState::PassedChallenge => !resend,
            FlowState::ChooseMethod
            | FlowState::RecoveryAwaitingAddress
            | FlowState::RecoveryAwaitingAddressChoice
            | FlowState::RecoveryConfirmingAddress
            | FlowState::RecoveryAwaitingCode
            | FlowState::ShowForm
            | FlowState::Success => false,
        };
        if sent {
            record.transient_payload = None;
            self.sign_up_by_code(record, visitor, fields, schema, traits)
                .await
        } else {
            self.send_sign_up_code(record, visitor, fields, schema, traits)
                .await
        }
    }

    async fn send_sign_up_code(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        schema: &IdentitySchema,
        traits: Value,
    ) -> Outcome {
        let step = self.step_shown(record);
        record.state = FlowState::ChooseMethod;
        let violations = schema.validate(&traits).err().unwrap_or_default();
        let addresses = schema.extract(&traits).code;
        if !violations.is_empty() || addresses.is_empty() {
            record.nodes = registration_nodes(&self.settings, schema, step, &traits);
            self.offer_sign_up_keys(record, schema, step);
            if violations.is_empty() {
                record.messages.push(texts::no_identifier());
            }
            complain(record, NodeGroup::Default, violations);
            Self::sort_sign_up(record, schema);
            return self.refused(record, visitor, None).await;
        }
        record.keep_transient_payload(fields);
        let mut along = Along::default();
        for address in &addresses {
            if !self.may_mail(&address.value, None, visitor).await? {
                let message = Self::enough_mail();
                return self.refused_with(record, visitor, None, message).await;
            }
            let letter = Letter {
                purpose: CodePurpose::Registration,
                via: address.via,
                address: &address.value,
                owner: None,
            };
            self.add_letter(&mut along, record, visitor, &letter);
        }
        record.nodes = Self::sign_up_code_form(schema, &traits, false);
        record.messages = vec![texts::registration_code_sent()];
        record.state = FlowState::SentEmail;
        record.active = Some(AuthenticationMethod::Code.as_str().to_owned());
        record.sent = addresses.first().map(|address| Sent {
            address: address.value.clone(),
            identity: None,
            traits: Some(traits),
        });
        self.went_on_with(record, visitor, &along).await
    }

    fn sign_up_code_form(
        schema: &IdentitySchema,
        traits: &Value,
        refused: bool,
    ) -> Vec<crate::contract::Node> {
        let mut fields = trait_nodes(schema, NodeGroup::Default);
        fill_traits(&mut fields, schema, traits);
        sign_up_code_nodes(fields, refused)
    }

    async fn sign_up_by_code(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        schema: &IdentitySchema,
        traits: Value,
    ) -> Outcome {
        record.nodes = Self::sign_up_code_form(schema, &traits, true);
        let code = fields.text("code").unwrap_or_default();
        if code.trim().is_empty() {
            record.say_at("code", texts::required("code"));
            return self.refused(record, visitor, None).await;
        }
        let sent = record.sent.as_mut();
        let same = sent.is_some_and(|sent| {
            let same = sent.traits.as_ref() == Some(&traits);
            if !same {
                // The code counts for what was entered with it, and that is gone for good.
                sent.traits = None;
            }
            same
        });
        if !same {
            let message = texts::traits_changed();
            return self.refused_keeping(record, visitor, message).await;
        }
        let purpose = CodePurpose::Registration;
        let taken = match self.try_sent(record, visitor, purpose, &code).await? {
            Tried::Right(taken) => taken,
            Tried::Wrong => {
                let message = texts::registration_code_wrong();
                return self.refused_keeping(record, visitor, message).await;
            }
            Tried::TooMany => {
                let message = Self::too_many_tries();
                return self.refused_keeping(record, visitor, message).await;
            }
        };
        let mut account = self.new_account(schema, traits, None);
        let now = self.now();
        for address in &mut account.identity.verifiable_addresses {
            if is_of(&taken, &address.value) && address.via == taken.via {
                address.verified = true;
                address.status = VerificationStatus::Completed;
                address.verified_at = Some(now);
            }
        }
        record.state = FlowState::PassedChallenge;
        let step = AmrEntry::new(AuthenticationMethod::Code, Aal::Aal1, now);
        self.sign_up(record, visitor, account, step).await
    }

    async fn refused_keeping(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        message: crate::contract::Message,
    ) -> Result<crate::flows::answer::Answer, Failure> {
        record.messages = vec![message];
        self.refused(record, visitor, None).await
    }
}

fn is_of(taken: &TakenCode, address: &str) -> bool {
    taken.address == address
}
