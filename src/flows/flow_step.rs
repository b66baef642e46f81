//! What all flows share: finding them, refusing them, replacing expired ones.

use http::StatusCode;
use serde_json::json;

use super::answer::{Answer, Browser, Failure};
use super::record::FlowRecord;
use super::service::Service;
use super::visitor::{Submission, Visitor, Wants};
use crate::contract::Problem;
use crate::contract::{FlowKind, Message, Transport, texts};
use crate::identity::FlowId;
use crate::store::{Account, Along};
use crate::web::{BodyError, Fields};

impl Service {
    /// Where to go afterwards, as the query asks.
    ///
    /// # Errors
    /// The refusal, when that place is not allowed.
    pub(super) fn wanted_return(&self, visitor: &Visitor) -> Result<Option<String>, Failure> {
        let Some(wanted) = visitor.query.find("return_to") else {
            return Ok(None);
        };
        if self.site.allowed_return(wanted).is_none() {
            return Err(Problem::return_to_forbidden().into());
        }
        Ok(Some(wanted.to_owned()))
    }

    /// The flow that a fetch names: any id that is not one of ours is not found.
    pub(super) async fn flow_to_fetch(
        &self,
        kind: FlowKind,
        visitor: &Visitor,
    ) -> Result<FlowRecord, Failure> {
        let id = visitor.query.find("id").and_then(|id| id.parse().ok());
        match id {
            Some(id) => self.stored_flow(kind, id).await,
            None => Err(Problem::not_found().into()),
        }
    }

    /// The flow that a submit names.
    pub(super) async fn flow_to_submit(
        &self,
        kind: FlowKind,
        visitor: &Visitor,
    ) -> Result<FlowRecord, Failure> {
        let id = visitor.query.find("flow").and_then(|id| id.parse().ok());
        match id {
            Some(id) => self.stored_flow(kind, id).await,
            None => {
                let reason = "The flow query parameter is missing or malformed.";
                Err(Problem::bad_request(reason).into())
            }
        }
    }

    async fn stored_flow(&self, kind: FlowKind, id: FlowId) -> Result<FlowRecord, Failure> {
        let found = self.load_flow(kind, id).await?;
        match found {
            Some(record) => Ok(record),
            None => Err(Problem::not_found().into()),
        }
    }

    /// A browser flow is shown only to the browser that opened it.
    pub(super) fn check_browser(
        &self,
        record: &FlowRecord,
        visitor: &Visitor,
    ) -> Result<(), Failure> {
        match (record.transport, &record.browser) {
            (Transport::Api, _) => Ok(()),
            (Transport::Browser, Some(browser)) if *browser == visitor.csrf.fingerprint() => Ok(()),
            (Transport::Browser, _) => {
                let why = "The CSRF cookie does not belong to this flow.";
                Err(Problem::csrf(why).into())
            }
        }
    }

    /// The login or sign-up that a fetch names, if this browser may see it and it is not over.
    pub(super) async fn browser_flow(
        &self,
        kind: FlowKind,
        visitor: &Visitor,
    ) -> Result<FlowRecord, Failure> {
        let record = self.flow_to_fetch(kind, visitor).await?;
        self.check_browser(&record, visitor)?;
        if record.is_expired(self.now()) {
            return Err(self.gone(&record).into());
        }
        Ok(record)
    }

    /// 410 for a fetch, with where to open a new flow.
    pub(super) fn gone(&self, record: &FlowRecord) -> Problem {
        let with_id = match (record.kind, record.transport) {
            (FlowKind::Login | FlowKind::Registration, _)
            | (FlowKind::Recovery, Transport::Api) => true,
            (FlowKind::Settings | FlowKind::Recovery | FlowKind::Verification, _) => false,
        };
        let details = match record.transport {
            Transport::Api => json!({ "api": self.site.init_url(record.kind, true, &[]) }),
            Transport::Browser => {
                let back = record.return_to.as_deref();
                let query: Vec<(&str, &str)> =
                    back.map(|to| ("return_to", to)).into_iter().collect();
                json!({
                    "redirect_to": self.site.init_url(record.kind, false, &query),
                    "return_to": back.unwrap_or_default(),
                })
            }
        };
        Problem::expired(with_id).details(details)
    }

    /// The answer to a submit of an expired flow: `replacement` takes over.
    pub(super) async fn replaced(
        &self,
        old: &FlowRecord,
        mut replacement: FlowRecord,
    ) -> Result<Answer, Failure> {
        let now = self.now();
        let expired_at = old.expires_at;
        let message = match old.kind {
            FlowKind::Registration => texts::registration_expired(expired_at, now),
            FlowKind::Settings => texts::settings_expired(expired_at, now),
            FlowKind::Login | FlowKind::Recovery | FlowKind::Verification => {
                texts::login_expired(expired_at, now)
            }
        };
        replacement.messages = vec![message];
        self.insert_flow(&replacement).await?;
        let since = now.duration_since(expired_at).as_nanos();
        let since = i64::try_from(since).unwrap_or(i64::MAX);
        let problem = Problem::expired(true)
            .beside("use_flow_id", replacement.id.to_string())
            .beside("expired_at", expired_at.to_string())
            .beside("since", since);
        let page = self.site.ui_of(old.kind, replacement.id);
        Ok(self.for_transport(
            old.transport,
            Answer::problem_or(problem, StatusCode::SEE_OTHER, page),
        ))
    }

    /// Native flows are answered with JSON whatever the client accepts.
    pub(super) fn for_transport(&self, transport: Transport, answer: Answer) -> Answer {
        match transport {
            Transport::Browser => answer,
            Transport::Api => answer.for_everybody(),
        }
    }

    /// 200 with a freshly opened flow, or a redirect to its page.
    pub(super) fn opened(
        &self,
        record: &FlowRecord,
        visitor: &Visitor,
        owner: Option<&Account>,
    ) -> Answer {
        let flow = self.show_flow(record, visitor, owner);
        let page = self.site.ui_of(record.kind, record.id);
        let page = Browser::To(StatusCode::SEE_OTHER, page);
        let mut answer = Answer::flow(StatusCode::OK, &flow, page);
        answer.opened = true;
        self.for_transport(record.transport, answer)
    }

    /// 400 with the flow, or a redirect to its page (`status`), after it was saved.
    pub(super) async fn refused(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        owner: Option<&Account>,
    ) -> Result<Answer, Failure> {
        // Where another request was faster its words stay in the store; this answer has ours.
        self.save_flow(record).await?;
        Ok(self.refusal(record, visitor, owner))
    }

    /// [`Service::refused`] with what goes out with it.
    pub(super) async fn refused_along(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        along: &Along,
    ) -> Result<Answer, Failure> {
        self.save_flow_with(record, along).await?;
        Ok(self.refusal(record, visitor, None))
    }

    fn refusal(&self, record: &FlowRecord, visitor: &Visitor, owner: Option<&Account>) -> Answer {
        let flow = self.show_flow(record, visitor, owner);
        let page = self.site.ui_of(record.kind, record.id);
        let status = match record.kind {
            FlowKind::Registration => StatusCode::FOUND,
            FlowKind::Login | FlowKind::Settings | FlowKind::Recovery | FlowKind::Verification => {
                StatusCode::SEE_OTHER
            }
        };
        let answer = Answer::flow(StatusCode::BAD_REQUEST, &flow, Browser::To(status, page));
        self.for_transport(record.transport, answer)
    }

    /// [`Service::refused`] with a message about the form as a whole.
    pub(super) async fn refused_with(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        owner: Option<&Account>,
        message: Message,
    ) -> Result<Answer, Failure> {
        record.forget_messages();
        record.messages.push(message);
        self.refused(record, visitor, owner).await
    }

    /// The fields of a submit; `None` where its body can't be read, and the form says why.
    ///
    /// # Errors
    /// The refusal of a body that is too large.
    pub(super) fn fields_of(
        record: &mut FlowRecord,
        body: Submission,
    ) -> Result<Option<Fields>, Failure> {
        match body {
            Ok(fields) => Ok(Some(fields)),
            Err(error @ BodyError::TooLarge) => {
                Err(Problem::internal().message(&error.to_string()).into())
            }
            Err(error @ (BodyError::ContentType | BodyError::Malformed)) => {
                record.messages.push(texts::generic(&error.to_string()));
                Ok(None)
            }
        }
    }

    /// Makes sure that the submit comes from the form that it claims to come from.
    ///
    /// # Errors
    /// A message for native flows (a browser's marks on a native submit), a refusal for browsers.
    pub(super) fn check_origin(
        &self,
        record: &FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
    ) -> Result<(), Forged> {
        let marks = &visitor.browser_marks;
        match record.transport {
            Transport::Api => {
                let said = match (&marks.origin, marks.has_cookie) {
                    (Some(_), _) => {
                        "The HTTP header \"Origin\" was sent to a native flow. Browsers need a \
                         browser flow."
                    }
                    (None, true) => {
                        "The HTTP header \"Cookie\" was sent to a native flow. Browsers need a \
                         browser flow."
                    }
                    (None, false) => return Ok(()),
                };
                Err(Forged::Message(texts::generic(said)))
            }
            Transport::Browser => {
                let token = fields.text("csrf_token").unwrap_or_default();
                if !visitor.csrf.verifies(&token) {
                    let why = "The csrf_token of the form does not belong to the CSRF cookie.";
                    // A form without a token is told no more than that, as in Kratos.
                    let silent = token.is_empty() && fields.form().is_some();
                    let problem = Problem::csrf(if silent { "" } else { why });
                    return Err(Forged::Refusal(Box::new(problem)));
                }
                if marks.cross_site {
                    let why = "The request was made by another site.";
                    return Err(Forged::Refusal(Box::new(Problem::csrf(why))));
                }
                Ok(())
            }
        }
    }

    /// Whether a refusal is shown as a page.
    pub(super) fn wants_html(record: &FlowRecord, visitor: &Visitor) -> bool {
        record.transport == Transport::Browser && visitor.wants == Wants::Html
    }
}

/// Why a submit is not believed.
pub(super) enum Forged {
    /// Told in the form.
    Message(Message),
    /// Refused as a whole.
    Refusal(Box<Problem>),
}
