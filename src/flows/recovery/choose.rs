//! Recovery by an address that people choose (`feature_flags.choose_recovery_address`): the
//! address of the account, then which of its addresses gets the code, then that one in full.

use super::Step;
use crate::contract::{FlowState, texts};
use crate::flows::answer::Outcome;
use crate::flows::form::{
    address_choice_nodes, chosen_code_nodes, confirm_address_nodes, is_address_or_number, masked,
    recovery_address_nodes,
};
use crate::flows::record::FlowRecord;
use crate::flows::service::Service;
use crate::flows::visitor::Visitor;
use crate::identity::settings::Strategy;
use crate::store::{Account, Along};
use crate::web::Fields;

impl Service {
    /// Whether the form lets people choose one of their addresses.
    pub(super) fn chooses_address(&self) -> bool {
        self.settings.features.choose_recovery_address
            && self.settings.self_service.recovery.strategy == Strategy::Code
    }

    /// The first screen.
    pub(super) fn ask_for_address(&self, record: &mut FlowRecord) {
        record.state = FlowState::RecoveryAwaitingAddress;
        record.nodes = recovery_address_nodes(None);
    }

    /// What a submit of this form asks for.
    pub(super) fn chosen_step(&self, record: &FlowRecord, fields: &Fields) -> Step {
        let code = fields.text("code").filter(|code| !code.trim().is_empty());
        let resend = fields.text("recovery_confirm_address").is_some();
        let back = fields.text("screen").as_deref() == Some("previous");
        match (record.state, code) {
            (FlowState::RecoveryAwaitingCode | FlowState::SentEmail, Some(code))
                if !resend && !back =>
            {
                Step::Code(code)
            }
            (_, _) => Step::Choose,
        }
    }

    pub(super) async fn choose_recovery(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
    ) -> Outcome {
        if fields.text("screen").as_deref() == Some("previous") {
            self.ask_for_address(record);
            return self.went_well(record, visitor, &Along::default()).await;
        }
        let known = record.sent.as_ref().map(|sent| sent.address.clone());
        let asked = fields
            .text("recovery_address")
            .or(known)
            .unwrap_or_default();
        if !is_address_or_number(&asked) {
            self.ask_for_address(record);
            let message = if asked.trim().is_empty() {
                texts::required("recovery_address")
            } else {
                texts::not_an_email(&asked)
            };
            record.say_at("recovery_address", message);
            return self.refused(record, visitor, None).await;
        }
        let account = self.recovery_account(&asked).await?;
        let addresses = account.as_ref().map(addresses_of).unwrap_or_default();
        if let Some(full) = fields.text("recovery_confirm_address") {
            return self
                .send_to_chosen(record, visitor, &full, account.as_ref())
                .await;
        }
        if let Some(choice) = fields.text("recovery_select_address") {
            let folded = asked.trim().to_lowercase();
            if masked(&folded) == choice {
                return self
                    .send_to_chosen(record, visitor, &asked, account.as_ref())
                    .await;
            }
            record.state = FlowState::RecoveryConfirmingAddress;
            record.nodes = confirm_address_nodes(&asked, &choice);
            record.messages = vec![texts::recovery_full_address()];
            return self.went_well(record, visitor, &Along::default()).await;
        }
        if addresses.len() > 1 {
            record.state = FlowState::RecoveryAwaitingAddressChoice;
            record.nodes = address_choice_nodes(&asked, &addresses);
            record.messages = vec![texts::recovery_choose_address()];
            return self.went_well(record, visitor, &Along::default()).await;
        }
        self.send_to_chosen(record, visitor, &asked, account.as_ref())
            .await
    }

    /// Sends a code to an address that was entered in full; only to one of the account's own.
    async fn send_to_chosen(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        address: &str,
        account: Option<&Account>,
    ) -> Outcome {
        let folded = address.trim().to_lowercase();
        if !is_address_or_number(&folded) {
            record.say_at("recovery_confirm_address", texts::not_an_email(address));
            return self.refused(record, visitor, None).await;
        }
        let owner = account.filter(|account| addresses_of(account).contains(&folded));
        let identity = owner.map(|account| &account.identity);
        if !self.may_mail(&folded, identity, visitor).await? {
            let message = Self::enough_mail();
            return self.refused_with(record, visitor, None, message).await;
        }
        record.state = FlowState::RecoveryAwaitingCode;
        record.nodes = chosen_code_nodes(&folded);
        let message = texts::recovery_code_sent_to(&masked(&folded));
        self.post_recovery(record, visitor, Strategy::Code, &folded, owner, message)
            .await
    }
}

fn addresses_of(account: &Account) -> Vec<String> {
    let all = account.identity.recovery_addresses.iter();
    all.map(|one| one.value.clone()).collect()
}
