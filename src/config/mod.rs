//! Files, environment and flags to one [`Config`], the sum of every room's.
//!
//! Read once at the start; all problems are told at once, each with its place. Only this room
//! reads the environment.

mod bearer_jwt;
mod choices;
mod compose;
mod database;
mod decision;
mod environment;
mod external;
mod identity;
mod kratos;
pub mod kratos_format;
mod load;
mod networks;
mod origin;
mod overrides;
mod proxy;
mod public_address;
mod rule_context;
mod sections;
mod step_up;
#[cfg(test)]
mod tests;
mod upstream_identity;
mod upstream_jwt;
mod web_url;

use std::net::SocketAddr;

use ipnet::IpNet;

pub use environment::Environment;
pub use external::External;
pub use kratos::{Kratos, load_kratos, read_kratos};
pub use load::{DEFAULT_FILE, Loaded, RULES_VARIABLE, load, schema};
pub use origin::{Origin, need_restart};
pub use overrides::Override;
pub use public_address::PublicAddress;
pub use rule_context::context_of_rules_alone;
pub use upstream_jwt::UpstreamJwt;

use crate::identity::settings::Ui;
use crate::identity::throttle::ThrottleSettings;
use crate::store::Dsn;
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

/// Stepgate's own identity service.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// Path on the proxy's listeners; `None`: it has a listener of its own.
    pub mount: Option<Box<str>>,
    /// Its own listener.
    pub listen: Option<SocketAddr>,
    /// TLS of its own listener.
    pub tls: Option<gateway::TlsConfig>,
    /// Networks of the proxies in front of its own listener whose `X-Forwarded-*` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Its public URL: fixed, never taken from a request.
    pub public_address: PublicAddress,
    /// Where it keeps its data.
    pub database: Dsn,
    /// Its configuration in Kratos' format.
    pub kratos: Kratos,
    /// A browser session gets a new token at each completed factor.
    pub rotate_on_step_up: bool,
    /// Limits on guessing.
    pub throttle: ThrottleSettings,
    /// Whose pages people see.
    pub ui: Ui,
}
