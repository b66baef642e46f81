//! What rules are checked against beside themselves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::{NetworkSets, UpstreamSettings};
use crate::policy::{CanonicalPath, Host, HostPattern};

/// Looks up a variable for `${NAME}` in rule files.
pub type Variables = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Says whether a client's header is kept from applications, where the rule allows method overrides
/// or does not.
pub type Strips = Arc<dyn Fn(&HeaderName, bool) -> bool + Send + Sync>;

/// What the rest of the configuration means for rules.
#[derive(Clone)]
pub struct Context {
    /// What an upstream has that does not say otherwise.
    pub upstream_defaults: UpstreamSettings,
    /// Paths that Stepgate answers itself, so that no rule may claim them. `/.well-known/stepgate`
    /// is always one.
    pub reserved: Vec<Reserved>,
    /// Where the embedded identity service's cookie goes; `None`: the identity service is another
    /// one, whose cookie we don't know.
    pub session_reach: Option<SessionReach>,
    /// Whether it can be learnt if someone has a second factor. Where not,
    /// `required_aal: highest_available` has no meaning.
    pub second_factor_is_known: bool,
    /// `sessions.serve_stale_when_down`, which a rule can only lower.
    pub serve_stale_when_down: Duration,
    /// Headers that carry the identity to applications: what is in them is no rule's business.
    pub identity_headers: Vec<Box<str>>,
    /// Name of the session cookie.
    pub session_cookie: Box<str>,
    /// `networks` of `stepgate.yaml`.
    pub networks: NetworkSets,
    /// Whether a client's header is kept from applications, so that no rule may rest on it. The
    /// second argument: the rule allows method overrides.
    pub strips: Strips,
    /// Whether each rule has to say where its requests go. Not where a program decides only.
    pub needs_upstreams: bool,
    /// Values for `${NAME}`.
    pub variables: Variables,
}

/// A path that Stepgate answers itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// It and everything below it.
    pub path: CanonicalPath,
    /// On this host only.
    pub host: Option<Host>,
}

/// The hosts that get the session cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionReach {
    /// The host of the identity service.
    pub host: Host,
    /// The cookie's `Domain`: this host and those below it.
    pub domain: Option<Host>,
}

impl Default for Context {
    /// Nothing reserved, nothing known, nothing stripped, no variables.
    fn default() -> Self {
        Self {
            upstream_defaults: UpstreamSettings::default(),
            reserved: Vec::new(),
            session_reach: None,
            second_factor_is_known: true,
            serve_stale_when_down: Duration::ZERO,
            identity_headers: Vec::new(),
            session_cookie: "ory_kratos_session".into(),
            networks: NetworkSets::default(),
            strips: Arc::new(|_, _| false),
            needs_upstreams: true,
            variables: Arc::new(|_| None),
        }
    }
}

impl Context {
    pub(super) fn strips(&self, name: &HeaderName, method_override: bool) -> bool {
        (self.strips)(name, method_override)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("upstream_defaults", &self.upstream_defaults)
            .field("reserved", &self.reserved)
            .field("session_reach", &self.session_reach)
            .field("second_factor_is_known", &self.second_factor_is_known)
            .field("identity_headers", &self.identity_headers)
            .field("session_cookie", &self.session_cookie)
            .field("networks", &self.networks)
            .finish_non_exhaustive()
    }
}

impl SessionReach {
    /// Whether the cookie reaches every host of the pattern. Rules for any host ask for nothing
    /// here: they are about whatever host there is.
    pub(super) fn covers(&self, pattern: &HostPattern) -> bool {
        match (pattern, &self.domain) {
            (HostPattern::Any, _) => true,
            (HostPattern::Exact(host), Some(domain)) => host == domain || host.is_below(domain),
            (HostPattern::Exact(host), None) => *host == self.host,
            (HostPattern::Below(parent), Some(domain)) => {
                parent == domain || parent.is_below(domain)
            }
            (HostPattern::Below(_), None) => false,
        }
    }
}
