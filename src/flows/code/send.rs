//! Making a code or link and the mail that carries it.

use crate::contract::{Message, texts};
use crate::courier::{MailData, Recipient, Template};
use crate::flows::answer::Failure;
use crate::flows::record::FlowRecord;
use crate::flows::service::{Service, internal};
use crate::flows::visitor::Visitor;
use crate::identity::code::CodePurpose;
use crate::identity::session::later;
use crate::identity::throttle::ThrottleKind;
use crate::identity::{Channel, Identity};
use crate::store::{Along, NewCode, Tried};

/// A code or link that is to go to an address.
pub(in crate::flows) struct Letter<'a> {
    /// What it is good for.
    pub(in crate::flows) purpose: CodePurpose,
    /// How it is sent.
    pub(in crate::flows) via: Channel,
    /// Where to.
    pub(in crate::flows) address: &'a str,
    /// Whose account it is for; nobody's is a decoy.
    pub(in crate::flows) owner: Option<&'a Identity>,
}

impl Service {
    /// Counts a mail before it is made. `false` when this person, or whoever is at this address of
    /// the network, had enough of them for now.
    ///
    /// The address counts, not the account: it is the same whether somebody has it or not. A
    /// browser that signed in before has a count of its own, so that strangers can't use it up.
    pub(in crate::flows) async fn may_mail(
        &self,
        address: &str,
        owner: Option<&Identity>,
        visitor: &Visitor,
    ) -> Result<bool, Failure> {
        let mut subject = address.trim().to_lowercase().into_bytes();
        let known = owner.and_then(|owner| self.known_device(visitor, owner.id.as_bytes()));
        subject.extend(known.into_iter().flatten());
        let client = visitor.client.address.to_string().into_bytes();
        let now = self.clock.steady_wall();
        let limits = &self.settings.throttle;
        let mut open = true;
        for (kind, subject) in [
            (ThrottleKind::MailFrom, client),
            (ThrottleKind::Mail, subject),
        ] {
            let counted = self
                .store
                .count_try(kind, &subject, limits.limit(kind), now)
                .await
                .map_err(internal)?;
            open &= counted == Tried::Allowed;
        }
        Ok(open)
    }

    /// What is said instead of sending one more.
    pub(in crate::flows) fn enough_mail() -> Message {
        texts::generic("Too many codes were sent. Wait a quarter of an hour and try again.")
    }

    /// Makes a code or link for this flow, and the mail that carries it. Where nobody has the
    /// address the same work is done: the code opens nothing, and the mail says so to those who
    /// are to be told.
    pub(in crate::flows) fn add_letter(
        &self,
        along: &mut Along,
        record: &FlowRecord,
        visitor: &Visitor,
        letter: &Letter<'_>,
    ) {
        let Letter {
            purpose,
            via,
            address,
            owner,
        } = *letter;
        let secret = purpose.random();
        let lifespan = if purpose.is_link() {
            self.settings.methods.link.lifespan
        } else {
            self.settings.methods.code.lifespan
        };
        let url = self.mail_url(purpose, record, secret.expose());
        let data = MailData {
            code: (!purpose.is_link()).then(|| secret.expose()),
            url: url.as_deref(),
            expires_in: Some(lifespan),
            identity: owner,
            request_url: Some(&record.request_url),
            transient_payload: record.transient_payload.as_ref(),
            factor: None,
        };
        let language = visitor.accept_language.as_deref();
        let recipient = Recipient::new(via, address, language, owner);
        let known = owner.is_some() || purpose == CodePurpose::Registration;
        let mail = if known {
            self.courier.compose(valid(purpose), &recipient, &data)
        } else {
            let data = MailData {
                request_url: data.request_url,
                ..MailData::default()
            };
            self.courier.compose(invalid(purpose), &recipient, &data)
        };
        if known || self.tells_strangers(purpose) {
            along.mails.push(mail);
        }
        let now = self.now();
        along.codes.push(NewCode {
            flow: record.id,
            purpose,
            identity: owner.map(|owner| owner.id),
            via,
            address: address.to_owned(),
            secret,
            issued_at: now,
            expires_at: later(now, lifespan),
        });
    }

    /// Where a mail leads: always below the configured public URL.
    fn mail_url(&self, purpose: CodePurpose, record: &FlowRecord, secret: &str) -> Option<String> {
        match purpose {
            CodePurpose::Verification => {
                Some(self.site.mail_link(record.kind, record.id, "code", secret))
            }
            CodePurpose::RecoveryLink | CodePurpose::VerificationLink => {
                Some(self.site.mail_link(record.kind, record.id, "token", secret))
            }
            CodePurpose::Login | CodePurpose::Registration | CodePurpose::Recovery => None,
        }
    }

    /// Whether people whom we don't know are told so by mail.
    fn tells_strangers(&self, purpose: CodePurpose) -> bool {
        let flows = &self.settings.self_service;
        match purpose {
            CodePurpose::Recovery | CodePurpose::RecoveryLink => {
                flows.recovery.notify_unknown_recipients
            }
            CodePurpose::Verification | CodePurpose::VerificationLink => {
                flows.verification.notify_unknown_recipients
            }
            CodePurpose::Login | CodePurpose::Registration => false,
        }
    }
}

const fn valid(purpose: CodePurpose) -> Template {
    match purpose {
        CodePurpose::Login => Template::LoginCodeValid,
        CodePurpose::Registration => Template::RegistrationCodeValid,
        CodePurpose::Recovery => Template::RecoveryCodeValid,
        CodePurpose::Verification => Template::VerificationCodeValid,
        CodePurpose::RecoveryLink => Template::RecoveryValid,
        CodePurpose::VerificationLink => Template::VerificationValid,
    }
}

/// The mail to somebody who has no account. Codes to sign in have none: it is made and dropped.
const fn invalid(purpose: CodePurpose) -> Template {
    match purpose {
        CodePurpose::Recovery | CodePurpose::Login | CodePurpose::Registration => {
            Template::RecoveryCodeInvalid
        }
        CodePurpose::Verification => Template::VerificationCodeInvalid,
        CodePurpose::RecoveryLink => Template::RecoveryInvalid,
        CodePurpose::VerificationLink => Template::VerificationInvalid,
    }
}
