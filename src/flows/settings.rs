//! Changing one's own account.

use http::StatusCode;
use uuid::Uuid;

use super::answer::{Answer, Browser, Failure, Outcome};
use super::current::Current;
use super::flow_step::Forged;
use super::form::settings_nodes;
use super::hooks::{HookFacts, Saving};
use super::login::browser_of;
use super::record::{FlowRecord, Opening};
use super::service::Service;
use super::settings_methods::{Change, Changed};
use super::visitor::{Submission, Visitor};
use crate::contract::Problem;
use crate::contract::{ContinueWith, FlowKind, FlowState, Transport, texts};
use crate::identity::credential::totp::TotpSecret;
use crate::identity::settings::Hook;
use crate::identity::{FlowId, Identity};
use crate::store::Account;
use crate::web::Fields;

impl Service {
    /// Opens the settings.
    pub async fn open_settings(&self, visitor: &Visitor, transport: Transport) -> Outcome {
        let Some(current) = self.current(visitor).await? else {
            let asked = visitor.query.find("return_to");
            let query: Vec<(&str, &str)> = asked.map(|to| ("return_to", to)).into_iter().collect();
            let to = self.site.init_url(FlowKind::Login, false, &query);
            let mut problem = Problem::session_inactive();
            if transport == Transport::Browser {
                problem = problem.beside("CredentialsMissing", false);
            }
            return Ok(Answer::problem_or(problem, StatusCode::SEE_OTHER, to));
        };
        let return_to = self.wanted_return(visitor)?;
        if !self.satisfies_settings(&current) {
            let back = return_to.is_some().then_some(visitor.request_url.as_str());
            return Ok(self.asks_for_second_factor(back));
        }
        let opening = Opening {
            kind: FlowKind::Settings,
            transport,
            request_url: visitor.request_url.clone(),
            return_to,
            browser: browser_of(visitor, transport),
        };
        let mut record = self.settings_record(opening, &current.account);
        let before = &self.settings.self_service.settings.flow.before;
        self.run_before_hooks(before, &mut record, visitor).await?;
        self.insert_flow(&record).await?;
        Ok(self.opened(&record, visitor, Some(&current.account)))
    }

    pub(super) fn satisfies_settings(&self, current: &Current) -> bool {
        let required = self.settings.self_service.settings.required_aal;
        let available = self.available_aal(&current.account);
        current.session.satisfies(required, available)
    }

    pub(super) fn asks_for_second_factor(&self, back: Option<&str>) -> Answer {
        let to = self.site.second_factor_url(back);
        Answer::problem_or(Problem::aal2_required(&to), StatusCode::SEE_OTHER, to)
    }

    pub(super) fn settings_record(&self, opening: Opening, account: &Account) -> FlowRecord {
        let lifespan = self.settings.self_service.settings.flow.lifespan;
        let mut record = FlowRecord::open(opening, lifespan, self.now());
        record.identity = Some(account.identity.id);
        self.lay_out_settings(&mut record, account);
        record
    }

    /// Fills in the form as things stand, with a new secret for an authenticator app.
    fn lay_out_settings(&self, record: &mut FlowRecord, account: &Account) {
        let Account {
            identity,
            credentials,
        } = account;
        record.totp_url = self
            .settings
            .methods
            .totp
            .enabled
            .then(|| self.totp_offer(identity));
        let schema = self.settings.schemas.find(&identity.schema_id);
        record.nodes = schema.map_or_else(Vec::new, |schema| {
            let url = record.totp_url.as_deref();
            settings_nodes(&self.settings, schema, identity, credentials, url)
        });
        self.offer_keys(record, account);
    }

    fn totp_offer(&self, identity: &Identity) -> String {
        let schema = self.settings.schemas.find(&identity.schema_id);
        let name = schema.and_then(|schema| schema.extract(&identity.traits).totp_account_name);
        let account = name.unwrap_or_else(|| identity.id.to_string());
        TotpSecret::random().url(&self.settings.methods.totp.issuer, &account)
    }

    /// Fetches the settings.
    pub async fn fetch_settings(&self, visitor: &Visitor) -> Outcome {
        let (record, current) = self.own_settings(visitor).await?;
        let flow = self.show_flow(&record, visitor, Some(&current.account));
        Ok(Answer::json(StatusCode::OK, &flow))
    }

    /// The settings that a fetch names, if they are the visitor's and not over.
    pub(super) async fn own_settings(
        &self,
        visitor: &Visitor,
    ) -> Result<(FlowRecord, Current), Failure> {
        let Some(current) = self.current(visitor).await? else {
            let problem = Problem::no_session();
            let to = self.site.ui(FlowKind::Login).to_owned();
            return Err(Answer::problem_or(problem, StatusCode::FOUND, to).into());
        };
        let record = self.flow_to_fetch(FlowKind::Settings, visitor).await?;
        if record.identity != Some(current.account.identity.id) {
            return Err(Problem::identity_mismatch().into());
        }
        if !self.satisfies_settings(&current) {
            let back = self.site.ui_of(FlowKind::Settings, record.id);
            return Err(self.asks_for_second_factor(Some(&back)).into());
        }
        if record.is_expired(self.now()) {
            return Err(self.gone(&record).into());
        }
        Ok((record, current))
    }

    /// Takes a change.
    pub async fn submit_settings(&self, visitor: &Visitor, body: Submission) -> Outcome {
        self.settings_request(visitor, Some(body)).await
    }

    /// Takes up a change that was parked while its sender signed in again.
    pub async fn resume_settings(&self, visitor: &Visitor) -> Outcome {
        self.settings_request(visitor, None).await
    }

    async fn settings_request(&self, visitor: &Visitor, body: Option<Submission>) -> Outcome {
        let mut record = self.flow_to_submit(FlowKind::Settings, visitor).await?;
        let transport = record.transport;
        match self.settings_step(&mut record, visitor, body).await {
            Ok(answer) => Ok(self.for_transport(transport, answer)),
            Err(Failure::Refused(answer)) => Ok(self.for_transport(transport, *answer)),
            Err(failure @ Failure::Internal(_)) => Err(failure),
        }
    }

    async fn settings_step(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        body: Option<Submission>,
    ) -> Outcome {
        let Some(current) = self.current(visitor).await? else {
            let problem = Problem::no_session();
            let to = self.site.ui(FlowKind::Login).to_owned();
            return Ok(Answer::problem_or(problem, StatusCode::FOUND, to));
        };
        if record.identity != Some(current.account.identity.id) {
            return Err(Problem::identity_mismatch().into());
        }
        if !self.satisfies_settings(&current) {
            let back = self.site.submit_url(FlowKind::Settings, record.id);
            return Ok(self.asks_for_second_factor(Some(&back)));
        }
        if record.is_expired(self.now()) {
            let opening = record.reopening(browser_of(visitor, record.transport));
            let next = self.settings_record(opening, &current.account);
            return self.replaced(record, next).await;
        }
        let resumed = body.is_none();
        let owner = Some(&current.account);
        let fields = match body {
            Some(body) => match Self::fields_of(record, body)? {
                Some(fields) => fields,
                None => return self.refused(record, visitor, owner).await,
            },
            None => match self.take_parked(record, &current, visitor).await? {
                Some(fields) => fields,
                None => {
                    let text = texts::generic("There is no change that waits to be saved.");
                    return self.refused_with(record, visitor, owner, text).await;
                }
            },
        };
        let Some(change) = Change::find(&fields, &self.settings, record.transport) else {
            let text = texts::settings_method_missing();
            return self.refused_with(record, visitor, owner, text).await;
        };
        if !resumed {
            match self.check_origin(record, visitor, &fields) {
                Ok(()) => {}
                Err(Forged::Message(text)) => {
                    return self.refused_with(record, visitor, owner, text).await;
                }
                Err(Forged::Refusal(problem)) => return Err((*problem).into()),
            }
        }
        self.apply_change(record, visitor, current, change, &fields, resumed)
            .await
    }

    async fn apply_change(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        current: Current,
        change: Change,
        fields: &Fields,
        resumed: bool,
    ) -> Outcome {
        record.forget_messages();
        record.sent_for_hooks = fields.find("transient_payload").cloned();
        record.saving = Some(Box::new(Saving {
            visitor: visitor.clone(),
            method: change.as_str(),
        }));
        let changed = match change {
            Change::Profile => self.change_profile(record, &current, fields).await?,
            Change::Password => self.change_password(record, &current, fields).await?,
            Change::Totp => self.change_totp(record, visitor, &current, fields).await?,
            Change::Passkey => self.change_passkeys(record, &current, fields).await?,
            Change::Webauthn => self.change_keys(record, &current, fields).await?,
            Change::Oidc(what) => {
                self.change_link(record, visitor, &current, fields, what)
                    .await?
            }
            Change::LookupSecret(what) => {
                self.change_lookup_secrets(record, &current, fields, what)
                    .await?
            }
        };
        match changed {
            Changed::Elsewhere(answer) => Ok(*answer),
            Changed::Shown => self.settings_shown(record, visitor, &current).await,
            Changed::Refused => {
                record.state = FlowState::ShowForm;
                self.refused(record, visitor, Some(&current.account)).await
            }
            Changed::SignInAgain => {
                let mut answer = self.park(record, &current, fields).await?;
                // A native client has no cookies; Kratos sends one for the profile all the same.
                if record.transport == Transport::Api && change != Change::Profile {
                    answer.cookies.clear();
                }
                Ok(answer)
            }
            Changed::Done { account, step } => {
                let answer = self
                    .settings_saved(record, visitor, current, *account, step, change)
                    .await?;
                // Kratos writes the cookie once more when it takes a parked change.
                let spent = resumed.then(|| self.continuity_cookie(Uuid::new_v4()));
                Ok(answer.cookie(spent.flatten()))
            }
        }
    }

    /// The form that a change asked to see: nothing is saved yet.
    async fn settings_shown(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        current: &Current,
    ) -> Outcome {
        record.state = FlowState::ShowForm;
        self.save_flow(record).await?;
        let flow = self.show_flow(record, visitor, Some(&current.account));
        let page = Browser::To(
            StatusCode::SEE_OTHER,
            self.site.ui_of(FlowKind::Settings, record.id),
        );
        Ok(Answer::flow(StatusCode::OK, &flow, page))
    }

    pub(super) async fn settings_saved(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        current: Current,
        mut account: Account,
        step: Option<crate::identity::AmrEntry>,
        change: Change,
    ) -> Outcome {
        let (session, token) = match step {
            Some(step) => {
                self.complete_step(record.transport, &current, step, None)
                    .await?
            }
            None => (current.session, current.token),
        };
        let after = &self.settings.self_service.settings.flow.after;
        let method = change.as_str();
        let hooks = after.hooks_for(method);
        if hooks.contains(&Hook::RevokeActiveSessions) {
            self.end_other_sessions(account.identity.id, session.id)
                .await?;
        }
        let facts = HookFacts::with_session(&account.identity, &session);
        self.hooks_after_saving(record, visitor, hooks, &facts)
            .await?;
        let begun = self
            .verify_after_settings(record, visitor, &mut account)
            .await?;
        let mut next = record.clone();
        next.id = FlowId::random();
        next.continues_as = None;
        next.forget_messages();
        next.state = FlowState::ShowForm;
        next.lookup_pending.clear();
        next.transient_payload = None;
        self.lay_out_settings(&mut next, &account);
        self.insert_flow(&next).await?;
        record.state = FlowState::Success;
        record.continues_as = Some(next.id);
        record.key_offer = None;
        record.passkey_offer = None;
        record.lookup_pending.clear();
        record.transient_payload = None;
        record.nodes = next.nodes;
        record.totp_url = next.totp_url;
        record.messages = vec![texts::changes_saved()];
        self.save_flow(record).await?;
        let page = self.site.ui_of(FlowKind::Settings, record.id);
        let to = record
            .return_to
            .as_deref()
            .and_then(|wanted| self.site.allowed_return(wanted))
            .or_else(|| after.return_url_for(method).map(str::to_owned))
            .unwrap_or(page);
        let mut flow = self.show_flow(record, visitor, Some(&account));
        let shows_verification = after.hooks_for(method).contains(&Hook::ShowVerificationUi);
        let mut next = Vec::new();
        if record.transport == Transport::Browser {
            next.push(ContinueWith::RedirectBrowserTo {
                redirect_browser_to: to.clone(),
            });
        }
        if shows_verification {
            let pages = self.verification_pages(record.transport, &begun);
            next.extend(begun.iter().zip(pages).map(|(one, page)| one.next(page)));
        }
        flow.continue_with = (!next.is_empty()).then_some(next);
        let answer = Answer::flow(
            StatusCode::OK,
            &flow,
            Browser::To(StatusCode::SEE_OTHER, to),
        );
        Ok(match record.transport {
            Transport::Browser => answer.cookie(self.session_cookie(&session, &token)),
            Transport::Api => answer,
        })
    }
}
