//! Door 1, the proxy: client connections in, decisions asked, requests forwarded.
//!
//! Each worker is a thread with a single-threaded runtime; a request stays on it from its first
//! byte to its last. `listener` takes connections, `serve` speaks HTTP on them, `facts` reads what
//! a request is, `proxy` has it decided, `headers` and `upstream` act on the decision and ask for
//! the [`crate::policy::Permit`] that proves it.

mod alarm;
mod audited;
mod body;
mod client;
mod config;
mod counted;
mod exchange;
mod facts;
mod failing;
mod frames;
mod guest;
mod head_scan;
mod headers;
mod listener;
mod live;
mod log;
mod mount;
mod objection;
mod open;
mod preface;
mod proxy;
mod request_id;
mod respond;
mod resume;
mod serve;
mod socket_file;
mod start;
mod stream;
mod tls;
mod tunnel;
mod turn;
mod upgrade;
mod upstream;
mod watched;
mod worker;

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;

pub use config::{
    CertificateFiles, Config, IdentityHeaders, Limits, ListenAddress, ListenerConfig, ListenerDoor,
    Mount, MountTarget, PublicUrl, SocketMode, Timeouts, TlsConfig, TlsVersion,
};
pub use guest::{Caller, Guest, GuestAnswer, NamedGuest};
pub use mount::{KEYS_PATH, OWN_PATH};
pub use open::OpenConnections;
pub use resume::{Naming, People, Resume};
pub use start::{BoundListeners, Running, StartError, bind, start};
pub use tls::{CertificateError, Tls};

use crate::audit::Audit;
use crate::authz::Checker;
use crate::clock::Clock;
use crate::minting::Minter;
use crate::pages::Pages;
use crate::streams::Switchboard;
use crate::telemetry::{AccessLog, Traffic};

/// A body towards or from a service of this process.
pub type LocalBody = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// An answer under way.
pub type LocalAnswer = Pin<Box<dyn Future<Output = Response<LocalBody>> + Send>>;

/// Which of the gateway's own places a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LocalPlace {
    /// Below `identity.embedded.mount`; the path comes without the mount.
    Mount,
    /// Below `/.well-known/stepgate`; the path comes whole.
    WellKnown,
}

/// What answers on the gateway's own listeners without being an upstream: the embedded identity
/// service and the gateway's own pages.
///
/// The request's headers are clean: `X-Forwarded-For`, `-Proto` and `-Host` have one value each,
/// ours; `X-Request-Id` is set; identity headers are gone, credentials are there. Its extensions
/// hold the [`crate::policy::Request`] as the client made it.
pub trait LocalService: Send + Sync + 'static {
    /// Answers a request. Called on a worker: do the work elsewhere.
    fn call(&self, place: LocalPlace, request: Request<LocalBody>) -> LocalAnswer;
}

/// What the proxy works with.
pub struct Parts {
    /// Who decides.
    pub checker: Arc<Checker>,
    /// The time.
    pub clock: Clock,
    /// What answers below the mount and the gateway's own path.
    pub local: Option<Arc<dyn LocalService>>,
    /// Refusals as people see them.
    pub pages: Arc<Pages>,
    /// Signs who is asking, for applications.
    pub minter: Option<Minter>,
    /// Where requests are told of.
    pub access_log: AccessLog,
    /// Where they are counted.
    pub traffic: Traffic,
    /// Lets requests wait where their rule has `keep_body`.
    pub resume: Option<Resume>,
    /// Where refusals are told of.
    pub audit: Audit,
    /// Where it is told which sessions have ended, for their streams.
    pub streams: Arc<Switchboard>,
    /// Who answers on listeners that are not the proxy's, by name.
    pub guests: Vec<NamedGuest>,
}
