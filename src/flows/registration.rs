//! Signing up: traits and a credential, in one step or two.

use http::StatusCode;
use serde_json::{Map, Value};

use super::answer::{Answer, Browser, Failure, Outcome};
use super::flow_step::Forged;
use super::form::{RegistrationStep, registration_nodes, trait_order};
use super::keys::KeySignUp;
use super::login::{browser_of, names_provider};
use super::login_methods::hashing;
use super::record::{FlowRecord, Opening};
use super::service::{Service, internal};
use super::traits::{complain, message, submitted};
use super::visitor::{Submission, Visitor};
use crate::aal::{Aal, AuthenticationMethod};
use crate::contract::Problem;
use crate::contract::{FlowKind, NodeGroup, Transport, sort_nodes, texts};
use crate::identity::credential::password;
use crate::identity::schema::IdentitySchema;
use crate::identity::settings::RegistrationStyle;
use crate::identity::{AmrEntry, CredentialType, Credentials, Identity};
use crate::secret::SecretString;
use crate::store::{Account, Along};
use crate::web::Fields;

/// A way to sign up, or a step towards it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SignUpMethod {
    /// The traits, on the way to a credential.
    Profile,
    /// A password.
    Password,
    /// A code by mail.
    Code,
    /// An account at a provider.
    Oidc,
    /// A security key or passkey.
    Key(KeySignUp),
}

impl Service {
    /// Opens a sign-up.
    pub async fn open_registration(&self, visitor: &Visitor, transport: Transport) -> Outcome {
        self.sign_up_allowed()?;
        let return_to = self.wanted_return(visitor)?;
        if self.current(visitor).await?.is_some() {
            return Ok(self.signed_in_already(return_to.as_deref()));
        }
        let opening = Opening {
            kind: FlowKind::Registration,
            transport,
            request_url: visitor.request_url.clone(),
            return_to,
            browser: browser_of(visitor, transport),
        };
        let mut record = self.registration_record(opening)?;
        let exchanges = Self::asks_for_exchange(&mut record, visitor);
        let before = &self.settings.self_service.registration.flow.before;
        self.run_before_hooks(before, &mut record, visitor).await?;
        self.insert_flow(&record).await?;
        if exchanges {
            return self.opened_for_exchange(&record, visitor).await;
        }
        Ok(self.opened(&record, visitor, None))
    }

    pub(super) fn sign_up_allowed(&self) -> Result<(), Failure> {
        if self.settings.self_service.registration.enabled {
            Ok(())
        } else {
            Err(Problem::flow_disabled("Registration").into())
        }
    }

    pub(super) fn default_schema(&self) -> Result<&IdentitySchema, Failure> {
        let schema = self.settings.schemas.default_schema();
        schema.ok_or_else(|| internal("the default identity schema is missing"))
    }

    pub(super) fn registration_record(&self, opening: Opening) -> Result<FlowRecord, Failure> {
        let lifespan = self.settings.self_service.registration.flow.lifespan;
        let mut record = FlowRecord::open(opening, lifespan, self.now());
        let none = Value::Object(Map::new());
        let step = self.first_step();
        let schema = self.default_schema()?;
        record.nodes = registration_nodes(&self.settings, schema, step, &none);
        self.offer_sign_up_keys(&mut record, schema, step);
        Ok(record)
    }

    fn first_step(&self) -> RegistrationStep {
        match self.settings.self_service.registration.style {
            RegistrationStyle::Unified => RegistrationStep::Whole,
            RegistrationStyle::ProfileFirst => RegistrationStep::Traits,
        }
    }

    /// Fetches a sign-up.
    pub async fn fetch_registration(&self, visitor: &Visitor) -> Outcome {
        self.sign_up_allowed()?;
        let record = self.browser_flow(FlowKind::Registration, visitor).await?;
        let flow = self.show_flow(&record, visitor, None);
        Ok(Answer::json(StatusCode::OK, &flow))
    }

    /// Takes a step of a sign-up.
    pub async fn submit_registration(&self, visitor: &Visitor, body: Submission) -> Outcome {
        self.sign_up_allowed()?;
        let mut record = self.flow_to_submit(FlowKind::Registration, visitor).await?;
        let transport = record.transport;
        match self.registration_step(&mut record, visitor, body).await {
            Ok(answer) => Ok(self.for_transport(transport, answer)),
            Err(Failure::Refused(answer)) => Ok(self.for_transport(transport, *answer)),
            Err(failure @ Failure::Internal(_)) => Err(failure),
        }
    }

    async fn registration_step(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        body: Submission,
    ) -> Outcome {
        if self.current(visitor).await?.is_some() {
            let to = self.site.default_return().to_owned();
            let problem = Problem::already_signed_in();
            return Ok(Answer::problem_or(problem, StatusCode::FOUND, to));
        }
        if record.is_expired(self.now()) {
            let opening = record.reopening(browser_of(visitor, record.transport));
            return self
                .replaced(record, self.registration_record(opening)?)
                .await;
        }
        let Some(fields) = Self::fields_of(record, body)? else {
            return self.refused(record, visitor, None).await;
        };
        record.sent_for_hooks = fields.find("transient_payload").cloned();
        let Some(method) = self.sign_up_method(&fields, record.transport) else {
            let text = texts::registration_method_missing();
            return self.refused_with(record, visitor, None, text).await;
        };
        match self.check_origin(record, visitor, &fields) {
            Ok(()) => {}
            Err(Forged::Message(text)) => {
                return self.refused_with(record, visitor, None, text).await;
            }
            Err(Forged::Refusal(problem)) => return Err((*problem).into()),
        }
        if record.consumed {
            let opening = record.reopening(browser_of(visitor, record.transport));
            return self
                .replaced(record, self.registration_record(opening)?)
                .await;
        }
        record.forget_messages();
        let schema = self.default_schema()?;
        let traits = submitted(schema, &fields);
        match method {
            SignUpMethod::Profile => {
                self.profile_step(record, visitor, &fields, schema, &traits)
                    .await
            }
            SignUpMethod::Oidc => {
                let fields = fields.with("traits", traits);
                self.with_provider(record, visitor, &fields).await
            }
            SignUpMethod::Password => {
                self.password_step(record, visitor, &fields, schema, traits)
                    .await
            }
            SignUpMethod::Code => {
                self.code_step(record, visitor, &fields, schema, traits)
                    .await
            }
            SignUpMethod::Key(how) => {
                self.key_sign_up_step(record, visitor, &fields, how, schema, traits)
                    .await
            }
        }
    }

    fn sign_up_method(&self, fields: &Fields, transport: Transport) -> Option<SignUpMethod> {
        let two_steps = self.first_step() == RegistrationStep::Traits;
        let method = match fields.text("method") {
            Some(method) => method,
            None if names_provider(fields) => "oidc".to_owned(),
            None => String::new(),
        };
        match method.as_str() {
            "oidc" if self.settings.methods.oidc.enabled => Some(SignUpMethod::Oidc),
            "profile" if two_steps => Some(SignUpMethod::Profile),
            "password" if self.settings.methods.password.enabled => Some(SignUpMethod::Password),
            "code" if self.signs_up_by_code() => Some(SignUpMethod::Code),
            // Scripts send the answer of a key without a word for the method.
            "" | "webauthn" | "passkey" => KeySignUp::find(fields)
                .filter(|&how| self.signs_up_with(how, transport))
                .map(SignUpMethod::Key),
            _ => None,
        }
    }

    /// The traits alone: on to the credential, or back from it.
    async fn profile_step(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        schema: &IdentitySchema,
        traits: &Value,
    ) -> Outcome {
        let show = |step| registration_nodes(&self.settings, schema, step, traits);
        if fields.text("screen").as_deref() == Some("previous") {
            record.nodes = show(RegistrationStep::Traits);
            record.transient_payload = None;
            return self.went_on(record, visitor).await;
        }
        if let Err(violations) = schema.validate(traits) {
            record.nodes = show(RegistrationStep::Traits);
            complain(record, NodeGroup::Default, violations);
            Self::sort_sign_up(record, schema);
            return self.refused(record, visitor, None).await;
        }
        record.nodes = show(RegistrationStep::Credential);
        self.offer_sign_up_keys(record, schema, RegistrationStep::Credential);
        record.messages.push(texts::choose_credential());
        record.keep_transient_payload(fields);
        self.went_on(record, visitor).await
    }

    /// The form of another step: 400 for programs, its page with 303 for browsers.
    async fn went_on(&self, record: &mut FlowRecord, visitor: &Visitor) -> Outcome {
        self.went_on_with(record, visitor, &Along::default()).await
    }

    /// [`Service::went_on`] with what goes out with it.
    pub(super) async fn went_on_with(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        along: &Along,
    ) -> Outcome {
        let mut answer = self.refused_along(record, visitor, along).await?;
        if let Browser::To(status, _) = &mut answer.browser {
            *status = StatusCode::SEE_OTHER;
        }
        Ok(answer)
    }

    /// Which part of the form a submit of a credential came from.
    pub(super) fn step_shown(&self, record: &FlowRecord) -> RegistrationStep {
        if record.nodes.iter().any(|node| node.name() == "screen") {
            RegistrationStep::Credential
        } else {
            self.first_step()
        }
    }

    pub(super) fn sort_sign_up(record: &mut FlowRecord, schema: &IdentitySchema) {
        let (order, identifiers) = trait_order(schema);
        sort_nodes(
            FlowKind::Registration,
            &mut record.nodes,
            &order,
            identifiers,
        );
    }

    /// Traits and password together.
    async fn password_step(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        schema: &IdentitySchema,
        traits: Value,
    ) -> Outcome {
        let step = self.step_shown(record);
        record.nodes = registration_nodes(&self.settings, schema, step, &traits);
        self.offer_sign_up_keys(record, schema, step);
        let password = SecretString::new(fields.text("password").unwrap_or_default());
        let mut violations = schema.validate(&traits).err().unwrap_or_default();
        let found = schema.extract(&traits);
        if password.expose().is_empty() {
            record.say_at("password", texts::required("password"));
        } else if violations.is_empty() {
            violations.extend(self.judge_password(&password, &found.password).await);
        }
        if found.password.is_empty() && violations.is_empty() {
            record.messages.push(texts::no_identifier());
        }
        let complained = !record.messages.is_empty()
            || record.nodes.iter().any(|node| !node.messages.is_empty());
        if complained || !violations.is_empty() {
            complain(record, NodeGroup::Default, violations);
            Self::sort_sign_up(record, schema);
            return self.refused(record, visitor, None).await;
        }
        let hash = self.hasher.make(password).await.map_err(hashing)?;
        let account = self.new_account(schema, traits, Some(&hash));
        let step = AmrEntry::new(AuthenticationMethod::Password, Aal::Aal1, self.now());
        self.sign_up(record, visitor, account, step).await
    }

    /// An account with these traits, and with a password if it has one.
    pub(super) fn new_account(
        &self,
        schema: &IdentitySchema,
        traits: Value,
        hash: Option<&str>,
    ) -> Account {
        let now = self.now();
        let mut identity = Identity::new(schema.id(), traits, now);
        let mut credentials = Credentials::new();
        schema.apply(&mut identity, &mut credentials, now);
        let credential = credentials.find_mut(CredentialType::Password);
        if let (Some(credential), Some(hash)) = (credential, hash) {
            credential.config = password::config(hash);
        }
        Account {
            identity,
            credentials,
        }
    }

    /// What a policy says about a new password, beside its field.
    pub(super) fn refuse_password(
        record: &mut FlowRecord,
        violation: &crate::identity::schema::Violation,
    ) {
        record.say_at("password", message(violation));
    }
}
