//! Showing that an address is one's own: by a code or a link that is sent to it.

mod begin;
mod done;
mod restart;

use http::StatusCode;

use super::answer::{Answer, Browser, Failure, Outcome};
use super::code::Letter;
use super::flow_step::Forged;
use super::form::{
    channel_of, is_address, is_address_or_number, link_sent_nodes, verification_code_nodes,
    verification_nodes,
};
use super::login::browser_of;
use super::record::{FlowRecord, Opening, Sent};
use super::recovery::word_of;
use super::service::{Service, internal};
use super::visitor::{Submission, Visitor, Wants};
use crate::contract::Problem;
use crate::contract::{FlowKind, FlowState, Message, Transport, texts};
use crate::identity::Channel;
use crate::identity::code::CodePurpose;
use crate::identity::settings::Strategy;
use crate::store::{Along, SentAddress};
use crate::web::Fields;
use crate::web::csrf::CsrfSecret;

pub(in crate::flows) use begin::Begun;

/// What a submit asks for.
enum Step {
    /// A code or link to this address.
    Send(String),
    /// The address is verified by this code.
    Code(String),
}

impl Service {
    /// Opens a verification.
    pub async fn open_verification(&self, visitor: &Visitor, transport: Transport) -> Outcome {
        self.verification_allowed()?;
        let return_to = self.wanted_return(visitor)?;
        let opening = Opening {
            kind: FlowKind::Verification,
            transport,
            request_url: visitor.request_url.clone(),
            return_to,
            browser: browser_of(visitor, transport),
        };
        let mut record = self.verification_record(opening);
        let before = &self.settings.self_service.verification.flow.before;
        self.run_before_hooks(before, &mut record, visitor).await?;
        self.insert_flow(&record).await?;
        Ok(self.opened(&record, visitor, None))
    }

    fn verification_allowed(&self) -> Result<(), Failure> {
        if self.settings.self_service.verification.enabled {
            return Ok(());
        }
        let reason = "Verification is not allowed because it was disabled.";
        Err(Problem::bad_request(reason).into())
    }

    fn verification_record(&self, opening: Opening) -> FlowRecord {
        let flow = &self.settings.self_service.verification;
        let transport = opening.transport;
        let mut record = FlowRecord::open(opening, flow.flow.lifespan, self.now());
        record.active = Some(word_of(flow.strategy).to_owned());
        record.nodes = verification_nodes(flow.strategy, transport, self.verifies_phones());
        record
    }

    /// Whether some schema has telephone numbers that are verified.
    fn verifies_phones(&self) -> bool {
        self.settings.schemas.iter().any(|schema| {
            let mut fields = schema.fields().iter();
            fields.any(|field| field.extension.verification == Some(Channel::Sms))
        })
    }

    /// Fetches a verification.
    pub async fn fetch_verification(&self, visitor: &Visitor) -> Outcome {
        self.verification_allowed()?;
        let record = self.browser_flow(FlowKind::Verification, visitor).await?;
        let flow = self.show_flow(&record, visitor, None);
        Ok(Answer::json(StatusCode::OK, &flow))
    }

    /// Takes a step of a verification; `None` for the body is a link that was opened.
    pub async fn submit_verification(
        &self,
        visitor: &Visitor,
        body: Option<Submission>,
    ) -> Outcome {
        self.verification_allowed()?;
        let mut record = self.flow_to_submit(FlowKind::Verification, visitor).await?;
        let transport = record.transport;
        let asked = |name| visitor.query.find(name).map(str::to_owned);
        let outcome = match (asked("token"), asked("code"), body) {
            (Some(token), _, _) => self.verify_by_link(&mut record, visitor, &token).await,
            (None, Some(code), None) => self.show_code(&mut record, visitor, &code).await,
            (None, _, body) => {
                let body = body.unwrap_or_else(|| Ok(Fields::default()));
                self.verification_step(&mut record, visitor, body).await
            }
        };
        // Opened links are answered as browsers want it, whatever asked for them.
        let opened = visitor.query.find("token").is_some() || visitor.query.find("code").is_some();
        match outcome {
            Ok(answer) if opened => Ok(answer),
            Ok(answer) => Ok(self.for_verification(transport, answer)),
            Err(Failure::Refused(answer)) => Ok(self.for_transport(transport, *answer)),
            Err(failure @ Failure::Internal(_)) => Err(failure),
        }
    }

    fn for_verification(&self, transport: Transport, answer: Answer) -> Answer {
        self.for_transport(transport, answer)
    }

    /// Whoever opened the link of a mail sees the form with the code filled in. It may be another
    /// browser than the one that asked for it, so the flow is this one's from now on.
    async fn show_code(&self, record: &mut FlowRecord, visitor: &Visitor, code: &str) -> Outcome {
        if record.is_expired(self.now()) {
            return self.expired_verification(record, visitor).await;
        }
        let code = CodePurpose::Verification.read(code);
        if record.state == FlowState::SentEmail {
            let address = record.sent.as_ref().map(|sent| sent.address.clone());
            let code = code.as_ref().map(crate::identity::code::CodeSecret::expose);
            let transport = record.transport;
            record.nodes = verification_code_nodes(transport, address.as_deref(), code);
            let secret = CsrfSecret::random();
            record.browser = (transport == Transport::Browser).then(|| secret.fingerprint());
            self.save_flow(record).await?;
            let page = self.site.ui_of(FlowKind::Verification, record.id);
            return Ok(Answer::see(StatusCode::SEE_OTHER, page).with_csrf(secret));
        }
        let page = self.site.ui_of(FlowKind::Verification, record.id);
        Ok(Answer::see(StatusCode::SEE_OTHER, page))
    }

    async fn verification_step(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        body: Submission,
    ) -> Outcome {
        if record.is_expired(self.now()) {
            return self.expired_verification(record, visitor).await;
        }
        let Some(fields) = Self::fields_of(record, body)? else {
            return self.refused(record, visitor, None).await;
        };
        let (strategy, step) = match self.verification_asked(&fields) {
            Ok(asked) => asked,
            Err(Some(problem)) => return Err((*problem).into()),
            Err(None) => {
                record.active = Some("default".to_owned());
                let message = texts::verification_method_missing();
                return self.refused_with(record, visitor, None, message).await;
            }
        };
        if record.state == FlowState::PassedChallenge {
            let message = texts::verification_retry();
            return self.verification_again(record, visitor, message).await;
        }
        match step {
            // Whoever knows the code read the mail: the form's token says nothing more.
            Step::Code(code) => {
                record.forget_messages();
                record.active = Some(word_of(strategy).to_owned());
                record.keep_transient_payload(&fields);
                self.verify_by_code(record, visitor, &code).await
            }
            Step::Send(address) => {
                match self.check_origin(record, visitor, &fields) {
                    Ok(()) => {}
                    Err(Forged::Message(message)) => {
                        return self.refused_with(record, visitor, None, message).await;
                    }
                    Err(Forged::Refusal(problem)) => return Err((*problem).into()),
                }
                record.forget_messages();
                record.active = Some(word_of(strategy).to_owned());
                self.send_verification(record, visitor, strategy, &address)
                    .await
            }
        }
    }

    fn verification_asked(
        &self,
        fields: &Fields,
    ) -> Result<(Strategy, Step), Option<Box<Problem>>> {
        let methods = &self.settings.methods;
        let (strategy, enabled) = match fields.text("method").as_deref() {
            Some("code") => (Strategy::Code, methods.code.enabled),
            Some("link") => (Strategy::Link, methods.link.enabled),
            Some(_) | None => return Err(None),
        };
        if !enabled {
            let text = format!("The method {} is not enabled.", word_of(strategy));
            return Err(Some(Box::new(Problem::not_found().message(&text))));
        }
        let filled = |name| fields.text(name).filter(|text| !text.trim().is_empty());
        match (filled("code"), filled("email"), strategy) {
            (Some(code), _, Strategy::Code) => Ok((strategy, Step::Code(code))),
            (_, Some(email), _) => Ok((strategy, Step::Send(email))),
            (_, None, _) => Err(None),
        }
    }

    async fn send_verification(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        strategy: Strategy,
        address: &str,
    ) -> Outcome {
        let fits = if self.verifies_phones() {
            is_address_or_number(address)
        } else {
            is_address(address)
        };
        if !fits {
            record.say_at("email", texts::not_an_email(address));
            return self.refused(record, visitor, None).await;
        }
        let folded = address.trim().to_lowercase();
        let via = channel_of(&folded);
        let owner = self.store.account_by_address(false, via, &folded).await;
        let owner = owner.map_err(internal)?;
        let identity = owner.as_ref().map(|account| &account.identity);
        if !self.may_mail(&folded, identity, visitor).await? {
            let message = Self::enough_mail();
            return self.refused_with(record, visitor, None, message).await;
        }
        record.sent = Some(Sent {
            address: address.to_owned(),
            identity: identity.map(|one| one.id),
            traits: None,
        });
        lay_out_sent(record, strategy, via, address);
        let mut along = Along::default();
        let letter = Letter {
            purpose: purpose_of(strategy),
            via,
            address: &folded,
            owner: identity,
        };
        self.add_letter(&mut along, record, visitor, &letter);
        along.sent.extend(identity.map(|one| SentAddress {
            identity: one.id,
            via,
            value: folded.clone(),
            at: self.now(),
        }));
        self.verification_went_well(record, visitor, &along).await
    }

    /// 200 with the flow, or a redirect to its page, after it was saved.
    async fn verification_went_well(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        along: &Along,
    ) -> Outcome {
        self.save_flow_with(record, along).await?;
        let flow = self.show_flow(record, visitor, None);
        let page = self.site.ui_of(FlowKind::Verification, record.id);
        let page = Browser::To(StatusCode::SEE_OTHER, page);
        Ok(Answer::flow(StatusCode::OK, &flow, page))
    }
}

/// The form after something was sent.
fn lay_out_sent(record: &mut FlowRecord, strategy: Strategy, via: Channel, address: &str) {
    record.state = FlowState::SentEmail;
    record.messages = vec![sent_message(strategy, via)];
    record.nodes = match strategy {
        Strategy::Code => verification_code_nodes(record.transport, Some(address), None),
        Strategy::Link => link_sent_nodes(address),
    };
}

fn sent_message(strategy: Strategy, via: Channel) -> Message {
    match (strategy, via) {
        (Strategy::Code, Channel::Email) => texts::verification_code_sent(),
        (Strategy::Code, Channel::Sms) => texts::verification_text_sent(),
        (Strategy::Link, _) => texts::verification_link_sent(),
    }
}

const fn purpose_of(strategy: Strategy) -> CodePurpose {
    match strategy {
        Strategy::Code => CodePurpose::Verification,
        Strategy::Link => CodePurpose::VerificationLink,
    }
}

/// Whether the request wants JSON; links that were opened answer by that.
fn wants_json(visitor: &Visitor) -> bool {
    visitor.wants == Wants::Json
}
