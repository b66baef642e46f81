//! What the rules know of a place that somebody wants to go to after signing in.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use http::{HeaderMap, Method};
use url::Url;

use crate::flows::OwnPlaces;
use crate::policy::{Found, Host, Request, RequiredAal, Rule, Scheme};
use crate::resume::STEP_UP_PATH;
use crate::rules::RuleStore;
use crate::selfservice::{Purpose, Purposes};

/// The hosts and pages of the gateway.
pub(super) struct Places {
    rules: Arc<RuleStore>,
    /// `step_up.return_to_hosts`
    hosts: Vec<Box<str>>,
    /// Scheme, host and port of the identity service's public URL.
    identity: Option<Url>,
    /// The gateway's ports.
    ports: Vec<u16>,
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").finish_non_exhaustive()
    }
}

impl Places {
    pub(super) fn new(
        rules: Arc<RuleStore>,
        hosts: Vec<Box<str>>,
        identity_url: &str,
        ports: Vec<u16>,
    ) -> Self {
        Self {
            rules,
            hosts,
            identity: Url::parse(identity_url).ok(),
            ports,
        }
    }

    /// The rule that a visit of this URL would reach.
    fn with_rule<T>(&self, url: &Url, read: impl FnOnce(&Rule) -> T) -> Option<T> {
        let mut target = url.path().to_owned();
        if let Some(query) = url.query() {
            target = [&target, "?", query].concat();
        }
        let (path, query) = Request::parse_target(&target).ok()?;
        let request = Request {
            method: Method::GET,
            scheme: if url.scheme() == "https" {
                Scheme::Https
            } else {
                Scheme::Http
            },
            host: Host::parse(url.host_str()?).ok()?,
            port: url.port(),
            path,
            query,
            client_ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        };
        let rules = self.rules.current();
        match rules.find(&request, &HeaderMap::new()) {
            Found::Rule(found) => Some(read(rules.rule(found.rule()))),
            Found::MethodNotAllowed(_)
            | Found::NoRule
            | Found::UnknownHost
            | Found::Ambiguous(_) => None,
        }
    }

    fn knows_host(&self, host: &str) -> bool {
        let listed = |pattern: &str| {
            pattern
                .strip_prefix('*')
                .map_or(pattern == host, |suffix| host.ends_with(suffix))
        };
        let loopback = matches!(host, "localhost" | "[::1]")
            || host
                .parse::<Ipv4Addr>()
                .is_ok_and(|address| address.is_loopback());
        let ruled = Host::parse(host).is_ok_and(|host| self.rules.current().names_host(&host));
        ruled || loopback || self.hosts.iter().any(|pattern| listed(pattern))
    }
}

impl OwnPlaces for Places {
    fn is_ours(&self, url: &Url) -> bool {
        let Some(identity) = &self.identity else {
            return false;
        };
        // With a mount the identity service shares its origin with applications.
        if identity.origin() == url.origin() {
            return true;
        }
        let Some(host) = url.host_str() else {
            return false;
        };
        let port = url.port_or_known_default();
        let same_port = port == identity.port_or_known_default();
        let known_port = same_port || port.is_some_and(|port| self.ports.contains(&port));
        url.scheme() == identity.scheme() && known_port && self.knows_host(host)
    }
}

impl Purposes for Places {
    fn purpose_of(&self, return_to: &str) -> Option<Purpose> {
        let base = self.identity.as_ref()?;
        let url = base.join(return_to).ok()?;
        let purpose = |rule: &Rule| Purpose {
            reason: rule.reason().map(str::to_owned),
            second_factor: rule.requirement().required_aal == RequiredAal::Aal2,
        };
        if !url.path().starts_with(STEP_UP_PATH) {
            return self.with_rule(&url, purpose);
        }
        // A request waits there; its page says which rule it is for.
        let (_, id) = url.query_pairs().find(|(name, _)| name == "rule")?;
        let rules = self.rules.current();
        let rule = rules.rules().iter().find(|rule| rule.id().as_str() == id)?;
        Some(purpose(rule))
    }
}
