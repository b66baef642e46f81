//! What rules are checked against.

use std::sync::Arc;

use super::upstream_identity::usual_headers;
use super::{Config, Environment, Identity};
use crate::authz::{Lifted, Strip};
use crate::gateway::{IdentityHeaders, ListenerDoor};
use crate::policy::CanonicalPath;
use crate::rules::{Context, NetworkSets, Reserved, SessionReach, Strips};
use crate::whoami::WhoamiRequiredAal;

/// What rules are checked against where there is no configuration, or none that can be read.
#[must_use]
pub fn context_of_rules_alone(networks: NetworkSets, environment: &Environment) -> Context {
    let environment = environment.clone();
    Context {
        networks,
        strips: strips(&usual_headers()),
        variables: Arc::new(move |name| environment.variable(name)),
        ..Context::default()
    }
}

/// Which headers of a client never reach the application.
fn strips(headers: &IdentityHeaders) -> Strips {
    let strip = Strip::new(headers.own_names());
    Arc::new(move |name, method_override| {
        let lifted = Lifted {
            trusted_peer: false,
            method_override,
        };
        strip.takes(name, lifted)
    })
}

impl Config {
    /// What the rest of the configuration means for rules.
    #[must_use]
    pub fn rule_context(&self, environment: &Environment) -> Context {
        let environment = environment.clone();
        Context {
            upstream_defaults: self.rules.upstream_defaults.clone(),
            reserved: self.reserved().into_iter().collect(),
            session_reach: self.session_reach(),
            second_factor_is_known: match &self.identity {
                Identity::Embedded(_) => true,
                Identity::External(external) => match external.service.whoami_required_aal {
                    WhoamiRequiredAal::HighestAvailable => true,
                    WhoamiRequiredAal::Aal1 => external.service.admin_url.is_some(),
                },
            },
            serve_stale_when_down: self.sessions.serve_stale_when_down,
            identity_headers: self
                .sessions
                .identity_headers
                .iter()
                .map(|(name, _)| Box::from(name.as_str()))
                .collect(),
            session_cookie: self
                .proxy
                .as_ref()
                .map(|proxy| proxy.session_cookie.clone())
                .unwrap_or_default(),
            networks: self.rules.networks.clone(),
            strips: match &self.proxy {
                Some(proxy) => strips(&proxy.identity),
                None => strips(&usual_headers()),
            },
            needs_upstreams: self.needs_upstreams(),
            variables: Arc::new(move |name| environment.variable(name)),
        }
    }

    /// Where only decisions are asked for, rules name no upstream; beside a proxy they may leave
    /// it out for what other proxies forward.
    fn needs_upstreams(&self) -> bool {
        let listeners = self.proxy.iter().flat_map(|proxy| &proxy.listeners);
        let mut doors = listeners.map(|listener| listener.door);
        !doors.any(|door| door != ListenerDoor::Proxy)
    }

    /// Whether the identity service keeps a session to itself until its second factor was used,
    /// where there is one.
    #[must_use]
    pub fn hides_lower_sessions(&self) -> bool {
        match &self.identity {
            Identity::Embedded(_) => false,
            Identity::External(external) => match external.service.whoami_required_aal {
                WhoamiRequiredAal::HighestAvailable => true,
                WhoamiRequiredAal::Aal1 => false,
            },
        }
    }

    /// The mount, which no rule may claim.
    fn reserved(&self) -> Option<Reserved> {
        let mount = self.proxy.as_ref()?.mount.as_ref()?;
        Some(Reserved {
            path: CanonicalPath::parse(&mount.path).ok()?,
            host: mount.host.clone(),
        })
    }

    /// The hosts that get the embedded service's cookie.
    fn session_reach(&self) -> Option<SessionReach> {
        match &self.identity {
            Identity::Embedded(embedded) => embedded.session_reach(),
            Identity::External(_) => None,
        }
    }
}
