//! From a credential to what it is worth, by asking as rarely as is safe.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::runtime::Handle;

use super::cache::{Known, NoSession};
use super::evictions::{Evictions, Sequence};
use super::flights::{Boarding, Flights};
use super::headers::Prepared;
use super::key::{Key, Keyring};
use super::question::Question;
use super::{
    Arrival, CacheUse, Config, Counts, Credential, CredentialKind, Forget, Freshness,
    IdentityService, Numbers, Resolution, ResolveError, Resolved, Watcher,
};
use crate::clock::{Clock, Monotonic};
use crate::expression::Reads;
use crate::rate::{Limit, Rates, network};

mod later;

/// From a credential to its session. Cheap to clone; clones share one cache.
#[derive(Clone)]
pub struct Resolver(pub(super) Arc<Shared>);

/// What all clones and the questions under way share.
pub(super) struct Shared {
    pub(super) service: Arc<dyn IdentityService>,
    pub(super) headers: Arc<Prepared>,
    /// What is kept of a session for expressions.
    pub(super) wanted: ArcSwap<Reads>,
    widening: Mutex<()>,
    pub(super) config: Config,
    pub(super) clock: Clock,
    pub(super) runtime: Handle,
    pub(super) keys: Keyring,
    pub(super) sequence: Sequence,
    pub(super) known: Known,
    pub(super) evictions: Evictions,
    pub(super) flights: Flights,
    pub(super) numbers: Numbers,
    rechecks: Rates,
    misses: Rates,
    watcher: OnceLock<Arc<dyn Watcher>>,
    any_banned: AtomicBool,
    /// Sessions that an operator ended.
    banned: RwLock<VecDeque<Key>>,
}

impl Resolver {
    /// A resolver that asks `service`, on `runtime`. `name` tells the service from others: answers
    /// of one never count for another.
    #[must_use]
    pub fn new(
        config: Config,
        name: &str,
        service: Arc<dyn IdentityService>,
        runtime: Handle,
        clock: Clock,
    ) -> Self {
        let longest_use = config.timeout + config.cache.ttl + config.serve_stale_when_down;
        let headers = Prepared::new(&config.identity_headers);
        let wanted = headers.reads_by_request().with(&config.reads);
        Self(Arc::new(Shared {
            service,
            headers: Arc::new(headers),
            wanted: ArcSwap::from_pointee(wanted),
            widening: Mutex::default(),
            clock,
            runtime,
            keys: Keyring::new(name),
            sequence: Sequence::new(),
            known: Known::new(&config.cache),
            evictions: Evictions::new(longest_use.saturating_mul(2)),
            flights: Flights::default(),
            numbers: Numbers::default(),
            rechecks: Rates::default(),
            misses: Rates::default(),
            watcher: OnceLock::new(),
            any_banned: AtomicBool::new(false),
            banned: RwLock::default(),
            config,
        }))
    }

    /// The moment a request arrives; take it before anything else is looked up.
    #[must_use]
    pub fn arrival(&self) -> Arrival {
        Arrival(self.0.sequence.latest())
    }

    /// What `credential` is worth, for a request from `address` that arrived at `arrival`.
    ///
    /// With [`Freshness::Cached`] an answer may be inconclusive; before a refusal, the caller asks
    /// again with [`Freshness::PastCache`].
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
        let shared = &self.0;
        let key = shared.keys.of_credential(credential);
        let request = Asking {
            key,
            credential,
            address: Some(address),
            arrival,
            freshness,
        };
        match shared.look_up(&request, shared.now()) {
            Some(Ok(answered)) => {
                shared.numbers.used(CacheUse::Hit);
                Ok(request.hit(answered))
            }
            Some(Err(failure)) => Err(failure),
            None => shared.ask(&request).await,
        }
    }

    /// Forgets at once: no request that arrives later is answered from what was known before.
    pub fn forget(&self, what: Forget<'_>) {
        let shared = &self.0;
        let key = match what {
            Forget::Credential(credential) | Forget::Holder(credential) => {
                shared.keys.of_credential(credential)
            }
            Forget::Session(id) | Forget::Ended(id) => shared.keys.of_session(id),
            Forget::Identity(id) => shared.keys.of_identity(id),
        };
        if let Forget::Holder(_) = what
            && let Some(record) = shared.known.session(key, &shared.evictions, &shared.keys)
        {
            self.forget(Forget::Identity(&record.subject().identity_id));
        }
        shared
            .evictions
            .bury(key, shared.sequence.next(), shared.now());
        // The eviction is what counts; this only makes room.
        shared.known.forget(key);
        if let Some(watcher) = shared.watcher.get() {
            watcher.forgotten(what);
        }
    }

    /// From now on all that `reads` names is kept of sessions. What was kept before without it is
    /// asked for again.
    pub fn keep(&self, reads: &Reads) {
        let shared = &self.0;
        if shared.wanted.load().cover(reads) {
            return;
        }
        let _alone = shared
            .widening
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let wider = Reads::clone(&shared.wanted.load()).with(reads);
        // First, so that questions that are answered from here on keep enough.
        shared.wanted.store(Arc::new(wider));
        shared.evictions.bury_all(shared.sequence.next());
        shared.known.forget_all();
    }

    /// Forgets everything.
    pub fn purge(&self) {
        let shared = &self.0;
        shared.evictions.bury_all(shared.sequence.next());
        shared.known.forget_all();
        if let Some(watcher) = shared.watcher.get() {
            watcher.purged();
        }
    }

    /// From now on `watcher` is told of everything that is forgotten. There is one; a second is
    /// not taken, which `false` says.
    pub fn watched_by(&self, watcher: Arc<dyn Watcher>) -> bool {
        self.0.watcher.set(watcher).is_ok()
    }

    /// How requests found what their credentials are worth.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.0.numbers.counts()
    }

    /// How questions were answered.
    #[must_use]
    pub fn numbers(&self) -> &Numbers {
        &self.0.numbers
    }

    /// Sessions in the cache, fresh or not.
    #[must_use]
    pub fn cached_sessions(&self) -> usize {
        self.0.known.sessions()
    }
}

/// One request's question.
pub(super) struct Asking<'a> {
    key: Key,
    credential: &'a Credential,
    /// Where the request comes from; `None`: the gateway asks of its own accord, which no limit
    /// on clients is about.
    address: Option<IpAddr>,
    arrival: Arrival,
    freshness: Freshness,
}

/// An answer from what is known, and when that was asked for.
struct Answered {
    resolution: Resolution,
    started: u64,
}

impl Asking<'_> {
    fn hit(&self, answered: Answered) -> Resolved {
        Resolved {
            resolution: answered.resolution,
            source: CacheUse::Hit,
            conclusive: self.is_settled_by(answered.started),
            set_cookies: Vec::new(),
            took: Duration::ZERO,
        }
    }

    /// Whether a refusal may rest on the answer to the question with this number. What a signed
    /// token says never changes, so for one that is asked again later the answer is the same.
    fn is_settled_by(&self, started: u64) -> bool {
        started > self.arrival.0 || self.is_self_contained()
    }

    /// Whether the credential itself says what it is worth.
    fn is_self_contained(&self) -> bool {
        match self.credential.kind() {
            CredentialKind::Jwt => true,
            CredentialKind::Cookie
            | CredentialKind::SessionToken
            | CredentialKind::Bearer
            | CredentialKind::SessionId => false,
        }
    }
}

impl Shared {
    pub(super) fn now(&self) -> Monotonic {
        self.clock.monotonic()
    }

    /// What is known and may be used for this request.
    fn look_up(
        &self,
        request: &Asking<'_>,
        now: Monotonic,
    ) -> Option<Result<Answered, ResolveError>> {
        let (key, arrival) = (request.key, request.arrival);
        if let Some(record) = self.known.session(key, &self.evictions, &self.keys) {
            let started = record.started();
            let fresh = request.freshness == Freshness::Cached && record.fresh_until() > now;
            if fresh || started > arrival.0 {
                let resolution = Resolution::Session(record);
                return Some(Ok(Answered {
                    resolution,
                    started,
                }));
            }
        }
        let other = self.known.other(key, &self.evictions)?;
        if other.fresh_until <= now {
            return None;
        }
        let started = other.started;
        let since = request.is_settled_by(started);
        let resolution = match &other.what {
            NoSession::Worthless => Resolution::Anonymous,
            NoSession::Superseded => Resolution::Superseded,
            NoSession::Undisclosed => Resolution::Undisclosed,
            // Whoever was there before the failure became known would have shared it.
            NoSession::Failed(error) if other.landed > arrival.0 => {
                return Some(Err(error.clone()));
            }
            NoSession::Failed(_) => return None,
        };
        since.then_some(Ok(Answered {
            resolution,
            started,
        }))
    }

    /// Asks, or waits for somebody else's question.
    async fn ask(self: &Arc<Self>, request: &Asking<'_>) -> Result<Resolved, ResolveError> {
        let since = self.now();
        // A second round is needed where an answer was evicted while it was on its way.
        for _ in 0..3 {
            let boarding = self.flights.board(
                request.key,
                |started| match request.freshness {
                    Freshness::Cached => true,
                    Freshness::PastCache => started > request.arrival.0,
                },
                || self.look_up(request, self.now()),
                || self.admit(request),
                || self.number(),
            )?;
            let (waiting, source) = match boarding {
                Boarding::Known(answered) => {
                    self.numbers.used(CacheUse::Hit);
                    return answered.map(|known| request.hit(known));
                }
                Boarding::Joined(waiting) => (waiting, CacheUse::Coalesced),
                Boarding::Start(number, waiting) => {
                    Question::start(self, request.key, request.credential.clone(), number);
                    let source = match request.freshness {
                        Freshness::Cached => CacheUse::Miss,
                        Freshness::PastCache => CacheUse::Bypass,
                    };
                    (waiting, source)
                }
            };
            self.numbers.used(source);
            let landed = waiting.await.map_err(|_| abandoned())?;
            let resolution = landed.outcome?;
            self.hold_against(request, &resolution);
            if landed.valid {
                return Ok(Resolved {
                    resolution,
                    source,
                    conclusive: request.is_settled_by(landed.started),
                    set_cookies: landed.set_cookies,
                    took: self.now().since(since),
                });
            }
        }
        Err(abandoned())
    }

    /// Whether one more question may be asked for this request.
    fn admit(&self, request: &Asking<'_>) -> Result<(), ResolveError> {
        let Some(address) = request.address else {
            return Ok(());
        };
        let now = self.now();
        let refused = |retry_after| ResolveError::TooManyChecks { retry_after };
        if request.is_self_contained() {
            // Checking asks nobody. Only who sends worthless ones is slowed down.
            let from = network(address);
            return self
                .misses
                .look(self.each_address(), from, now)
                .map_err(refused);
        }
        let other = self.known.other(request.key, &self.evictions);
        let worthless = other.is_some_and(|other| match other.what {
            NoSession::Worthless | NoSession::Superseded | NoSession::Undisclosed => true,
            NoSession::Failed(_) => false,
        });
        if worthless || request.freshness == Freshness::PastCache {
            self.rechecks
                .take(self.each_credential(), request.key, now)
                .map_err(refused)?;
        }
        let known = self
            .known
            .session(request.key, &self.evictions, &self.keys)
            .is_some();
        if known {
            return Ok(());
        }
        self.misses
            .take(self.each_address(), network(address), now)
            .map_err(refused)
    }

    const fn each_credential(&self) -> Limit {
        a_second(self.config.limits.rechecks_per_second_per_credential)
    }

    const fn each_address(&self) -> Limit {
        a_second(self.config.limits.misses_per_second_per_address)
    }

    /// Remembers who sent a signed token that is worth nothing.
    fn hold_against(&self, request: &Asking<'_>, resolution: &Resolution) {
        let worthless = match resolution {
            Resolution::Anonymous => request.is_self_contained(),
            Resolution::Superseded | Resolution::Undisclosed | Resolution::Session(_) => false,
        };
        if worthless && let Some(address) = request.address {
            // Where no turn is left, the next one is refused already.
            let _spent = self
                .misses
                .take(self.each_address(), network(address), self.now());
        }
    }

    pub(super) fn number(&self) -> u64 {
        let number = self.sequence.next();
        self.evictions.question_started(number);
        number
    }
}

const fn a_second(count: u32) -> Limit {
    Limit {
        count,
        per: Duration::from_secs(1),
    }
}

fn abandoned() -> ResolveError {
    ResolveError::Unavailable {
        reason: "the question was abandoned".into(),
        retry_after: Duration::from_secs(1),
    }
}

#[cfg(test)]
mod tests;
