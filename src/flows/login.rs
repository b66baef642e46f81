//! Signing in: the first factor, the second one, and proving again who one is.

use http::StatusCode;

use super::answer::{Answer, Failure, Outcome};
use super::current::Current;
use super::flow_step::Forged;
use super::form::{IDENTIFIER_FIRST, identifier_screen, login_nodes, second_factor_nodes};
use super::login_done::Passed;
use super::record::{FlowRecord, Opening};
use super::service::Service;
use super::visitor::{Submission, Visitor};
use crate::aal::Aal;
use crate::contract::Problem;
use crate::contract::{FlowKind, Message, Transport, sort_nodes, texts};
use crate::store::{Account, Along};
use crate::web::Fields;

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoginMethod {
    /// `password`, a first factor.
    Password,
    /// `oidc`, a first factor.
    Oidc,
    /// `totp`, a second factor.
    Totp,
    /// `passkey`, a first factor.
    Passkey,
    /// `webauthn`: a first factor or a second one, as each key was enrolled.
    Webauthn,
    /// `lookup_secret`, a second factor.
    LookupSecret,
    /// `code`, either factor.
    Code,
    /// `identifier_first`, which only finds out who it is.
    IdentifierFirst,
}

impl LoginMethod {
    /// All of them, in the order they are asked.
    const ALL: [Self; 8] = [
        Self::Password,
        Self::Oidc,
        Self::Code,
        Self::Totp,
        Self::Passkey,
        Self::Webauthn,
        Self::LookupSecret,
        Self::IdentifierFirst,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Oidc => "oidc",
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::Webauthn => "webauthn",
            Self::LookupSecret => "lookup_secret",
            Self::Code => "code",
            Self::IdentifierFirst => IDENTIFIER_FIRST,
        }
    }

    /// Whether the method answers the second step, or the first one.
    const fn answers(self, second_factor: bool) -> bool {
        match self {
            Self::Password | Self::Oidc | Self::Passkey | Self::IdentifierFirst => !second_factor,
            Self::Totp | Self::LookupSecret => second_factor,
            Self::Webauthn | Self::Code => true,
        }
    }
}

/// What came of a try.
pub(super) enum Try {
    /// It was right.
    Passed(Box<Passed>),
    /// It was wrong; the flow says so.
    Wrong,
    /// The form goes on to its next screen.
    NextScreen,
    /// The form goes on in a browser only, on its page.
    Elsewhere,
    /// The form goes on, and a code goes out with it.
    Sent(Box<Along>),
    /// There is an answer already.
    Answered(Box<Answer>),
}

impl Service {
    /// Opens a login.
    pub async fn open_login(&self, visitor: &Visitor, transport: Transport) -> Outcome {
        let return_to = self.wanted_return(visitor)?;
        let second_factor = match visitor.query.find("aal").map(str::to_ascii_lowercase) {
            None => false,
            Some(aal) if aal == "aal1" => false,
            Some(aal) if aal == "aal2" => true,
            Some(_) => {
                let reason = "Unable to parse AuthenticationMethod Assurance Level (AAL).";
                return Err(Problem::bad_request(reason).into());
            }
        };
        let current = self.current(visitor).await?;
        let refresh = visitor.query.is_on("refresh") && current.is_some();
        let reached = current.as_ref().map(|current| current.session.aal);
        match reached {
            None if second_factor => return Err(Problem::aal1_required().into()),
            Some(reached) if !refresh && (!second_factor || reached >= Aal::Aal2) => {
                return Ok(self.signed_in_already(return_to.as_deref()));
            }
            None | Some(_) => {}
        }
        let opening = Opening {
            kind: FlowKind::Login,
            transport,
            request_url: visitor.request_url.clone(),
            return_to,
            browser: browser_of(visitor, transport),
        };
        let mut record = self.login_record(opening, refresh, second_factor, current.as_ref());
        if let Some(current) = current.as_ref().filter(|_| second_factor) {
            let offered = self.offered_addresses(visitor, current)?;
            record.nodes.retain(|node| {
                let value = node.as_input().and_then(|input| input.value.as_ref());
                let value = value.and_then(serde_json::Value::as_str);
                node.name() != "address"
                    || offered.iter().any(|one| value == Some(one.value.as_str()))
            });
        }
        let exchanges = Self::asks_for_exchange(&mut record, visitor);
        let before = &self.settings.self_service.login.before;
        self.run_before_hooks(before, &mut record, visitor).await?;
        let along = self
            .send_unasked(&mut record, visitor, current.as_ref())
            .await?;
        self.insert_flow_with(&record, &along).await?;
        if exchanges {
            return self.opened_for_exchange(&record, visitor).await;
        }
        Ok(self.opened(&record, visitor, None))
    }

    pub(super) fn login_record(
        &self,
        opening: Opening,
        refresh: bool,
        second_factor: bool,
        current: Option<&Current>,
    ) -> FlowRecord {
        let browser = opening.transport == Transport::Browser;
        let lifespan = self.settings.self_service.login.lifespan;
        let mut record = FlowRecord::open(opening, lifespan, self.now());
        record.refresh = refresh;
        record.second_factor = second_factor;
        if refresh {
            record.messages.push(texts::confirm_it_is_you());
        }
        if current.is_some_and(|current| record.requested_aal() > current.session.aal) {
            record.messages.push(texts::second_factor_please());
        }
        record.nodes = match (second_factor, current) {
            (true, Some(current)) => {
                let addresses = self.code_factors(&current.account);
                let known = &current.account.credentials;
                second_factor_nodes(&self.settings, known, &addresses, browser)
            }
            (true, None) => Vec::new(),
            (false, Some(current)) if refresh => {
                login_nodes(&self.settings, Some(&current.account.credentials))
            }
            (false, _) if self.asks_identifier_first() => identifier_screen(&self.settings),
            (false, _) => login_nodes(&self.settings, None),
        };
        self.offer_login_keys(&mut record, current);
        sort_nodes(FlowKind::Login, &mut record.nodes, &[], 0);
        record
    }

    pub(super) fn signed_in_already(&self, return_to: Option<&str>) -> Answer {
        let to = return_to
            .and_then(|wanted| self.site.allowed_return(wanted))
            .unwrap_or_else(|| self.site.default_return().to_owned());
        Answer::problem_or(Problem::already_signed_in(), StatusCode::SEE_OTHER, to)
    }

    /// Fetches a login.
    pub async fn fetch_login(&self, visitor: &Visitor) -> Outcome {
        let record = self.browser_flow(FlowKind::Login, visitor).await?;
        let flow = self.show_flow(&record, visitor, None);
        Ok(Answer::json(StatusCode::OK, &flow))
    }

    /// Takes a step of a login.
    pub async fn submit_login(&self, visitor: &Visitor, body: Submission) -> Outcome {
        let mut record = self.flow_to_submit(FlowKind::Login, visitor).await?;
        let transport = record.transport;
        let outcome = self.login_step(&mut record, visitor, body).await;
        match outcome {
            Ok(answer) => Ok(self.for_transport(transport, answer)),
            Err(Failure::Refused(answer)) => Ok(self.for_transport(transport, *answer)),
            Err(failure @ Failure::Internal(_)) => Err(failure),
        }
    }

    async fn login_step(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        body: Submission,
    ) -> Outcome {
        let current = self.current(visitor).await?;
        match &current {
            Some(current) if !record.refresh && record.requested_aal() <= current.session.aal => {
                return self.submitted_while_signed_in(record, visitor).await;
            }
            None if record.second_factor => return Err(Problem::aal1_required().into()),
            Some(_) | None => {}
        }
        if self.is_spent(record) {
            let opening = record.reopening(browser_of(visitor, record.transport));
            let refresh = record.refresh && current.is_some();
            let next = self.login_record(opening, refresh, record.second_factor, current.as_ref());
            return self.replaced(record, next).await;
        }
        let Some(fields) = Self::fields_of(record, body)? else {
            return self.refused(record, visitor, None).await;
        };
        record.sent_for_hooks = fields.find("transient_payload").cloned();
        let Some(method) = self.login_method(record, &fields) else {
            let message = texts::login_method_missing();
            return self.refused_with(record, visitor, None, message).await;
        };
        match self.check_origin(record, visitor, &fields) {
            Ok(()) => {}
            Err(Forged::Message(message)) => {
                Self::keep_identifier(record, &fields);
                return self.refused_with(record, visitor, None, message).await;
            }
            Err(Forged::Refusal(problem)) => return Err((*problem).into()),
        }
        record.forget_messages();
        let tried = self.try_method(record, visitor, &fields, (method, current.as_ref()));
        match tried.await? {
            Try::Wrong => {
                let session = current.as_ref().map(|current| &current.session);
                self.audit_wrong(visitor, method.as_str(), session);
                self.refused(record, visitor, None).await
            }
            Try::NextScreen => self.refused(record, visitor, None).await,
            Try::Elsewhere => self.moved_on(record).await,
            Try::Sent(along) => self.refused_along(record, visitor, &along).await,
            Try::Answered(answer) => Ok(*answer),
            Try::Passed(passed) => self.signed_in(record, visitor, current, *passed).await,
        }
    }

    async fn try_method(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        (method, current): (LoginMethod, Option<&Current>),
    ) -> Result<Try, Failure> {
        Ok(match (method, current) {
            (LoginMethod::Password, _) => {
                self.try_password(record, visitor, fields, current).await?
            }
            (LoginMethod::Oidc, _) => self.try_provider(record, visitor, fields).await?,
            (LoginMethod::Totp, Some(current)) => {
                self.try_totp(record, visitor, fields, current).await?
            }
            (LoginMethod::Passkey, current) => {
                self.try_passkey(record, visitor, fields, current).await?
            }
            (LoginMethod::Webauthn, current) => {
                self.try_key(record, visitor, fields, current).await?
            }
            (LoginMethod::LookupSecret, Some(current)) => {
                self.try_lookup_secret(record, visitor, fields, current)
                    .await?
            }
            (LoginMethod::Totp | LoginMethod::LookupSecret, None) => {
                return Err(Problem::aal1_required().into());
            }
            (LoginMethod::Code, current) => self.try_code(record, visitor, fields, current).await?,
            (LoginMethod::IdentifierFirst, _) => self.take_identifier(record, fields).await?,
        })
    }

    /// What somebody typed as identifier stays in the form.
    pub(super) fn keep_identifier(record: &mut FlowRecord, fields: &Fields) {
        let identifier = fields.text("identifier").unwrap_or_default();
        record.fill("identifier", Some(identifier.into()));
    }

    fn login_method(&self, record: &FlowRecord, fields: &Fields) -> Option<LoginMethod> {
        let address = || {
            let address = fields.text("address").filter(|_| record.second_factor);
            address.map(|_| LoginMethod::Code.as_str().to_owned())
        };
        let wanted = fields
            .text("method")
            .or_else(|| key_method(fields).map(str::to_owned))
            .or_else(address)
            .or_else(|| names_provider(fields).then(|| "oidc".to_owned()))?;
        LoginMethod::ALL.into_iter().find(|&method| {
            method.as_str() == wanted
                && method.answers(record.second_factor)
                && self.offers(method, record)
        })
    }

    fn offers(&self, method: LoginMethod, record: &FlowRecord) -> bool {
        let methods = &self.settings.methods;
        match method {
            LoginMethod::Password | LoginMethod::Totp => true,
            LoginMethod::Oidc => methods.oidc.enabled,
            LoginMethod::LookupSecret => methods.lookup_secret_enabled,
            LoginMethod::Code => self.signs_in_by_code(record.second_factor),
            LoginMethod::Passkey => methods.passkey.enabled,
            LoginMethod::Webauthn => self.offers_keys(record),
            LoginMethod::IdentifierFirst => self.asks_identifier_first() && !record.refresh,
        }
    }

    /// Whether the flow expired or was used up by an earlier success.
    pub(super) fn is_spent(&self, record: &FlowRecord) -> bool {
        record.consumed || record.is_expired(self.now())
    }

    async fn submitted_while_signed_in(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
    ) -> Outcome {
        if Self::wants_html(record, visitor) {
            let to = self.site.default_return().to_owned();
            let problem = Problem::already_signed_in();
            return Ok(Answer::problem_or(problem, StatusCode::SEE_OTHER, to));
        }
        let message =
            texts::generic("A valid session was detected and thus login is not possible.");
        self.refused_with(record, visitor, None, message).await
    }

    /// A message about the form, and the flow stays open.
    pub(super) fn wrong(record: &mut FlowRecord, message: Message) -> Try {
        record.messages.push(message);
        Try::Wrong
    }

    pub(super) fn can_sign_in(account: &Account) -> bool {
        account.identity.is_active()
    }
}

/// A provider's button says which one, and nothing else.
pub(super) fn names_provider(fields: &Fields) -> bool {
    fields.text("provider").is_some_and(|id| !id.is_empty())
}

/// Scripts send the answer of a key without a word for the method.
fn key_method(fields: &Fields) -> Option<&'static str> {
    let given = |name: &str| fields.text(name).is_some_and(|answer| !answer.is_empty());
    if given("passkey_login") {
        Some("passkey")
    } else {
        given("webauthn_login").then_some("webauthn")
    }
}

/// Which browser a flow of this transport belongs to.
pub(super) fn browser_of(visitor: &Visitor, transport: Transport) -> Option<String> {
    (transport == Transport::Browser).then(|| visitor.csrf.fingerprint())
}
