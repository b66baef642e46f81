//! A recovery that can't go on gets a new flow in its place.

use http::StatusCode;
use serde_json::json;

use crate::contract::Problem;
use crate::contract::{ContinueWith, ContinueWithFlow, FlowKind, Message, Transport, texts};
use crate::flows::answer::{Answer, Browser, Outcome, Program};
use crate::flows::login::browser_of;
use crate::flows::record::{FlowRecord, Opening};
use crate::flows::service::Service;
use crate::flows::visitor::Visitor;
use crate::web::csrf::CsrfSecret;

/// Why a recovery starts again.
pub(super) struct Again {
    /// What the new flow says.
    message: Message,
    /// For browsers, whatever the old flow was for.
    in_browser: bool,
}

impl Again {
    pub(super) const fn message(message: Message) -> Self {
        Self {
            message,
            in_browser: false,
        }
    }

    /// After a link, which a browser opened.
    pub(super) const fn after_link(message: Message) -> Self {
        Self {
            message,
            in_browser: true,
        }
    }
}

impl Service {
    /// A new flow that says why. The browser gets a new CSRF secret with it, so that the old flow
    /// is worth nothing any more.
    pub(super) async fn recovery_again(
        &self,
        old: &FlowRecord,
        visitor: &Visitor,
        again: Again,
    ) -> Outcome {
        let transport = if again.in_browser {
            Transport::Browser
        } else {
            old.transport
        };
        let secret = CsrfSecret::random();
        let opening = Opening {
            kind: FlowKind::Recovery,
            transport,
            request_url: visitor.request_url.clone(),
            return_to: old.return_to.clone(),
            browser: (transport == Transport::Browser).then(|| secret.fingerprint()),
        };
        let mut record = self.recovery_record(opening);
        record.skip_settings = old.skip_settings;
        let reason = again.message.text.clone();
        record.messages = vec![again.message];
        self.insert_flow(&record).await?;
        let program = if again.in_browser {
            self.to_recovery_page(&record)
        } else if self.settings.features.use_continue_with_transitions {
            Program::Problem(Box::new(
                Problem::bad_request(&reason).details(next_flow(&record)),
            ))
        } else {
            self.to_recovery_fetch(&record)
        };
        let page = self.site.ui_of(FlowKind::Recovery, record.id);
        let answer = Answer::new(program, Browser::To(StatusCode::SEE_OTHER, page));
        // Native clients get the cookie too, as from Kratos, and drop it.
        Ok(answer.with_csrf(secret))
    }

    /// The answer to a submit of an expired recovery.
    pub(super) async fn expired_recovery(&self, old: &FlowRecord, visitor: &Visitor) -> Outcome {
        let opening = old.reopening(browser_of(visitor, old.transport));
        let mut record = self.recovery_record(opening);
        record.skip_settings = old.skip_settings;
        let now = self.now();
        record.messages = vec![texts::recovery_expired(old.expires_at, now)];
        self.insert_flow(&record).await?;
        let program = if self.settings.features.use_continue_with_transitions {
            let problem = Problem::expired(true)
                .details(next_flow(&record))
                .beside("use_flow_id", record.id.to_string())
                .beside("expired_at", old.expires_at.to_string());
            Program::Problem(Box::new(problem))
        } else {
            self.to_recovery_fetch(&record)
        };
        let page = self.site.ui_of(FlowKind::Recovery, record.id);
        Ok(Answer::new(
            program,
            Browser::To(StatusCode::SEE_OTHER, page),
        ))
    }

    fn to_recovery_fetch(&self, record: &FlowRecord) -> Program {
        let to = self.site.fetch_url(FlowKind::Recovery, record.id);
        Program::To(StatusCode::SEE_OTHER, to)
    }

    fn to_recovery_page(&self, record: &FlowRecord) -> Program {
        let to = self.site.ui_of(FlowKind::Recovery, record.id);
        Program::To(StatusCode::SEE_OTHER, to)
    }
}

fn next_flow(record: &FlowRecord) -> serde_json::Value {
    let next = ContinueWith::ShowRecoveryUi {
        flow: ContinueWithFlow {
            id: record.id.uuid(),
            verifiable_address: None,
            url: None,
        },
    };
    json!({ "continue_with": [next] })
}
