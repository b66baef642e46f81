//! Files, environment and flags to one [`Config`], the sum of every room's.
//!
//! Read once at the start; all problems are told at once, each with its place. Only this room
//! reads the environment.

mod bearer_jwt;
mod choices;
mod client_certificates;
mod compose;
#[cfg(feature = "identity")]
mod database;
mod decision;
#[cfg(feature = "identity")]
mod embedded;
#[cfg(not(feature = "identity"))]
#[path = "no_embedded.rs"]
mod embedded;
#[cfg(test)]
#[cfg(feature = "identity")]
mod embedded_tests;
mod environment;
mod external;
mod identity;
#[cfg(feature = "identity")]
mod kratos;
#[cfg(feature = "identity")]
pub mod kratos_format;
mod load;
mod networks;
mod origin;
mod overrides;
mod proxy;
#[cfg(feature = "identity")]
mod public_address;
mod rule_context;
mod sections;
mod step_up;
#[cfg(test)]
mod tests;
mod upstream_identity;
mod upstream_jwt;
mod web_url;

pub use embedded::Embedded;
pub use environment::Environment;
pub use external::External;
#[cfg(feature = "identity")]
pub use kratos::{Kratos, load_kratos, read_kratos};
pub use load::{DEFAULT_FILE, Loaded, RULES_VARIABLE, load, schema};
pub use origin::{Origin, need_restart};
pub use overrides::Override;
#[cfg(feature = "identity")]
pub use public_address::PublicAddress;
pub use rule_context::context_of_rules_alone;
pub use upstream_jwt::UpstreamJwt;

use crate::{admin, audit, authz, bearer, gateway, resume, rules, streams, telemetry, whoami};

/// Everything that the program was told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Doors 1 and 2, whose listeners share their workers; `None`: neither runs.
    pub proxy: Option<gateway::Config>,
    /// The rules and upstreams.
    pub rules: rules::Config,
    /// The identity service.
    pub identity: Identity,
    /// The session check.
    pub sessions: whoami::Config,
    /// Signed tokens for applications; `None`: there are none.
    pub upstream_jwt: Option<UpstreamJwt>,
    /// Issuers whose tokens are a credential.
    pub bearer: Vec<bearer::Issuer>,
    /// How streams are looked after.
    pub streams: streams::Config,
    /// Where people are sent and may come back from.
    pub answers: authz::Config,
    /// What waits while more is asked of its sender.
    pub keep_body: resume::Config,
    /// Door 4; `None`: it is switched off.
    pub admin: Option<admin::Config>,
    /// TLS of door 4.
    pub admin_tls: Option<gateway::TlsConfig>,
    /// Logs.
    pub telemetry: telemetry::Config,
    /// The audit log (`telemetry.audit_log`).
    pub audit: audit::Config,
}

/// Who knows the sessions.
#[derive(Clone, Debug)]
pub enum Identity {
    /// A running Kratos.
    External(Box<External>),
    /// Stepgate's own service, in this process.
    Embedded(Box<Embedded>),
}
