//! Lookup secrets: the second step at login, and the settings.

use super::answer::Failure;
use super::current::Current;
use super::form::{has_lookup_secrets, lookup_pending_nodes, lookup_revealed_nodes};
use super::login::Try;
use super::login_done::Passed;
use super::record::FlowRecord;
use super::service::{Service, internal};
use super::settings_methods::Changed;
use super::visitor::Visitor;
use crate::aal::{Aal, AuthenticationMethod};
use crate::contract::{Node, NodeGroup, texts};
use crate::identity::credential::lookup;
use crate::identity::throttle::ThrottleKind;
use crate::identity::{AmrEntry, Credential, CredentialType, IdentityEvent};
use crate::store::LookupUse;
use crate::web::Fields;

/// What is to be done with lookup secrets, in the order in which it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookupChange {
    Confirm,
    Reveal,
    Disable,
    Regenerate,
}

impl LookupChange {
    pub(super) fn find(fields: &Fields) -> Option<Self> {
        let all = [
            ("lookup_secret_confirm", Self::Confirm),
            ("lookup_secret_reveal", Self::Reveal),
            ("lookup_secret_disable", Self::Disable),
            ("lookup_secret_regenerate", Self::Regenerate),
        ];
        all.into_iter()
            .find(|(name, _)| fields.is_true(name))
            .map(|(_, change)| change)
    }
}

impl Service {
    /// Tries a lookup secret. Each counts once.
    pub(super) async fn try_lookup_secret(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        fields: &Fields,
        current: &Current,
    ) -> Result<Try, Failure> {
        record.fill("lookup_secret", None);
        let code = fields.text("lookup_secret").unwrap_or_default();
        if code.is_empty() {
            record.say_at("lookup_secret", texts::required("lookup_secret"));
            return Ok(Try::Wrong);
        }
        if !has_lookup_secrets(&current.account.credentials) {
            return Ok(Self::wrong(record, texts::no_lookup_secrets()));
        }
        let id = current.account.identity.id;
        let gate = self
            .count_try(ThrottleKind::SecondFactor, id.as_bytes(), visitor)
            .await?;
        if !gate.is_open() {
            return Ok(Self::wrong(record, texts::lookup_secret_wrong()));
        }
        let used = self
            .store
            .use_lookup_secret(id, &code, self.clock.steady_wall())
            .await
            .map_err(internal)?;
        match used {
            LookupUse::Taken => {}
            LookupUse::Spent => return Ok(Self::wrong(record, texts::lookup_secret_used())),
            LookupUse::Unknown => return Ok(Self::wrong(record, texts::lookup_secret_wrong())),
        }
        self.forgive_try(gate).await?;
        let method = AuthenticationMethod::LookupSecret;
        Ok(Try::Passed(Box::new(Passed {
            account: current.account.clone(),
            step: AmrEntry::new(method, Aal::Aal2, self.now()),
            same_person: true,
        })))
    }

    /// Shows, makes, keeps or takes away lookup secrets. Needs a fresh sign-in.
    pub(super) async fn change_lookup_secrets(
        &self,
        record: &mut FlowRecord,
        current: &Current,
        fields: &Fields,
        change: LookupChange,
    ) -> Result<Changed, Failure> {
        if !self.is_privileged(current, false) {
            return Ok(Changed::SignInAgain);
        }
        match change {
            LookupChange::Reveal => Ok(Self::reveal_lookup_secrets(record, current, fields)),
            LookupChange::Regenerate => {
                let codes = lookup::random_codes();
                show(record, lookup_pending_nodes(&codes), fields);
                record.lookup_pending = codes.into_iter().map(|one| one.code).collect();
                Ok(Changed::Shown)
            }
            LookupChange::Confirm => self.keep_lookup_secrets(record, current).await,
            LookupChange::Disable => {
                let mut account = current.account.clone();
                account.credentials.remove(CredentialType::LookupSecret);
                self.save_account(record, account, None, |identity| {
                    IdentityEvent::FactorsChanged { identity }
                })
                .await
            }
        }
    }

    fn reveal_lookup_secrets(
        record: &mut FlowRecord,
        current: &Current,
        fields: &Fields,
    ) -> Changed {
        let credential = current
            .account
            .credentials
            .find(CredentialType::LookupSecret);
        let codes = credential.map(lookup::codes_of).unwrap_or_default();
        if codes.is_empty() {
            let text = "There are no backup codes that could be shown.";
            record.messages.push(texts::generic(text));
            return Changed::Refused;
        }
        show(record, lookup_revealed_nodes(&codes), fields);
        Changed::Shown
    }

    /// Keeps the codes that the flow showed. They leave the flow by one conditional write before
    /// they count, so that a second confirmation cannot bring used ones back.
    async fn keep_lookup_secrets(
        &self,
        record: &mut FlowRecord,
        current: &Current,
    ) -> Result<Changed, Failure> {
        let pending = std::mem::take(&mut record.lookup_pending);
        if pending.is_empty() || !self.save_flow(record).await? {
            let text = "Make new backup codes before you confirm that you kept them.";
            record.messages.push(texts::generic(text));
            return Ok(Changed::Refused);
        }
        let fresh = |code| lookup::LookupSecret {
            code,
            used_at: None,
        };
        let codes: Vec<_> = pending.into_iter().map(fresh).collect();
        let mut account = current.account.clone();
        let now = self.now();
        account.credentials.set(Credential::new(
            CredentialType::LookupSecret,
            vec![account.identity.id.to_string()],
            lookup::config(&codes),
            now,
        ));
        let changed = self
            .save_account(record, account, None, |identity| {
                IdentityEvent::FactorsChanged { identity }
            })
            .await?;
        let step = AmrEntry::new(AuthenticationMethod::LookupSecret, Aal::Aal2, now);
        Ok(changed.with_step(step))
    }
}

/// Puts these nodes in place of the part, at the end of the form.
fn show(record: &mut FlowRecord, nodes: Vec<Node>, fields: &Fields) {
    record
        .nodes
        .retain(|node| node.group != NodeGroup::LookupSecret);
    record.nodes.extend(nodes);
    record.keep_transient_payload(fields);
}
