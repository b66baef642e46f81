//! Where a form may lead in the end: browsers hold `form-action` against redirects too, so the
//! login page must name the hosts that people come back to.

use std::collections::BTreeSet;

use url::Url;

use crate::authz;
use crate::config::{Config, Identity};
use crate::policy::{HostPattern, RuleSet};

/// More hosts than this are not listed one by one: headers have limits.
const MAX_LISTED: usize = 50;

/// Origins for the pages' content policy: the hosts that the rules name, those that
/// `step_up.return_to_hosts` adds, and the embedded service's own return URLs. Pages are made at
/// the start; hosts that a reload adds come with the next start.
pub(super) fn form_targets(config: &Config, rules: &RuleSet) -> Vec<String> {
    let mut targets = hosts_of_rules(&config.answers, rules);
    if let Identity::Embedded(embedded) = &config.identity {
        targets.extend(return_targets(embedded.return_urls()));
    }
    targets
}

fn hosts_of_rules(config: &authz::Config, rules: &RuleSet) -> Vec<String> {
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

/// The same for the places that the identity service's own configuration names; the host may be
/// `*.domain`.
pub(super) fn return_targets<'u>(urls: impl Iterator<Item = &'u str>) -> Vec<String> {
    let origins: BTreeSet<String> = urls.filter_map(origin).collect();
    if origins.len() > MAX_LISTED {
        return vec!["https:".to_owned()];
    }
    origins.into_iter().collect()
}

fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    let port = url.port().map(|port| format!(":{port}"));
    Some(format!(
        "{}://{host}{}",
        url.scheme(),
        port.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_may_lead_to_the_origins_of_return_urls() {
        let urls = [
            "https://app.test/in/side?x=1",
            "http://localhost:3000",
            "https://*.shop.test/",
            "https://app.test:443/other",
            "/relative",
            "",
        ];
        let expected = [
            "http://localhost:3000",
            "https://*.shop.test",
            "https://app.test",
        ];
        assert_eq!(return_targets(urls.into_iter()), expected);
    }
}
