//! Recovery that an administrator begins for somebody: a code or link to hand over.

use std::time::Duration;

use jiff::Timestamp;

use crate::contract::{FlowKind, FlowState, Transport};
use crate::flows::answer::Failure;
use crate::flows::form::handed_over_nodes;
use crate::flows::record::{FlowRecord, Opening, Sent};
use crate::flows::service::{Service, internal};
use crate::identity::code::{CodePurpose, CodeSecret};
use crate::identity::session::later;
use crate::identity::{Channel, IdentityId};
use crate::store::{Along, NewCode};

/// What an administrator hands over.
pub struct Handover {
    /// Where the person goes.
    pub link: String,
    /// What they enter there; a link carries it.
    pub code: Option<CodeSecret>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Why there is nothing to hand over.
pub enum HandoverError {
    /// Recovery, or this way of it, is switched off.
    Disabled,
    /// There is no such identity.
    Unknown,
    /// The place to return to is not allowed.
    Forbidden,
    /// Something of ours failed.
    Failed(String),
}

impl From<Failure> for HandoverError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Internal(error) => Self::Failed(error),
            Failure::Refused(_) => Self::Failed("the request was refused".to_owned()),
        }
    }
}

impl Service {
    /// A code for this identity, for a form that needs no token because it is opened elsewhere.
    ///
    /// # Errors
    /// See [`HandoverError`].
    pub async fn recovery_code_for(
        &self,
        identity: IdentityId,
        expires_in: Option<Duration>,
        transport: Transport,
    ) -> Result<Handover, HandoverError> {
        let flows = &self.settings.self_service;
        if !(flows.recovery.enabled && self.settings.methods.code.enabled) {
            return Err(HandoverError::Disabled);
        }
        let lifespan = expires_in.unwrap_or(self.settings.methods.code.lifespan);
        let mut record = self
            .handed_over(identity, "code", expires_in, transport, None)
            .await?;
        record.active = Some("code".to_owned());
        record.nodes = handed_over_nodes();
        let purpose = CodePurpose::Recovery;
        let (secret, expires_at) = self.hand_over(&record, purpose, lifespan).await?;
        Ok(Handover {
            link: self.site.ui_of(FlowKind::Recovery, record.id),
            code: Some(secret),
            expires_at,
        })
    }

    /// A link that lets this identity in.
    ///
    /// # Errors
    /// See [`HandoverError`].
    pub async fn recovery_link_for(
        &self,
        identity: IdentityId,
        expires_in: Option<Duration>,
        return_to: Option<&str>,
    ) -> Result<Handover, HandoverError> {
        let flows = &self.settings.self_service;
        if !(flows.recovery.enabled && self.settings.methods.link.enabled) {
            return Err(HandoverError::Disabled);
        }
        if return_to.is_some_and(|to| self.site.allowed_return(to).is_none()) {
            return Err(HandoverError::Forbidden);
        }
        let lifespan = expires_in.unwrap_or(self.settings.methods.link.lifespan);
        let browser = Transport::Browser;
        let mut record = self
            .handed_over(identity, "link", expires_in, browser, return_to)
            .await?;
        record.active = Some("link".to_owned());
        let purpose = CodePurpose::RecoveryLink;
        let (secret, expires_at) = self.hand_over(&record, purpose, lifespan).await?;
        let kind = FlowKind::Recovery;
        let link = self
            .site
            .mail_link(kind, record.id, "token", secret.expose());
        Ok(Handover {
            link,
            code: None,
            expires_at,
        })
    }

    async fn handed_over(
        &self,
        identity: IdentityId,
        what: &str,
        expires_in: Option<Duration>,
        transport: Transport,
        return_to: Option<&str>,
    ) -> Result<FlowRecord, HandoverError> {
        let found = self.store.identity(identity).await;
        if found.map_err(internal)?.is_none() {
            return Err(HandoverError::Unknown);
        }
        let admin = self.settings.admin.base_url.trim_end_matches('/');
        let opening = Opening {
            kind: FlowKind::Recovery,
            transport,
            request_url: format!("{admin}/admin/recovery/{what}"),
            return_to: return_to.map(str::to_owned),
            browser: None,
        };
        let mut record = self.recovery_record(opening);
        if let Some(lifespan) = expires_in {
            record.expires_at = later(record.issued_at, lifespan);
        }
        record.state = FlowState::SentEmail;
        record.open_elsewhere = true;
        record.sent = Some(Sent {
            address: String::new(),
            identity: Some(identity),
            traits: None,
        });
        Ok(record)
    }

    /// Stores flow and code together. No address was proved by it, so none is named.
    async fn hand_over(
        &self,
        record: &FlowRecord,
        purpose: CodePurpose,
        lifespan: Duration,
    ) -> Result<(CodeSecret, Timestamp), HandoverError> {
        let secret = purpose.random();
        let now = self.now();
        let expires_at = later(now, lifespan);
        let along = Along {
            codes: vec![NewCode {
                flow: record.id,
                purpose,
                identity: record.sent.as_ref().and_then(|sent| sent.identity),
                via: Channel::Email,
                address: String::new(),
                secret: secret.clone(),
                issued_at: now,
                expires_at,
            }],
            ..Along::default()
        };
        self.insert_flow_with(record, &along).await?;
        Ok((secret, expires_at))
    }
}
