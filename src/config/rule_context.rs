//! What rules are checked against.

use std::sync::Arc;

use super::{Config, Environment, Identity, PublicAddress};
use crate::policy::{CanonicalPath, Host};
use crate::rules::{Context, Reserved, SessionReach};
use crate::whoami::WhoamiRequiredAal;

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
            variables: Arc::new(move |name| environment.variable(name)),
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
        let Identity::Embedded(embedded) = &self.identity else {
            return None;
        };
        let host = match &embedded.public_address {
            PublicAddress::Loopback { .. } => Host::parse("localhost").ok()?,
            PublicAddress::Fixed { host, .. } => host.clone(),
        };
        let domain = embedded.kratos.cookie_domain.as_deref();
        Some(SessionReach {
            host,
            domain: domain.and_then(|domain| Host::parse(domain.trim_start_matches('.')).ok()),
        })
    }
}
