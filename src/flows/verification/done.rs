//! A code or link was right: the address is verified.

use http::StatusCode;

use super::wants_json;
use crate::contract::Problem;
use crate::contract::{FlowKind, FlowState, Transport, texts};
use crate::flows::answer::{Answer, Browser, Failure, Outcome};
use crate::flows::code::Tried;
use crate::flows::form::verified_nodes;
use crate::flows::hooks::HookFacts;
use crate::flows::login::browser_of;
use crate::flows::record::FlowRecord;
use crate::flows::service::{Service, internal};
use crate::flows::visitor::Visitor;
use crate::identity::code::CodePurpose;
use crate::identity::settings::Strategy;
use crate::identity::{Channel, IdentityEvent, IdentityId};
use crate::store::{Along, SentAddress, TakenCode};

impl Service {
    pub(super) async fn verify_by_code(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        code: &str,
    ) -> Outcome {
        let purpose = CodePurpose::Verification;
        match self.try_sent(record, visitor, purpose, code).await? {
            Tried::Right(taken) => self.verified(record, visitor, &taken, Strategy::Code).await,
            Tried::Wrong => {
                record.messages = vec![texts::verification_code_wrong()];
                self.verification_went_well(record, visitor, &Along::default())
                    .await
            }
            Tried::TooMany => {
                let message = Self::too_many_tries();
                self.verification_again(record, visitor, message).await
            }
        }
    }

    pub(super) async fn verify_by_link(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        token: &str,
    ) -> Outcome {
        if !self.settings.methods.link.enabled {
            let problem = Problem::not_found().message("The method link is not enabled.");
            return Err(problem.into());
        }
        let purpose = CodePurpose::VerificationLink;
        match self.try_sent(record, visitor, purpose, token).await? {
            Tried::Right(taken) => self.verified(record, visitor, &taken, Strategy::Link).await,
            Tried::Wrong | Tried::TooMany => {
                let message = texts::verification_link_used();
                self.verification_again(record, visitor, message).await
            }
        }
    }

    async fn verified(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        taken: &TakenCode,
        strategy: Strategy,
    ) -> Outcome {
        let known = match taken.identity {
            Some(identity) => self.mark_verified(identity, taken).await?,
            None => false,
        };
        if !known {
            // A decoy, or the address belongs to nobody any more.
            record.messages = vec![texts::verification_code_wrong()];
            return self
                .verification_went_well(record, visitor, &Along::default())
                .await;
        }
        let to = self.after_verification(record);
        record.state = FlowState::PassedChallenge;
        record.transient_payload = None;
        record.messages = vec![match taken.via {
            Channel::Email => texts::verified(),
            Channel::Sms => texts::phone_verified(),
        }];
        record.nodes = verified_nodes(strategy, &to);
        record.continue_url = Some(to);
        // The mail may have been opened in another browser: the rest of the flow is shown there.
        record.browser = browser_of(visitor, record.transport);
        self.consume_flow(record).await?;
        let after = &self.settings.self_service.verification.flow.after;
        let hooks = after.hooks_for(record.active.as_deref().unwrap_or_default());
        if let (false, Some(id)) = (hooks.is_empty(), taken.identity) {
            let facts = HookFacts {
                identity: self.store.identity(id).await.map_err(internal)?,
                session: None,
            };
            self.hooks_after_saving(record, visitor, hooks, &facts)
                .await?;
        }
        let flow = self.show_flow(record, visitor, None);
        let page = self.site.ui_of(FlowKind::Verification, record.id);
        let page = Browser::To(StatusCode::SEE_OTHER, page);
        let answer = Answer::flow(StatusCode::OK, &flow, page);
        let by_link = strategy == Strategy::Link && !wants_json(visitor);
        Ok(if by_link || record.transport == Transport::Browser {
            answer
        } else {
            answer.for_everybody()
        })
    }

    /// Notes that an address is its owner's, and tells. `false` when it is nobody's any more.
    pub(in crate::flows) async fn mark_verified(
        &self,
        identity: IdentityId,
        taken: &TakenCode,
    ) -> Result<bool, Failure> {
        let address = SentAddress {
            identity,
            via: taken.via,
            value: taken.address.clone(),
            at: self.now(),
        };
        let done = self.store.verify_address(&address).await;
        let done = done.map_err(internal)?;
        if done {
            self.tell(IdentityEvent::IdentityChanged { identity });
        }
        Ok(done)
    }

    /// Where a browser goes on to.
    fn after_verification(&self, record: &FlowRecord) -> String {
        let asked = record.return_to.as_deref();
        let after = &self.settings.self_service.verification.flow.after;
        asked
            .and_then(|wanted| self.site.allowed_return(wanted))
            .or_else(|| after.return_url.clone())
            .unwrap_or_else(|| self.site.default_return().to_owned())
    }
}
