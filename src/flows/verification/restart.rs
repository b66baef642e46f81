//! A verification that can't go on gets a new flow in its place.

use http::StatusCode;

use crate::contract::Problem;
use crate::contract::{FlowKind, Message, Transport, texts};
use crate::flows::answer::{Answer, Browser, Outcome, Program};
use crate::flows::login::browser_of;
use crate::flows::record::{FlowRecord, Opening};
use crate::flows::service::Service;
use crate::flows::visitor::Visitor;
use crate::web::csrf::CsrfSecret;

impl Service {
    /// A new flow that says why; programs get 410 with its id.
    pub(super) async fn verification_again(
        &self,
        old: &FlowRecord,
        visitor: &Visitor,
        message: Message,
    ) -> Outcome {
        let secret = CsrfSecret::random();
        let opening = Opening {
            kind: FlowKind::Verification,
            transport: old.transport,
            request_url: visitor.request_url.clone(),
            return_to: old.return_to.clone(),
            browser: (old.transport == Transport::Browser).then(|| secret.fingerprint()),
        };
        let mut record = self.verification_record(opening);
        let reason = message.text.clone();
        record.messages = vec![message];
        self.insert_flow(&record).await?;
        let problem = Problem::new(
            StatusCode::GONE,
            Some("self_service_flow_replaced"),
            Some(&reason),
        );
        let problem = problem.beside("use_flow_id", record.id.to_string());
        let page = self.site.ui_of(FlowKind::Verification, record.id);
        let answer = Answer::problem_or(problem, StatusCode::SEE_OTHER, page);
        Ok(answer.with_csrf(secret))
    }

    /// The answer to a submit of an expired verification.
    pub(super) async fn expired_verification(
        &self,
        old: &FlowRecord,
        visitor: &Visitor,
    ) -> Outcome {
        let opening = old.reopening(browser_of(visitor, old.transport));
        let mut record = self.verification_record(opening);
        let now = self.now();
        record.messages = vec![texts::verification_expired(old.expires_at, now)];
        self.insert_flow(&record).await?;
        let to = self.site.fetch_url(FlowKind::Verification, record.id);
        let page = self.site.ui_of(FlowKind::Verification, record.id);
        Ok(Answer::new(
            Program::To(StatusCode::SEE_OTHER, to),
            Browser::To(StatusCode::SEE_OTHER, page),
        ))
    }
}
