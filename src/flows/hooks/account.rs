//! Hooks around the saving of an account.

use serde_json::Value;

use super::{HookFacts, HookMoment, Hooked, IdentityPatch};
use crate::contract::FlowKind;
use crate::contract::Problem;
use crate::flows::answer::Failure;
use crate::flows::record::FlowRecord;
use crate::flows::service::{Service, internal};
use crate::flows::visitor::Visitor;
use crate::identity::settings::{AfterFlow, Hook};
use crate::identity::{IdentityState, VerificationStatus};
use crate::store::Account;

/// Who saves a change, and by which method: what hooks need that run just before it is stored.
#[derive(Clone)]
pub struct Saving {
    /// Whose request it is.
    pub(in crate::flows) visitor: Visitor,
    /// The method's wire name.
    pub(in crate::flows) method: &'static str,
}

impl Service {
    /// What follows the success of a flow.
    pub(in crate::flows) fn after(&self, kind: FlowKind) -> &AfterFlow {
        let flows = &self.settings.self_service;
        match kind {
            FlowKind::Login => &flows.login.after,
            FlowKind::Registration => &flows.registration.flow.after,
            FlowKind::Settings => &flows.settings.flow.after,
            FlowKind::Recovery => &flows.recovery.flow.after,
            FlowKind::Verification => &flows.verification.flow.after,
        }
    }

    /// Runs the hooks that may stop the saving of `account` or add to it. `false`: one stopped it,
    /// and the record says why.
    pub(in crate::flows) async fn hooks_before_saving(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        method: &str,
        account: &mut Account,
    ) -> Result<bool, Failure> {
        let hooks = self.after(record.kind).hooks_for(method).to_vec();
        if !hooks.iter().any(|hook| hook.as_web_hook().is_some()) {
            return Ok(true);
        }
        let facts = HookFacts::of(&account.identity);
        let moment = HookMoment::BeforeSaving;
        let ran = self.run_web_hooks(&hooks, moment, record, visitor, &facts);
        match ran.await? {
            Hooked::Stopped => Ok(false),
            Hooked::GoOn(patches) => {
                for patch in patches {
                    self.patch(account, patch)?;
                }
                Ok(true)
            }
        }
    }

    /// Runs the hooks that are told of what was saved.
    pub(in crate::flows) async fn hooks_after_saving(
        &self,
        record: &mut FlowRecord,
        visitor: &Visitor,
        hooks: &[Hook],
        facts: &HookFacts,
    ) -> Result<(), Failure> {
        let moment = HookMoment::AfterSaving;
        let ran = self.run_web_hooks(hooks, moment, record, visitor, facts);
        ran.await.map(drop)
    }

    fn patch(&self, account: &mut Account, patch: IdentityPatch) -> Result<(), Failure> {
        let now = self.now();
        let Account {
            identity,
            credentials,
        } = account;
        let given = |value: Option<Value>| value.filter(|value| !value.is_null());
        if let Some(traits) = given(patch.traits).filter(|traits| *traits != identity.traits) {
            let schema = self.settings.schemas.find(&identity.schema_id);
            let schema = schema.ok_or_else(|| internal("the identity's schema is missing"))?;
            if schema.validate(&traits).is_err() {
                tracing::error!("the traits of a web hook's answer do not follow the schema");
                return Err(Problem::internal().into());
            }
            identity.traits = traits;
            schema.apply(identity, credentials, now);
        }
        if let Some(metadata) = given(patch.metadata_public) {
            identity.metadata_public = Some(metadata);
        }
        if let Some(metadata) = given(patch.metadata_admin) {
            identity.metadata_admin = Some(metadata);
        }
        match patch.state.as_deref() {
            Some("active") => identity.set_state(IdentityState::Active, now),
            Some("inactive") => identity.set_state(IdentityState::Inactive, now),
            Some(_) | None => {}
        }
        for known in patch
            .verifiable_addresses
            .iter()
            .filter(|known| known.verified)
        {
            let addresses = identity.verifiable_addresses.iter_mut();
            for address in addresses.filter(|one| one.value == known.value && !one.verified) {
                address.verified = true;
                address.status = VerificationStatus::Completed;
                address.verified_at = Some(now);
                address.updated_at = now;
            }
        }
        Ok(())
    }
}
