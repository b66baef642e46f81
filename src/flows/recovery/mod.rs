//! Getting back into an account: by a code or a link that is sent to one of its addresses.

mod admin;
mod choose;
mod done;
mod restart;
mod send;

use http::StatusCode;

use super::answer::{Answer, Browser, Failure, Outcome};
use super::flow_step::Forged;
use super::form::{is_address, recovery_nodes};
use super::login::browser_of;
use super::record::{FlowRecord, Opening};
use super::service::Service;
use super::visitor::{Submission, Visitor};
use crate::contract::Problem;
use crate::contract::{FlowKind, FlowState, Transport, texts};
use crate::identity::settings::Strategy;
use crate::web::Fields;
pub use admin::{Handover, HandoverError};
use restart::Again;

/// What a submit asks for.
enum Step {
    /// A code or link to this address.
    Send(String),
    /// The account is to be opened with this code.
    Code(String),
    /// A step of the form that lets people choose an address.
    Choose,
}

impl Service {
    /// Opens a recovery.
    pub async fn open_recovery(&self, visitor: &Visitor, transport: Transport) -> Outcome {
        self.recovery_allowed()?;
        let return_to = self.wanted_return(visitor)?;
        if self.current(visitor).await?.is_some() {
            return Ok(self.recovered_already());
        }
        let opening = Opening {
            kind: FlowKind::Recovery,
            transport,
            request_url: visitor.request_url.clone(),
            return_to,
            browser: browser_of(visitor, transport),
        };
        let mut record = self.recovery_record(opening);
        record.skip_settings = visitor.query.is_on("skip_settings");
        let before = &self.settings.self_service.recovery.flow.before;
        self.run_before_hooks(before, &mut record, visitor).await?;
        self.insert_flow(&record).await?;
        Ok(self.opened(&record, visitor, None))
    }

    pub(super) fn recovery_allowed(&self) -> Result<(), Failure> {
        if self.settings.self_service.recovery.enabled {
            return Ok(());
        }
        let reason = "Recovery is not allowed because it was disabled.";
        Err(Problem::bad_request(reason).into())
    }

    /// The answer to those who are in already.
    fn recovered_already(&self) -> Answer {
        let to = self.site.default_return().to_owned();
        Answer::problem_or(Problem::already_signed_in(), StatusCode::FOUND, to)
    }

    pub(super) fn recovery_record(&self, opening: Opening) -> FlowRecord {
        let flow = &self.settings.self_service.recovery;
        let mut record = FlowRecord::open(opening, flow.flow.lifespan, self.now());
        record.active = Some(word_of(flow.strategy).to_owned());
        if self.chooses_address() {
            self.ask_for_address(&mut record);
        } else {
            record.nodes = recovery_nodes(flow.strategy);
        }
        record
    }

    /// Fetches a recovery. One that an administrator opened is shown to whoever has its id.
    pub async fn fetch_recovery(&self, visitor: &Visitor) -> Outcome {
        self.recovery_allowed()?;
        let record = self.shown_recovery(visitor).await?;
        let flow = self.show_flow(&record, visitor, None);
        Ok(Answer::json(StatusCode::OK, &flow))
    }

    pub(in crate::flows) async fn shown_recovery(
        &self,
        visitor: &Visitor,
    ) -> Result<FlowRecord, Failure> {
        let record = self.flow_to_fetch(FlowKind::Recovery, visitor).await?;
        if !record.open_elsewhere {
            self.check_browser(&record, visitor)?;
        }
        if record.is_expired(self.now()) {
            return Err(self.gone(&record).into());
        }
        Ok(record)
    }

    /// Takes a step of a recovery; `None` for the body is a link that was opened.
    pub async fn submit_recovery(&self, visitor: &Visitor, body: Option<Submission>) -> Outcome {
        self.recovery_allowed()?;
        let mut record = self.flow_to_submit(FlowKind::Recovery, visitor).await?;
        let outcome = match visitor.query.find("token") {
            Some(token) => {
                let token = token.to_owned();
                self.recover_by_link(&mut record, visitor, &token).await
            }
            None => {
                let body = body.unwrap_or_else(|| Ok(Fields::default()));
                self.recovery_step(&mut record, visitor, body).await
            }
        };
        match outcome {
            Ok(answer) => Ok(self.for_recovery(record.transport, answer)),
            Err(Failure::Refused(answer)) => Ok(self.for_recovery(record.transport, *answer)),
            Err(failure @ Failure::Internal(_)) => Err(failure),
        }
    }

    /// Links lead browsers on, whoever asked for them.
    fn for_recovery(&self, transport: Transport, answer: Answer) -> Answer {
        match answer.program {
            super::answer::Program::To(..) => answer,
            super::answer::Program::Json(..)
            | super::answer::Program::Problem(_)
            | super::answer::Program::Empty(_) => self.for_transport(transport, answer),
        }
    }

    async fn recovery_step(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        body: Submission,
    ) -> Outcome {
        if record.is_expired(self.now()) {
            return self.expired_recovery(record, visitor).await;
        }
        let Some(fields) = Self::fields_of(record, body)? else {
            return self.refused(record, visitor, None).await;
        };
        let (strategy, step) = match self.recovery_asked(record, &fields) {
            Ok(asked) => asked,
            Err(Some(problem)) => return Err((*problem).into()),
            Err(None) => {
                record.active = Some("default".to_owned());
                let message = texts::recovery_method_missing();
                return self.refused_with(record, visitor, None, message).await;
            }
        };
        if !record.open_elsewhere {
            match self.check_origin(record, visitor, &fields) {
                Ok(()) => {}
                Err(Forged::Message(message)) => {
                    return self.refused_with(record, visitor, None, message).await;
                }
                Err(Forged::Refusal(problem)) => {
                    // The flow is not to be trusted any more: its token goes.
                    let mut answer = Answer::problem(*problem);
                    answer.rotate_csrf = true;
                    return Ok(answer);
                }
            }
        }
        if record.state == FlowState::PassedChallenge {
            let again = Again::message(texts::recovery_retry());
            return self.recovery_again(record, visitor, again).await;
        }
        record.forget_messages();
        record.active = Some(word_of(strategy).to_owned());
        record.sent_for_hooks = fields.find("transient_payload").cloned();
        match step {
            Step::Code(code) => {
                record.keep_transient_payload(&fields);
                self.recover_by_code(record, visitor, &code).await
            }
            Step::Send(_) | Step::Choose if self.current(visitor).await?.is_some() => {
                Ok(self.recovered_already())
            }
            Step::Send(address) if !is_address(&address) => {
                record.say_at("email", texts::not_an_email(&address));
                self.refused(record, visitor, None).await
            }
            Step::Send(address) => {
                record.keep_transient_payload(&fields);
                self.send_recovery(record, visitor, strategy, &address)
                    .await
            }
            Step::Choose => self.choose_recovery(record, visitor, &fields).await,
        }
    }

    /// What a submit asks for, and how: `Err` is a refusal, or that it does not say.
    fn recovery_asked(
        &self,
        record: &FlowRecord,
        fields: &Fields,
    ) -> Result<(Strategy, Step), Option<Box<Problem>>> {
        let methods = &self.settings.methods;
        let active = self.settings.self_service.recovery.strategy;
        let (strategy, enabled) = match fields.text("method").as_deref() {
            Some("code") => (Strategy::Code, methods.code.enabled),
            Some("link") => (Strategy::Link, methods.link.enabled),
            Some(_) | None => return Err(None),
        };
        if !enabled {
            let text = format!("The method {} is not enabled.", word_of(strategy));
            let problem = Problem::not_found().message(&text);
            return Err(Some(Box::new(problem)));
        }
        if strategy == Strategy::Code && active == Strategy::Code && self.chooses_address() {
            return Ok((strategy, self.chosen_step(record, fields)));
        }
        let filled = |name| fields.text(name).filter(|text| !text.trim().is_empty());
        match (filled("email"), filled("code"), strategy) {
            (Some(email), _, _) => Ok((strategy, Step::Send(email))),
            (None, Some(code), Strategy::Code) => Ok((strategy, Step::Code(code))),
            (None, _, _) => Err(None),
        }
    }

    /// 200 with the flow, or a redirect to its page, after it was saved.
    pub(super) async fn went_well(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        along: &crate::store::Along,
    ) -> Outcome {
        self.save_flow_with(record, along).await?;
        let flow = self.show_flow(record, visitor, None);
        let page = self.site.ui_of(record.kind, record.id);
        let page = Browser::To(StatusCode::SEE_OTHER, page);
        Ok(Answer::flow(StatusCode::OK, &flow, page))
    }
}

/// The word of a strategy in `method` and `active`.
pub(super) const fn word_of(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Code => "code",
        Strategy::Link => "link",
    }
}
