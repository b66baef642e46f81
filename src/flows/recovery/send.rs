//! Sending a code or link for recovery. Known and unknown addresses are answered alike and cost
//! the same work.

use crate::contract::{FlowState, Message, texts};
use crate::flows::answer::{Failure, Outcome};
use crate::flows::code::Letter;
use crate::flows::form::{channel_of, link_sent_nodes, recovery_code_nodes};
use crate::flows::record::{FlowRecord, Sent};
use crate::flows::service::{Service, internal};
use crate::flows::visitor::Visitor;
use crate::identity::code::CodePurpose;
use crate::identity::settings::Strategy;
use crate::store::{Account, Along};

impl Service {
    pub(super) async fn send_recovery(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        strategy: Strategy,
        address: &str,
    ) -> Outcome {
        let owner = self.recovery_account(address).await?;
        let identity = owner.as_ref().map(|account| &account.identity);
        if !self.may_mail(address, identity, visitor).await? {
            let message = Self::enough_mail();
            return self.refused_with(record, visitor, None, message).await;
        }
        let (nodes, message) = match strategy {
            Strategy::Code => (recovery_code_nodes(address), texts::recovery_code_sent()),
            Strategy::Link => (link_sent_nodes(address), texts::recovery_link_sent()),
        };
        record.nodes = nodes;
        record.state = FlowState::SentEmail;
        self.post_recovery(record, visitor, strategy, address, owner.as_ref(), message)
            .await
    }

    /// Sends, and stores the flow that says so, in one transaction.
    pub(super) async fn post_recovery(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        strategy: Strategy,
        address: &str,
        owner: Option<&Account>,
        message: Message,
    ) -> Outcome {
        record.messages = vec![message];
        record.sent = Some(Sent {
            address: address.to_owned(),
            identity: owner.map(|account| account.identity.id),
            traits: None,
        });
        let folded = address.trim().to_lowercase();
        let mut along = Along::default();
        let letter = Letter {
            purpose: purpose_of(strategy),
            via: channel_of(&folded),
            address: &folded,
            owner: owner.map(|account| &account.identity),
        };
        self.add_letter(&mut along, record, visitor, &letter);
        self.went_well(record, visitor, &along).await
    }

    /// The account that this recovery address belongs to.
    pub(super) async fn recovery_account(&self, address: &str) -> Result<Option<Account>, Failure> {
        let via = channel_of(address);
        let found = self.store.account_by_address(true, via, address).await;
        found.map_err(internal)
    }
}

const fn purpose_of(strategy: Strategy) -> CodePurpose {
    match strategy {
        Strategy::Code => CodePurpose::Recovery,
        Strategy::Link => CodePurpose::RecoveryLink,
    }
}
