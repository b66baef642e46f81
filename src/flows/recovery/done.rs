//! A code or link was right: a fresh session, and on to the settings.

use http::StatusCode;

use super::restart::Again;
use crate::aal::{Aal, AuthenticationMethod};
use crate::contract::Problem;
use crate::contract::{ContinueWith, ContinueWithFlow, FlowKind, FlowState, Transport, texts};
use crate::courier::Template;
use crate::flows::answer::{Answer, Browser, Failure, Outcome, Program};
use crate::flows::code::Tried;
use crate::flows::hooks::HookFacts;
use crate::flows::login::browser_of;
use crate::flows::record::{FlowRecord, Opening};
use crate::flows::service::{Service, internal};
use crate::flows::visitor::Visitor;
use crate::identity::code::CodePurpose;
use crate::identity::session::later;
use crate::identity::settings::Hook;
use crate::identity::{AmrEntry, Session, SessionToken};
use crate::store::{Account, Along, TakenCode};
use crate::web::SetCookie;
use crate::web::csrf::CsrfSecret;

impl Service {
    pub(super) async fn recover_by_code(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        code: &str,
    ) -> Outcome {
        let purpose = CodePurpose::Recovery;
        match self.try_sent(record, visitor, purpose, code).await? {
            Tried::Right(taken) => {
                let method = AuthenticationMethod::CodeRecovery;
                self.recovered(record, visitor, taken, method).await
            }
            Tried::Wrong => {
                record.messages = vec![texts::recovery_code_wrong()];
                self.went_well(record, visitor, &Along::default()).await
            }
            Tried::TooMany => {
                let again = Again::message(Self::too_many_tries());
                self.recovery_again(record, visitor, again).await
            }
        }
    }

    /// Opens the account of whoever opened the link of a mail.
    pub(super) async fn recover_by_link(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        token: &str,
    ) -> Outcome {
        if !self.settings.methods.link.enabled {
            let problem = Problem::not_found().message("The method link is not enabled.");
            return Err(problem.into());
        }
        let purpose = CodePurpose::RecoveryLink;
        match self.try_sent(record, visitor, purpose, token).await? {
            Tried::Right(taken) => {
                // Whatever asked for the link, a browser opened it.
                record.transport = Transport::Browser;
                let method = AuthenticationMethod::LinkRecovery;
                let mut answer = self.recovered(record, visitor, taken, method).await?;
                if let Browser::To(status, to) = &answer.browser {
                    answer.program = Program::To(*status, to.clone());
                }
                Ok(answer)
            }
            Tried::Wrong | Tried::TooMany => {
                let again = Again::after_link(texts::recovery_link_used());
                self.recovery_again(record, visitor, again).await
            }
        }
    }

    async fn recovered(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        taken: TakenCode,
        method: AuthenticationMethod,
    ) -> Outcome {
        let account = match taken.identity {
            Some(id) => self.store.account(id).await.map_err(internal)?,
            None => None,
        };
        // A decoy's code: nobody has the address that it was made for.
        let Some(account) = account else {
            record.messages = vec![texts::recovery_code_wrong()];
            return self.went_well(record, visitor, &Along::default()).await;
        };
        if !Self::can_sign_in(&account) {
            let message = texts::identity_disabled();
            let again = if method == AuthenticationMethod::LinkRecovery {
                Again::after_link(message)
            } else {
                Again::message(message)
            };
            return self.recovery_again(record, visitor, again).await;
        }
        let identity = account.identity.id;
        let account = self.with_verified(account, &taken).await?;
        record.state = FlowState::PassedChallenge;
        let secret = CsrfSecret::random();
        if record.transport == Transport::Browser {
            record.browser = Some(secret.fingerprint());
        }
        let announced = self.tells_of_recovery(&account, visitor);
        if !self.consume_flow_with(record, &announced).await? {
            let again = Again::message(texts::recovery_retry());
            return self.recovery_again(record, visitor, again).await;
        }
        self.audit_recovery(visitor, identity, method.as_str());
        let step = AmrEntry::new(method, Aal::Aal1, self.now());
        let opened = if self.hands_out_session(record) {
            let opened = self.open_session(visitor, &account, step).await?;
            let hooks = self.recovery_hooks(record).to_vec();
            let facts = HookFacts {
                identity: Some(account.identity.clone()),
                session: Some(opened.0.clone()),
            };
            self.hooks_after_saving(record, visitor, &hooks, &facts)
                .await?;
            if hooks.contains(&Hook::RevokeActiveSessions) {
                self.end_other_sessions(identity, opened.0.id).await?;
            }
            Some(opened)
        } else {
            None
        };
        let settings = self
            .settings_after_recovery(record, visitor, &account)
            .await?;
        self.recovered_answer(record, &settings, opened.as_ref(), &secret)
    }

    /// A native client without `use_continue_with_transitions` is sent to a browser, and gets no
    /// session, as from Kratos.
    fn hands_out_session(&self, record: &FlowRecord) -> bool {
        match record.transport {
            Transport::Browser => true,
            Transport::Api => self.settings.features.use_continue_with_transitions,
        }
    }

    fn recovery_hooks(&self, record: &FlowRecord) -> &[Hook] {
        let after = &self.settings.self_service.recovery.flow.after;
        after.hooks_for(record.active.as_deref().unwrap_or_default())
    }

    /// Whoever read what was sent to an address has shown that it is theirs.
    async fn with_verified(&self, account: Account, taken: &TakenCode) -> Result<Account, Failure> {
        let id = account.identity.id;
        if taken.address.is_empty() || !self.mark_verified(id, taken).await? {
            return Ok(account);
        }
        let found = self.store.account(id).await.map_err(internal)?;
        Ok(found.unwrap_or(account))
    }

    /// A mail to the person: whoever did not do it should know.
    fn tells_of_recovery(&self, account: &Account, visitor: &Visitor) -> Along {
        let language = visitor.accept_language.as_deref();
        let template = Template::AccountRecovered;
        let mail = self.change_mail(template, None, &account.identity, language);
        Along {
            mails: mail.into_iter().collect(),
            ..Along::default()
        }
    }

    async fn settings_after_recovery(
        &self,
        record: &FlowRecord,
        visitor: &Visitor,
        account: &Account,
    ) -> Result<FlowRecord, Failure> {
        let after = &self.settings.self_service.recovery.flow.after;
        let method = record.active.as_deref().unwrap_or_default();
        let return_to = record
            .return_to
            .clone()
            .or_else(|| after.return_url_for(method).map(str::to_owned));
        let opening = Opening {
            kind: FlowKind::Settings,
            transport: record.transport,
            request_url: visitor.request_url.clone(),
            return_to,
            browser: browser_of(visitor, record.transport),
        };
        let mut settings = self.settings_record(opening, account);
        let flow = &self.settings.self_service.settings;
        let until = later(self.now(), flow.privileged_session_max_age);
        settings.messages = vec![texts::recovered(until)];
        self.insert_flow(&settings).await?;
        Ok(settings)
    }

    fn recovered_answer(
        &self,
        record: &FlowRecord,
        settings: &FlowRecord,
        opened: Option<&(Session, SessionToken)>,
        secret: &CsrfSecret,
    ) -> Outcome {
        let page = self.after_recovery(record, settings);
        let answer = if self.settings.features.use_continue_with_transitions {
            self.recovered_flow(record, settings, opened, secret, &page)
        } else {
            let problem = Problem::location_change(&page);
            Answer::problem_or(problem, StatusCode::SEE_OTHER, page)
        };
        let cookie: Option<SetCookie> = match (record.transport, opened) {
            (Transport::Browser, Some((session, token))) => self.session_cookie(session, token),
            (Transport::Api, _) | (Transport::Browser, None) => None,
        };
        Ok(match record.transport {
            Transport::Browser => answer.cookie(cookie).with_csrf(secret.clone()),
            Transport::Api => answer,
        })
    }

    /// The settings, or straight to where the person wanted to go.
    fn after_recovery(&self, record: &FlowRecord, settings: &FlowRecord) -> String {
        if record.skip_settings {
            let wanted = settings.return_to.as_deref();
            return wanted
                .and_then(|wanted| self.site.allowed_return(wanted))
                .unwrap_or_else(|| self.site.default_return().to_owned());
        }
        self.site.ui_of(FlowKind::Settings, settings.id)
    }

    /// 200 with the flow and what comes next.
    fn recovered_flow(
        &self,
        record: &FlowRecord,
        settings: &FlowRecord,
        opened: Option<&(Session, SessionToken)>,
        secret: &CsrfSecret,
        page: &str,
    ) -> Answer {
        let token = secret.token();
        let mut flow = record.render(&self.site, Some(&token), None);
        let mut next = Vec::new();
        if let (Transport::Api, Some((_, token))) = (record.transport, opened) {
            next.push(ContinueWith::SetOrySessionToken {
                ory_session_token: token.expose().to_owned(),
            });
        }
        next.push(if record.skip_settings {
            ContinueWith::RedirectBrowserTo {
                redirect_browser_to: page.to_owned(),
            }
        } else {
            ContinueWith::ShowSettingsUi {
                flow: ContinueWithFlow {
                    id: settings.id.uuid(),
                    verifiable_address: None,
                    url: Some(page.to_owned()),
                },
            }
        });
        flow.continue_with = Some(next);
        let page = Browser::To(StatusCode::SEE_OTHER, page.to_owned());
        Answer::flow(StatusCode::OK, &flow, page)
    }
}
