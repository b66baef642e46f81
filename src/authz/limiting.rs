//! `limits` of rules: counted at the door, before anything is forwarded.

use std::net::IpAddr;
use std::time::Duration;

use http::HeaderMap;

use super::{Answer, Checker, Client, ErrorId};
use crate::policy::{LimitOf, Limits, Rule};
use crate::rate::{Limit, network};

/// Whose requests one counter counts.
#[derive(Hash)]
enum Counted<'a> {
    Session(&'a str),
    Address(IpAddr),
}

impl Checker {
    /// Counts a request before anybody is asked who it is from, whatever becomes of it.
    ///
    /// # Errors
    /// The time until the next one may come.
    pub(super) fn count_address(&self, rule: &Rule, address: IpAddr) -> Result<(), Duration> {
        match rule.limits() {
            Some(limits) if limits.of == LimitOf::Address => {
                self.count(rule, limits, &Counted::Address(network(address)))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Counts a request that is let through. Without a session, which a rule that only reports
    /// lets pass, the address counts.
    ///
    /// # Errors
    /// The time until the next one may come.
    pub(super) fn count_session(
        &self,
        rule: &Rule,
        session: Option<&str>,
        address: IpAddr,
    ) -> Result<(), Duration> {
        match rule.limits() {
            Some(limits) if limits.of == LimitOf::Session => {
                let counted = match session {
                    Some(id) => Counted::Session(id),
                    None => Counted::Address(network(address)),
                };
                self.count(rule, limits, &counted)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Rules count by name, so that a reload takes nothing back.
    fn count(&self, rule: &Rule, limits: &Limits, counted: &Counted<'_>) -> Result<(), Duration> {
        let limit = Limit {
            count: limits.requests,
            per: limits.per,
        };
        let now = self.clock.monotonic();
        self.rates.take(limit, (rule.id().as_str(), counted), now)
    }
}

/// 429, and when to come again.
pub(super) fn too_many(rule: &Rule, headers: &HeaderMap, retry_after: Duration) -> Answer {
    let client = Client::classify(headers);
    let reason = "there were too many requests in a short time";
    Answer::refusal(ErrorId::TooManyRequests, client, Some(rule.id()), reason)
        .with_retry_after(retry_after)
}
