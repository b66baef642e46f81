//! A sign-up that is right: the account, the session, and what comes next.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Browser, Failure, Outcome, Program};
use super::hooks::HookFacts;
use super::login::browser_of;
use super::record::FlowRecord;
use super::service::{Service, internal};
use super::verification::Begun;
use super::visitor::Visitor;
use crate::contract::{ContinueWith, FlowKind, Transport, texts};
use crate::identity::settings::Hook;
use crate::identity::{AmrEntry, IdentityEvent};
use crate::store::{Account, Along, StoreError};
use crate::web::csrf::CsrfSecret;

/// How often an account is stored anew after somebody wrote to its form: more than a form has
/// tries.
const TRIES: usize = 64;

/// What came of storing an account.
enum Stored {
    /// It is there, and its form is used up.
    Done,
    /// Somebody else has its identifier.
    Taken,
    /// Another submit of the same form was first.
    Late,
}

impl Service {
    /// Makes the account of a form that is right, by the factor that `step` says. The account, the
    /// used form and the mails that verify its addresses are stored together.
    pub(super) async fn sign_up(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        mut account: Account,
        step: AmrEntry,
    ) -> Outcome {
        let method = step.method.as_str();
        let goes_on = self
            .hooks_before_saving(record, visitor, method, &mut account)
            .await?;
        if !goes_on {
            return self.refused(record, visitor, None).await;
        }
        let secret = CsrfSecret::random();
        let browser = match record.transport {
            Transport::Browser => Some(secret.fingerprint()),
            Transport::Api => None,
        };
        let mut along = Along::default();
        let identity = &mut account.identity;
        let begun = self
            .begin_verifications(&mut along, identity, record, visitor, browser)
            .await?;
        let before = record.active.replace(method.to_owned());
        match self.store_sign_up(record, &account, along).await? {
            Stored::Done => {}
            Stored::Taken => {
                record.active = before;
                let text = texts::duplicate_credentials();
                return self.refused_with(record, visitor, None, text).await;
            }
            Stored::Late => {
                let opening = record.reopening(browser_of(visitor, record.transport));
                let next = self.registration_record(opening)?;
                return self.replaced(record, next).await;
            }
        }
        self.tell(IdentityEvent::IdentityChanged {
            identity: account.identity.id,
        });
        self.audit_registration(visitor, account.identity.id, method);
        let answer = self
            .signed_up(record, visitor, &account, step, &begun)
            .await?;
        Ok(match record.transport {
            Transport::Browser => answer.with_csrf(secret),
            Transport::Api => answer,
        })
    }

    async fn store_sign_up(
        &self,
        record: &mut FlowRecord,
        account: &Account,
        mut along: Along,
    ) -> Result<Stored, Failure> {
        record.consumed = true;
        for _ in 0..TRIES {
            along.saves = vec![Self::row_of(record)?];
            let identity = &account.identity;
            let stored = self
                .store
                .create_identity_with(identity, &account.credentials, &along)
                .await;
            match stored {
                Ok(()) => return Ok(Stored::Done),
                Err(StoreError::Duplicate { .. }) => {
                    record.consumed = false;
                    return Ok(Stored::Taken);
                }
                Err(StoreError::Stale) => {}
                Err(error) => return Err(internal(error)),
            }
            match self.load_flow(record.kind, record.id).await? {
                // Only a wrong try was written down in the meantime.
                Some(now) if !now.consumed => record.version = now.version,
                Some(_) | None => return Ok(Stored::Late),
            }
        }
        Ok(Stored::Late)
    }

    /// The answer to a sign-up; with the `session` hook the person is signed in.
    async fn signed_up(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        account: &Account,
        step: AmrEntry,
        begun: &[Begun],
    ) -> Outcome {
        let after = &self.settings.self_service.registration.flow.after;
        let method = step.method.as_str();
        let hooks = after.hooks_for(method).to_vec();
        let facts = HookFacts::of(&account.identity);
        self.hooks_after_saving(record, visitor, &hooks, &facts)
            .await?;
        let mut to = record
            .return_to
            .as_deref()
            .and_then(|wanted| self.site.allowed_return(wanted))
            .or_else(|| after.return_url_for(method).map(str::to_owned))
            .unwrap_or_else(|| self.site.default_return().to_owned());
        let mut body = Map::new();
        let mut next = Vec::new();
        let mut cookie = None;
        if record.transport == Transport::Browser {
            next.push(ContinueWith::RedirectBrowserTo {
                redirect_browser_to: to.clone(),
            });
        }
        if hooks.contains(&Hook::ShowVerificationUi) {
            let pages = self.verification_pages(record.transport, begun);
            next.extend(
                begun
                    .iter()
                    .zip(&pages)
                    .map(|(one, url)| one.next(url.clone())),
            );
            if let Some(Some(page)) = pages.into_iter().next() {
                to = page;
            }
        }
        if hooks.contains(&Hook::Session) {
            let (session, token) = self.open_session(visitor, account, step).await?;
            if Self::hands_over(record) {
                return self.hand_to_client(record, &session, &token).await;
            }
            let shown = self.show_session(&session, &account.identity);
            match record.transport {
                Transport::Api => {
                    body.insert("session_token".to_owned(), token.expose().into());
                    next.push(ContinueWith::SetOrySessionToken {
                        ory_session_token: token.expose().to_owned(),
                    });
                }
                Transport::Browser => cookie = self.session_cookie(&session, &token),
            }
            body.insert("session".to_owned(), json!(shown));
        }
        let shown = self.show_identity(&account.identity);
        body.insert("identity".to_owned(), json!(shown));
        let next = if next.is_empty() {
            Value::Null
        } else {
            json!(next)
        };
        body.insert("continue_with".to_owned(), next);
        let page = Browser::To(StatusCode::SEE_OTHER, to);
        let program = Program::Json(StatusCode::OK, Value::Object(body));
        let device = cookie
            .as_ref()
            .and_then(|_| self.device_cookie(visitor, account));
        // The session last: some clients see only the last cookie of an answer.
        Ok(Answer::new(program, page).cookie(device).cookie(cookie))
    }

    /// The pages of verifications that began; native clients have their own.
    pub(super) fn verification_pages(
        &self,
        transport: Transport,
        begun: &[Begun],
    ) -> Vec<Option<String>> {
        let page = |one: &Begun| match transport {
            Transport::Browser => {
                let id = one.record().id;
                Some(self.site.ui_of(FlowKind::Verification, id))
            }
            Transport::Api => None,
        };
        begun.iter().map(page).collect()
    }
}
