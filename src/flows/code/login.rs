//! Signing in with a code: as the first factor, or as the second one.

use crate::aal::{Aal, AuthenticationMethod};
use crate::contract::Problem;
use crate::contract::{FlowState, Transport, texts};
use crate::flows::answer::Failure;
use crate::flows::code::{Letter, Tried};
use crate::flows::current::Current;
use crate::flows::form::{CodeAddress, channel_of, login_code_nodes, login_code_refused_nodes};
use crate::flows::login::Try;
use crate::flows::login_done::Passed;
use crate::flows::record::{FlowRecord, Sent};
use crate::flows::service::{Service, internal};
use crate::flows::visitor::Visitor;
use crate::identity::AmrEntry;
use crate::identity::code::CodePurpose;
use crate::identity::credential::fold_identifier;
use crate::identity::{CredentialType, Identity};
use crate::store::{Account, Along, TakenCode};
use crate::web::Fields;

impl Service {
    /// Whether codes are this factor.
    pub(in crate::flows) fn signs_in_by_code(&self, second_factor: bool) -> bool {
        let code = &self.settings.methods.code;
        let factor = if second_factor {
            code.mfa_enabled
        } else {
            code.passwordless_enabled
        };
        code.enabled && factor
    }

    /// Sends a code, or tries the one that was sent. `current` is whose second factor it is.
    pub(in crate::flows) async fn try_code(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        current: Option<&Current>,
    ) -> Result<Try, Failure> {
        let resend = fields.text("resend").is_some_and(|text| !text.is_empty());
        if resend {
            record.state = FlowState::ChooseMethod;
        }
        if record.state == FlowState::SentEmail {
            record.transient_payload = None;
            return self.enter_code(record, visitor, fields, current).await;
        }
        record.keep_transient_payload(fields);
        self.ask_for_code(record, visitor, fields, current).await
    }

    async fn ask_for_code(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        current: Option<&Current>,
    ) -> Result<Try, Failure> {
        let second = current.filter(|_| record.second_factor);
        let asked = second
            .and_then(|_| fields.text("address"))
            .or_else(|| fields.text("identifier"))
            .unwrap_or_default();
        if asked.trim().is_empty() {
            record.transient_payload = None;
            record.fill("identifier", Some("".into()));
            record.say_at("identifier", texts::required("identifier"));
            return Ok(Try::Wrong);
        }
        let found = match second {
            Some(current) => self
                .factor_of(&current.account, &asked)
                .map(|address| (current.account.clone(), address)),
            None => self.account_of_code(&asked).await?,
        };
        if found.is_none() && !(self.settings.hide_accounts && second.is_none()) {
            record.transient_payload = None;
            Self::keep_identifier(record, fields);
            return Ok(Self::wrong(record, texts::no_code_account()));
        }
        let folded = fold_identifier(CredentialType::Code, &asked);
        let via = channel_of(&folded);
        let (owner, address) = match found {
            Some((account, address)) => (Some(account.identity), address),
            None => (None, CodeAddress { via, value: folded }),
        };
        let owner = owner.as_ref();
        match self
            .send_login_code(record, visitor, &address, owner)
            .await?
        {
            Some(along) => Ok(Try::Sent(Box::new(along))),
            None => {
                Self::keep_identifier(record, fields);
                Ok(Self::wrong(record, Self::enough_mail()))
            }
        }
    }

    /// One of the account's own addresses for codes; nobody else's.
    fn factor_of(&self, account: &Account, asked: &str) -> Option<CodeAddress> {
        let folded = fold_identifier(CredentialType::Code, asked);
        let mut addresses = self.code_factors(account).into_iter();
        addresses.find(|address| address.value == folded)
    }

    /// Makes a code and changes the form, which the caller stores together. `None` when too many
    /// were sent.
    async fn send_login_code(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        address: &CodeAddress,
        owner: Option<&Identity>,
    ) -> Result<Option<Along>, Failure> {
        if !self.may_mail(&address.value, owner, visitor).await? {
            return Ok(None);
        }
        let browser = record.transport == Transport::Browser;
        record.nodes = login_code_nodes(&record.nodes, &address.value, browser);
        record.messages = vec![if record.second_factor {
            texts::second_factor_code_sent()
        } else {
            texts::login_code_sent()
        }];
        record.state = FlowState::SentEmail;
        record.active = Some(AuthenticationMethod::Code.as_str().to_owned());
        record.sent = Some(Sent {
            address: address.value.clone(),
            identity: owner.map(|owner| owner.id),
            traits: None,
        });
        let mut along = Along::default();
        let letter = Letter {
            purpose: CodePurpose::Login,
            via: address.via,
            address: &address.value,
            owner,
        };
        self.add_letter(&mut along, record, visitor, &letter);
        Ok(Some(along))
    }

    /// Where a code is the only second factor and has one address only, it is sent when the second
    /// step opens. Once too many were sent the form asks for it.
    pub(in crate::flows) async fn send_unasked(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        current: Option<&Current>,
    ) -> Result<Along, Failure> {
        let Some(current) = current.filter(|_| record.second_factor) else {
            return Ok(Along::default());
        };
        let offered = record.nodes.iter().filter(|node| node.name() == "address");
        let credentials = &current.account.credentials;
        let factors = credentials.second_factors(&self.settings.methods.code);
        let only = offered.count() == 1 && factors <= 1;
        let mut addresses = self.code_factors(&current.account).into_iter();
        let (Some(address), None, true) = (addresses.next(), addresses.next(), only) else {
            return Ok(Along::default());
        };
        let owner = Some(&current.account.identity);
        let sent = self
            .send_login_code(record, visitor, &address, owner)
            .await?;
        Ok(sent.unwrap_or_default())
    }

    /// The addresses that `via` in the query leaves: the one that the trait at this path holds.
    pub(in crate::flows) fn offered_addresses(
        &self,
        visitor: &Visitor,
        current: &Current,
    ) -> Result<Vec<CodeAddress>, Failure> {
        let all = self.code_factors(&current.account);
        let Some(path) = visitor.query.find("via").filter(|path| !path.is_empty()) else {
            return Ok(all);
        };
        let traits = &current.account.identity.traits;
        let mut names = path.trim_start_matches("traits.").split('.');
        let value = names.try_fold(traits, |at, name| at.get(name));
        let Some(value) = value.and_then(serde_json::Value::as_str) else {
            let reason = "No value found for the trait that via names in this identity.";
            return Err(Problem::bad_request(reason).into());
        };
        let folded = fold_identifier(CredentialType::Code, value);
        Ok(all.into_iter().filter(|one| one.value == folded).collect())
    }

    async fn enter_code(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        current: Option<&Current>,
    ) -> Result<Try, Failure> {
        let identifier = fields.text("identifier").unwrap_or_default();
        let code = fields.text("code").unwrap_or_default();
        let mut missing = vec![("code", code.trim().is_empty())];
        if !record.second_factor {
            missing.push(("identifier", identifier.trim().is_empty()));
        }
        if missing.iter().any(|(_, empty)| *empty) {
            record.nodes = login_code_refused_nodes(&identifier);
            for (name, _) in missing.iter().filter(|(_, empty)| *empty) {
                record.say_at(name, texts::required(name));
            }
            return Ok(Try::Wrong);
        }
        // A code counts for whom it was sent to. A try for somebody else is a wrong one.
        let meant = self.is_meant(record, &identifier, current);
        let code = if meant { code.as_str() } else { "" };
        let tried = self
            .try_sent(record, visitor, CodePurpose::Login, code)
            .await?;
        let taken = match tried {
            Tried::Right(taken) => taken,
            Tried::Wrong => {
                record.nodes = login_code_refused_nodes(&identifier);
                return Ok(Self::wrong(record, texts::login_code_wrong()));
            }
            Tried::TooMany => {
                record.nodes = login_code_refused_nodes(&identifier);
                return Ok(Self::wrong(record, Self::too_many_tries()));
            }
        };
        self.passed_by_code(record, &identifier, &taken, current)
            .await
    }

    fn is_meant(&self, record: &FlowRecord, identifier: &str, current: Option<&Current>) -> bool {
        let Some(sent) = &record.sent else {
            return false;
        };
        if record.second_factor {
            let who = current.map(|current| current.account.identity.id);
            return who.is_some() && sent.identity == who;
        }
        fold_identifier(CredentialType::Code, identifier) == sent.address
    }

    async fn passed_by_code(
        &self,
        record: &mut FlowRecord,
        identifier: &str,
        taken: &TakenCode,
        current: Option<&Current>,
    ) -> Result<Try, Failure> {
        let account = match taken.identity {
            Some(id) => {
                self.mark_verified(id, taken).await?;
                self.store.account(id).await.map_err(internal)?
            }
            None => None,
        };
        let Some(account) = account else {
            record.nodes = login_code_refused_nodes(identifier);
            return Ok(Self::wrong(record, texts::login_code_wrong()));
        };
        if !Self::can_sign_in(&account) {
            record.nodes = login_code_refused_nodes(identifier);
            return Ok(Self::wrong(record, texts::identity_disabled()));
        }
        let same_person =
            current.is_some_and(|current| current.account.identity.id == account.identity.id);
        if record.second_factor && !same_person {
            return Err(Problem::aal1_required().into());
        }
        let level = if record.second_factor {
            Aal::Aal2
        } else {
            Aal::Aal1
        };
        let step = AmrEntry::new(AuthenticationMethod::Code, level, self.now());
        Ok(Try::Passed(Box::new(Passed {
            account,
            step,
            same_person,
        })))
    }
}
