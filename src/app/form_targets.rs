//! Where a form may lead in the end: browsers hold `form-action` against redirects too, so the
//! login page must name the hosts that people come back to.

use std::collections::BTreeSet;

use crate::authz;
use crate::policy::{HostPattern, RuleSet};

/// More hosts than this are not listed one by one: headers have limits.
const MAX_LISTED: usize = 50;

/// Origins for the pages' content policy: the hosts that the rules name, and those that
/// `step_up.return_to_hosts` adds. Pages are made at the start; hosts that a reload adds come with
/// the next start.
pub(super) fn form_targets(config: &authz::Config, rules: &RuleSet) -> Vec<String> {
    let mut hosts: BTreeSet<String> = config
        .return_to_hosts
        .iter()
        .map(|host| host.to_string())
        .collect();
    for rule in rules.rules() {
        for pattern in &rule.matcher().hosts {
            match pattern {
                HostPattern::Exact(host) => hosts.insert(host.as_str().to_owned()),
                HostPattern::Below(parent) => hosts.insert(format!("*.{}", parent.as_str())),
                HostPattern::Any => false,
            };
        }
    }
    if hosts.len() > MAX_LISTED {
        return vec!["https:".to_owned()];
    }
    // Any port and both schemes: the gateway may listen on several. A policy for a page on https
    // never matches a target on http.
    let mut targets: Vec<String> = hosts.into_iter().map(|host| format!("{host}:*")).collect();
    targets.extend(config.public_url.iter().map(|url| url.to_string()));
    targets
}
