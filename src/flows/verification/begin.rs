//! Verifications that begin by themselves: after a sign-up, after a change of addresses, and when
//! somebody without a verified address signs in.

use super::{lay_out_sent, purpose_of};
use crate::contract::{ContinueWith, ContinueWithFlow, FlowKind, Transport};
use crate::flows::answer::Failure;
use crate::flows::code::Letter;
use crate::flows::record::{FlowRecord, Opening, Sent};
use crate::flows::service::{Service, internal};
use crate::flows::visitor::Visitor;
use crate::identity::settings::Strategy;
use crate::identity::{Identity, VerifiableAddress, VerificationStatus};
use crate::store::{Account, Along, SentAddress};

/// A verification that began by itself.
pub(in crate::flows) struct Begun {
    record: FlowRecord,
    address: String,
}

impl Begun {
    /// What tells a client of it; `url` is its page, for those who show pages.
    pub(in crate::flows) fn next(&self, url: Option<String>) -> ContinueWith {
        ContinueWith::ShowVerificationUi {
            flow: ContinueWithFlow {
                id: self.record.id.uuid(),
                verifiable_address: Some(self.address.clone()),
                url,
            },
        }
    }

    /// The flow.
    pub(in crate::flows) const fn record(&self) -> &FlowRecord {
        &self.record
    }
}

impl Service {
    /// Begins a verification of each address that nothing was sent to yet. What is to be stored
    /// goes into `along`; `identity` is stored by the caller in the same transaction. `browser` is
    /// the fingerprint of the secret that the browser has afterwards.
    pub(in crate::flows) async fn begin_verifications(
        &self,
        along: &mut Along,
        identity: &mut Identity,
        cause: &FlowRecord,
        visitor: &Visitor,
        browser: Option<String>,
    ) -> Result<Vec<Begun>, Failure> {
        let mut begun = Vec::new();
        let Some(strategy) = self.verifies_by() else {
            return Ok(begun);
        };
        let pending: Vec<usize> = identity
            .verifiable_addresses
            .iter()
            .enumerate()
            .filter(|(_, one)| !one.verified && one.status == VerificationStatus::Pending)
            .map(|(at, _)| at)
            .collect();
        let now = self.now();
        for at in pending {
            let Some(address) = identity.verifiable_addresses.get(at).cloned() else {
                continue;
            };
            if !self
                .may_mail(&address.value, Some(identity), visitor)
                .await?
            {
                continue;
            }
            let opening = self.opening_after(cause, browser.clone());
            let one = self.begin(along, identity, &address, strategy, opening, visitor)?;
            begun.push(one);
            if let Some(address) = identity.verifiable_addresses.get_mut(at) {
                address.status = VerificationStatus::Sent;
                address.updated_at = now;
            }
        }
        Ok(begun)
    }

    /// Begins verifications after a change of settings, which is stored already.
    pub(in crate::flows) async fn verify_after_settings(
        &self,
        cause: &FlowRecord,
        visitor: &Visitor,
        account: &mut Account,
    ) -> Result<Vec<Begun>, Failure> {
        let browser = (cause.transport == Transport::Browser).then(|| visitor.csrf.fingerprint());
        let mut along = Along::default();
        let identity = &mut account.identity;
        let begun = self
            .begin_verifications(&mut along, identity, cause, visitor, browser)
            .await?;
        if begun.is_empty() {
            return Ok(begun);
        }
        let at = self.now();
        along.sent = along
            .codes
            .iter()
            .map(|code| SentAddress {
                identity: identity.id,
                via: code.via,
                value: code.address.clone(),
                at,
            })
            .collect();
        self.store.post(&along).await.map_err(internal)?;
        Ok(begun)
    }

    /// Begins a verification of the first address of somebody who may not go on without one. The
    /// flow is there in any case; the mail only while not too many were sent.
    pub(in crate::flows) async fn begin_required_verification(
        &self,
        identity: &Identity,
        cause: &FlowRecord,
        visitor: &Visitor,
    ) -> Result<Option<Begun>, Failure> {
        let (Some(strategy), Some(address)) =
            (self.verifies_by(), identity.verifiable_addresses.first())
        else {
            return Ok(None);
        };
        let browser = (cause.transport == Transport::Browser).then(|| visitor.csrf.fingerprint());
        let opening = self.opening_after(cause, browser);
        let mut along = Along::default();
        let mut one = self.begin(&mut along, identity, address, strategy, opening, visitor)?;
        along.flows.clear();
        if self
            .may_mail(&address.value, Some(identity), visitor)
            .await?
        {
            along.sent.push(SentAddress {
                identity: identity.id,
                via: address.via,
                value: address.value.clone(),
                at: self.now(),
            });
        } else {
            along = Along::default();
            one.record.messages = vec![Self::enough_mail()];
        }
        self.insert_flow_with(&one.record, &along).await?;
        Ok(Some(one))
    }

    /// How addresses are verified, if they are.
    fn verifies_by(&self) -> Option<Strategy> {
        let flow = &self.settings.self_service.verification;
        let methods = &self.settings.methods;
        match flow.strategy {
            Strategy::Code if flow.enabled && methods.code.enabled => Some(Strategy::Code),
            Strategy::Link if flow.enabled && methods.link.enabled => Some(Strategy::Link),
            Strategy::Code | Strategy::Link => None,
        }
    }

    fn begin(
        &self,
        along: &mut Along,
        identity: &Identity,
        address: &VerifiableAddress,
        strategy: Strategy,
        opening: Opening,
        visitor: &Visitor,
    ) -> Result<Begun, Failure> {
        let mut record = self.verification_record(opening);
        record.sent = Some(Sent {
            address: address.value.clone(),
            identity: Some(identity.id),
            traits: None,
        });
        lay_out_sent(&mut record, strategy, address.via, &address.value);
        let letter = Letter {
            purpose: purpose_of(strategy),
            via: address.via,
            address: &address.value,
            owner: Some(identity),
        };
        self.add_letter(along, &record, visitor, &letter);
        along.flows.push(Self::row_of(&record)?);
        Ok(Begun {
            record,
            address: address.value.clone(),
        })
    }

    /// The verification goes on to where the flow that caused it would have gone, unless that
    /// asked for another place (`after_verification_return_to`).
    fn opening_after(&self, cause: &FlowRecord, browser: Option<String>) -> Opening {
        let (request_url, wanted) = split_return(&cause.request_url);
        let wanted = wanted.filter(|to| self.site.allowed_return(to).is_some());
        Opening {
            kind: FlowKind::Verification,
            transport: cause.transport,
            request_url,
            return_to: wanted.or_else(|| cause.return_to.clone()),
            browser,
        }
    }
}

/// The URL with `after_verification_return_to` in the place of `return_to`, and that place.
fn split_return(url: &str) -> (String, Option<String>) {
    const KEY: &str = "after_verification_return_to";
    let Ok(mut parsed) = url::Url::parse(url) else {
        return (url.to_owned(), None);
    };
    let pairs: Vec<(String, String)> = parsed.query_pairs().into_owned().collect();
    let wanted = pairs.iter().find(|(name, _)| name == KEY);
    let Some(wanted) = wanted.map(|(_, to)| to.clone()).filter(|to| !to.is_empty()) else {
        return (url.to_owned(), None);
    };
    let rest = pairs
        .iter()
        .filter(|(name, _)| name != KEY && name != "return_to");
    parsed
        .query_pairs_mut()
        .clear()
        .extend_pairs(rest)
        .append_pair("return_to", &wanted);
    (parsed.to_string(), Some(wanted))
}
