//! After a factor was right: the session, the hooks, and where to go.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::answer::{Answer, Browser, Failure, Outcome, Program};
use super::current::Current;
use super::hooks::{HookFacts, HookMoment, Hooked};
use super::oidc::PendingLink;
use super::record::FlowRecord;
use super::service::{Service, internal};
use super::visitor::Visitor;
use crate::contract::Problem;
use crate::contract::{ContinueWith, FlowKind, Transport, texts};
use crate::identity::settings::Hook;
use crate::identity::{AmrEntry, Device, Identity, IdentityEvent, Session, SessionToken};
use crate::store::{Account, TokenChange};

/// A factor that was right.
pub(super) struct Passed {
    /// Whose it is.
    pub(super) account: Account,
    /// What it counts for.
    pub(super) step: AmrEntry,
    /// Whether that is who is signed in already.
    pub(super) same_person: bool,
}

/// The session that a login step ended in.
pub(super) struct Opened {
    pub(super) session: Session,
    pub(super) token: SessionToken,
    /// Whether somebody else was signed in before, or nobody.
    pub(super) other_person: bool,
}

impl Service {
    pub(super) async fn signed_in(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        current: Option<Current>,
        passed: Passed,
    ) -> Outcome {
        let method = passed.step.method.as_str().to_owned();
        let hooks = self
            .settings
            .self_service
            .login
            .after
            .hooks_for(&method)
            .to_vec();
        let verified = passed.account.identity.verifiable_addresses.iter();
        if hooks.contains(&Hook::RequireVerifiedAddress)
            && !verified.clone().any(|address| address.verified)
        {
            let identity = &passed.account.identity;
            return self.address_not_verified(record, visitor, identity).await;
        }
        let other = |link: &PendingLink| !link.is_for(passed.account.identity.id);
        if record.link.as_deref().is_some_and(other) {
            let text = texts::linked_to_another();
            return self.refused_with(record, visitor, None, text).await;
        }
        let facts = HookFacts {
            identity: Some(passed.account.identity.clone()),
            session: Some(self.session_to_be(visitor, current.as_ref(), &passed)),
        };
        let ran = self.run_web_hooks(&hooks, HookMoment::Only, record, visitor, &facts);
        if let Hooked::Stopped = ran.await? {
            return self.refused(record, visitor, None).await;
        }
        record.active = Some(method);
        if !self.consume_flow(record).await? {
            let opening = record.reopening(record.browser.clone());
            let (again, second) = (record.refresh, record.second_factor);
            let next = self.login_record(opening, again, second, current.as_ref());
            return self.replaced(record, next).await;
        }
        let identity = passed.account.identity.id;
        let account = passed.account.clone();
        let step = passed.step.clone();
        let opened = self.step_session(record, visitor, current, passed).await?;
        self.audit_login(record, visitor, &step, &opened);
        if hooks.contains(&Hook::RevokeActiveSessions) {
            self.end_other_sessions(identity, opened.session.id).await?;
        }
        let account = self
            .link_pending(record, visitor, account, &opened.session)
            .await?;
        if Self::hands_over(record) {
            return self
                .hand_to_client(record, &opened.session, &opened.token)
                .await;
        }
        Ok(self.login_answer(record, visitor, &account, &opened))
    }

    /// The session as it will be, for hooks that may still refuse it.
    fn session_to_be(
        &self,
        visitor: &Visitor,
        current: Option<&Current>,
        passed: &Passed,
    ) -> Session {
        let (lifespan, now) = (self.settings.session.lifespan, self.now());
        match current.filter(|_| passed.same_person) {
            Some(current) => {
                let mut session = current.session.clone();
                session.complete(passed.step.clone(), Some(lifespan), now);
                session
            }
            None => {
                let device = Self::device_of(visitor);
                let identity = passed.account.identity.id;
                Session::open(identity, passed.step.clone(), device, lifespan, now)
            }
        }
    }

    fn device_of(visitor: &Visitor) -> Device {
        Device {
            id: Uuid::new_v4(),
            ip_address: visitor.client.address.to_string(),
            user_agent: visitor.client.user_agent.clone(),
            location: visitor.client.location.clone(),
        }
    }

    /// The answer to somebody without a verified address: the form where one is verified.
    async fn address_not_verified(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        identity: &Identity,
    ) -> Outcome {
        if identity.verifiable_addresses.is_empty() {
            return Err(internal(
                "require_verified_address is on, and the identity has no verifiable address",
            ));
        }
        if self.settings.features.legacy_require_verified_login_error {
            let message = texts::address_not_verified();
            return self.refused_with(record, visitor, None, message).await;
        }
        let begun = self
            .begin_required_verification(identity, record, visitor)
            .await?;
        let reason = "Please verify your address before signing in.";
        let mut problem = Problem::new(
            StatusCode::BAD_REQUEST,
            Some("session_verified_address_required"),
            Some(reason),
        );
        problem.status = StatusCode::FORBIDDEN;
        let kind = FlowKind::Verification;
        let page = match begun {
            Some(begun) => {
                let page = self.site.ui_of(kind, begun.record().id);
                let next = begun.next(Some(page.clone()));
                problem = problem.details(json!({ "continue_with": [next] }));
                page
            }
            None => self.site.ui(kind).to_owned(),
        };
        Ok(Answer::problem_or(problem, StatusCode::SEE_OTHER, page))
    }

    /// Adds the step to the session of the same person, or opens a session.
    async fn step_session(
        &self,
        record: &FlowRecord,
        visitor: &Visitor,
        current: Option<Current>,
        passed: Passed,
    ) -> Result<Opened, Failure> {
        let lifespan = self.settings.session.lifespan;
        match current {
            Some(current) if passed.same_person => {
                let step = passed.step;
                let (session, token) = self
                    .complete_step(record.transport, &current, step, Some(lifespan))
                    .await?;
                Ok(Opened {
                    session,
                    token,
                    other_person: false,
                })
            }
            Some(_) | None => {
                let (session, token) = self
                    .open_session(visitor, &passed.account, passed.step)
                    .await?;
                Ok(Opened {
                    session,
                    token,
                    other_person: true,
                })
            }
        }
    }

    /// Adds a completed step to a session. A browser gets a new token: the one that proved less
    /// dies.
    pub(super) async fn complete_step(
        &self,
        transport: Transport,
        current: &Current,
        step: AmrEntry,
        lifespan: Option<Duration>,
    ) -> Result<(Session, SessionToken), Failure> {
        let rotate = self.settings.rotate_on_step_up && transport == Transport::Browser;
        let (token, change) = if rotate {
            let token = SessionToken::random();
            let change = TokenChange::Rotate(token.hash());
            (token, change)
        } else {
            (current.token.clone(), TokenChange::Keep)
        };
        let id = current.session.id;
        let session = self
            .store
            .complete_step(id, step, lifespan, change, self.now())
            .await
            .map_err(internal)?;
        // Ended while the factor was checked: a factor alone opens nothing.
        let Some(session) = session else {
            return Err(Problem::aal1_required().into());
        };
        self.tell(IdentityEvent::SessionChanged {
            session: id,
            identity: session.identity_id,
        });
        Ok((session, token))
    }

    /// Opens a session with its first completed step.
    pub(super) async fn open_session(
        &self,
        visitor: &Visitor,
        account: &Account,
        step: AmrEntry,
    ) -> Result<(Session, SessionToken), Failure> {
        let device = Self::device_of(visitor);
        let identity = account.identity.id;
        let lifespan = self.settings.session.lifespan;
        let session = Session::open(identity, step, device, lifespan, self.now());
        let token = SessionToken::random();
        self.store
            .create_session(&session, token.hash(), self.now())
            .await
            .map_err(internal)?;
        self.tell(IdentityEvent::SessionChanged {
            session: session.id,
            identity,
        });
        Ok((session, token))
    }

    fn login_answer(
        &self,
        record: &FlowRecord,
        visitor: &Visitor,
        account: &Account,
        opened: &Opened,
    ) -> Answer {
        let required = self.settings.session.required_aal;
        let enough = opened
            .session
            .satisfies(required, self.available_aal(account));
        let shown = self.show_session(&opened.session, &account.identity);
        if record.transport == Transport::Api {
            let mut shown = shown;
            if !enough {
                shown.identity = None;
            }
            let body = json!({
                "session_token": opened.token.expose(),
                "session": shown,
                "continue_with": null,
            });
            return Answer::json(StatusCode::OK, &body);
        }
        let method = record.active.as_deref().unwrap_or_default();
        let to = self.after_login(record, method);
        let mut answer = if enough {
            let next = ContinueWith::RedirectBrowserTo {
                redirect_browser_to: to.clone(),
            };
            let body = json!({ "session": shown, "continue_with": [next] });
            let page = Browser::To(StatusCode::SEE_OTHER, to);
            Answer::new(Program::Json(StatusCode::OK, body), page)
        } else {
            let to = self.site.second_factor_url(record.return_to.as_deref());
            let problem = Problem::location_change(&to);
            Answer::problem_or(problem, StatusCode::SEE_OTHER, to)
        };
        answer.rotate_csrf = opened.other_person;
        // The session last, as Kratos has it: some clients see only the last cookie of an answer.
        answer
            .cookie(self.device_cookie(visitor, account))
            .cookie(self.session_cookie(&opened.session, &opened.token))
    }

    /// Where a browser goes after a login.
    fn after_login(&self, record: &FlowRecord, method: &str) -> String {
        let asked = record.return_to.as_deref();
        asked
            .and_then(|wanted| self.site.allowed_return(wanted))
            .or_else(|| {
                let after = &self.settings.self_service.login.after;
                after.return_url_for(method).map(str::to_owned)
            })
            .unwrap_or_else(|| self.site.default_return().to_owned())
    }
}
