//! Whose code it is: accounts by the address that a code goes to.

use crate::flows::answer::Failure;
use crate::flows::form::{CodeAddress, channel_of, code_addresses};
use crate::flows::service::{Service, internal};
use crate::identity::CredentialType;
use crate::identity::credential::fold_identifier;
use crate::store::Account;

impl Service {
    /// The account that signs in with codes sent to this address, and the address as it is kept.
    /// With `missing_credential_fallback_enabled` a verifiable address does, too.
    pub(super) async fn account_of_code(
        &self,
        identifier: &str,
    ) -> Result<Option<(Account, CodeAddress)>, Failure> {
        let kind = CredentialType::Code;
        let folded = fold_identifier(kind, identifier);
        let found = self.store.account_by_identifier(kind, &folded).await;
        if let Some(account) = found.map_err(internal)? {
            let known = account.credentials.find(kind).map(code_addresses);
            let address = known
                .into_iter()
                .flatten()
                .find(|address| address.value == folded);
            return Ok(address.map(|address| (account, address)));
        }
        if !self.settings.methods.code.missing_credential_fallback {
            return Ok(None);
        }
        let via = channel_of(&folded);
        let found = self.store.account_by_address(false, via, &folded).await;
        let address = CodeAddress { via, value: folded };
        Ok(found.map_err(internal)?.map(|account| (account, address)))
    }

    /// The addresses that a second factor of this account can be sent to.
    pub(in crate::flows) fn code_factors(&self, account: &Account) -> Vec<CodeAddress> {
        let code = &self.settings.methods.code;
        if !(code.enabled && code.mfa_enabled) {
            return Vec::new();
        }
        match account.credentials.find(CredentialType::Code) {
            Some(credential) => code_addresses(credential),
            None if code.missing_credential_fallback => account
                .identity
                .verifiable_addresses
                .iter()
                .map(|one| CodeAddress {
                    via: one.via,
                    value: one.value.clone(),
                })
                .collect(),
            None => Vec::new(),
        }
    }
}
