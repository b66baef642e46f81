//! Why the gateway can't start.

use std::io;
use std::net::SocketAddr;

use crate::document::Problems;
use crate::{audit, bearer, gateway, pages, rules, telemetry, whoami};
#[cfg(feature = "identity")]
use crate::{courier, store};

/// Why the gateway can't start. Nothing was started when this comes back.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The rules are wrong; each problem says where.
    #[error("the rules are not valid")]
    Invalid(Problems),
    /// The system gives no runtime, thread or signal handler.
    #[error("the system refuses threads or signal handlers")]
    System(#[from] io::Error),
    /// An address is taken or not ours.
    #[error("{door} can't listen on {address}")]
    Listen {
        /// Which door.
        door: &'static str,
        /// Where.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A listener's certificates can't be used.
    #[error("{door} listener: {source}")]
    Certificates {
        /// Which door.
        door: &'static str,
        /// What is wrong.
        source: Box<gateway::CertificateError>,
    },
    /// The host of a listener is no address.
    #[error("no address is known for {host}")]
    Address {
        /// The host as written.
        host: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The proxy can't start.
    #[error(transparent)]
    Gateway(#[from] gateway::StartError),
    /// Rule files can't be watched.
    #[error(transparent)]
    Watch(#[from] rules::WatchError),
    /// The log can't be started.
    #[error(transparent)]
    Log(#[from] telemetry::LogError),
    /// The audit log can't be written.
    #[error(transparent)]
    Audit(#[from] audit::AuditError),
    /// The access log can't be written.
    #[error(transparent)]
    AccessLog(#[from] telemetry::AccessLogError),
    /// A text or template of the mails is broken.
    #[cfg(feature = "identity")]
    #[error(transparent)]
    Courier(#[from] courier::CourierError),
    /// A text of the pages is broken.
    #[error(transparent)]
    Pages(#[from] pages::TextError),
    /// There is no demo.
    #[cfg(feature = "identity")]
    #[error(transparent)]
    Demo(#[from] super::demo::DemoError),
    /// The database can't be used.
    #[cfg(feature = "identity")]
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// `secrets` are given, but none of them can be used.
    #[error("no usable secret is configured for the identity service")]
    NoSecrets,
    /// The command needs the identity service, and this build has none.
    #[error(
        "`stepgate {0}` needs the identity service, which this build leaves out; use a build with \
         the feature `identity`"
    )]
    LeftOut(&'static str),
    /// The keys of an issuer can't be read.
    #[error(transparent)]
    Keys(#[from] bearer::NoKeys),
    /// The identity service can't be asked.
    #[error(transparent)]
    Identity(#[from] whoami::NotUsable),
}
