//! The keys of one issuer, and when they are asked for again.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::runtime::Handle;
use tokio::sync::watch;
use url::Url;

use super::service::NoKeys;
use super::unknown::Unknown;
use super::{Issuer, KeySource};
use crate::clock::{Clock, Monotonic};
use crate::outbound::{Call, Outbound};
use crate::signing::{Algorithm, VerifyingKey};
use crate::whoami::WhoamiError;

/// How long one question for keys may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How old keys get before they are asked for again beside their use; at twice that age, before
/// it.
const REFRESH: Duration = Duration::from_secs(5 * 60);
/// How old keys get at most, while the issuer is out of reach.
const LONGEST_USE: Duration = Duration::from_secs(60 * 60);
/// Between a question that failed and the next one.
const PAUSE: Duration = Duration::from_secs(1);
/// The same while there are keys that will do.
const LONG_PAUSE: Duration = Duration::from_secs(30);
/// How long a request waits for keys to be renewed while there are some that will do.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Keys that a token without `kid` is tried with.
const MAX_TRIED: usize = 16;

/// The keys of one issuer.
pub(super) struct KeySet {
    issuer: Box<str>,
    source: KeySource,
    algorithms: Option<Vec<Algorithm>>,
    outbound: Outbound,
    clock: Clock,
    runtime: Handle,
    known: ArcSwapOption<Known>,
    asking: Mutex<Asking>,
}

struct Known {
    keys: Vec<Arc<VerifyingKey>>,
    since: Monotonic,
}

#[derive(Default)]
struct Asking {
    /// The question under way; it turns true when it is over.
    flight: Option<watch::Receiver<bool>>,
    last: Option<Monotonic>,
    unknown: Unknown,
}

/// Keys that could have signed a token.
pub(super) enum Fitting {
    /// One of these, if any.
    Keys(Vec<Arc<VerifyingKey>>),
    /// There is no key of this name.
    Unknown,
}

impl KeySet {
    pub(super) fn new(issuer: &Issuer, outbound: Outbound, clock: Clock, runtime: Handle) -> Self {
        Self {
            issuer: issuer.issuer.clone(),
            source: issuer.keys.clone(),
            algorithms: issuer.algorithms.clone(),
            outbound,
            clock,
            runtime,
            known: ArcSwapOption::empty(),
            asking: Mutex::default(),
        }
    }

    /// Reads the keys of a file again; there is nothing to do for others.
    pub(super) fn reload(&self) -> Result<(), NoKeys> {
        match &self.source {
            KeySource::Url(_) => Ok(()),
            KeySource::File(path) => {
                let keys = self.read_file(path)?;
                self.keep(keys);
                Ok(())
            }
        }
    }

    fn read_file(&self, path: &Path) -> Result<Vec<VerifyingKey>, NoKeys> {
        let wrong = |why: String| NoKeys {
            issuer: self.issuer.clone(),
            path: path.to_owned(),
            why,
        };
        let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let keys = VerifyingKey::from_jwks(&text, self.algorithms.as_deref());
        let keys = keys.map_err(|error| wrong(error.to_string()))?;
        if keys.is_empty() {
            return Err(wrong("none of its keys can verify a signature".to_owned()));
        }
        Ok(keys)
    }

    fn keep(&self, keys: Vec<VerifyingKey>) {
        let known = Known {
            keys: keys.into_iter().map(Arc::new).collect(),
            since: self.clock.monotonic(),
        };
        self.known.store(Some(Arc::new(known)));
    }

    /// The keys that could have signed a token that names `key_id`. The issuer is asked where none
    /// is known by that name, as often as is fit.
    ///
    /// # Errors
    /// There are no keys at all, and the issuer is out of reach.
    pub(super) async fn find(
        self: &Arc<Self>,
        key_id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<Arc<VerifyingKey>>, WhoamiError> {
        let known = self.usable().await?;
        if let Fitting::Keys(keys) = known.fitting(key_id, algorithm) {
            return Ok(keys);
        }
        Ok(self.find_anew(key_id, algorithm).await)
    }

    /// The same after the issuer was asked once more: for a key that is not known yet.
    pub(super) async fn find_anew(
        self: &Arc<Self>,
        key_id: Option<&str>,
        algorithm: Algorithm,
    ) -> Vec<Arc<VerifyingKey>> {
        if !self.may_ask_for(key_id.unwrap_or_default()) {
            return Vec::new();
        }
        self.ask().await;
        let Some(known) = self.known.load_full() else {
            return Vec::new();
        };
        match known.fitting(key_id, algorithm) {
            Fitting::Keys(keys) => keys,
            Fitting::Unknown => {
                self.remember_absent(key_id.unwrap_or_default());
                Vec::new()
            }
        }
    }

    /// Keys that are not too old. Such as are getting old are renewed meanwhile.
    async fn usable(self: &Arc<Self>) -> Result<Arc<Known>, WhoamiError> {
        let now = self.clock.monotonic();
        let known = self.known.load_full();
        let known = match (known, &self.source) {
            (Some(known), KeySource::File(_)) => return Ok(known),
            (known, KeySource::Url(_) | KeySource::File(_)) => known,
        };
        let usable = known.filter(|known| now.since(known.since) < LONGEST_USE);
        if let Some(known) = usable {
            return Ok(self.renewed(known, now).await);
        }
        if let Some(retry_after) = self.paused(now, PAUSE) {
            return Err(WhoamiError::CircuitOpen { retry_after });
        }
        self.ask().await;
        let known = self.known.load_full();
        let known = known.filter(|known| self.clock.monotonic().since(known.since) < LONGEST_USE);
        known.ok_or_else(|| {
            let why = format!("the keys of {} can't be had", self.issuer);
            WhoamiError::Unreachable(why.into())
        })
    }

    /// The same keys, or newer ones: what the issuer has withdrawn must not go on counting because
    /// no token came for a while.
    async fn renewed(self: &Arc<Self>, known: Arc<Known>, now: Monotonic) -> Arc<Known> {
        let age = now.since(known.since);
        if age < REFRESH || self.paused(now, LONG_PAUSE).is_some() {
            return known;
        }
        let mut flight = self.fly();
        if age < REFRESH.saturating_mul(2) {
            return known;
        }
        // Where it takes too long, or fails, the present ones have to do.
        let _over = tokio::time::timeout(LONGEST_WAIT, flight.wait_for(|over| *over)).await;
        self.known.load_full().unwrap_or(known)
    }

    /// How long the issuer is left alone after the last question, unless one is under way.
    fn paused(&self, now: Monotonic, pause: Duration) -> Option<Duration> {
        let asking = self.lock();
        if asking.flight.is_some() {
            return None;
        }
        pause
            .checked_sub(now.since(asking.last?))
            .filter(|left| !left.is_zero())
    }

    fn may_ask_for(&self, key_id: &str) -> bool {
        if matches!(self.source, KeySource::File(_)) {
            return false;
        }
        let now = self.clock.monotonic();
        let mut asking = self.lock();
        if asking.unknown.was_absent(key_id, now) {
            return false;
        }
        asking.flight.is_some() || asking.unknown.take_turn(now)
    }

    fn remember_absent(&self, key_id: &str) {
        let now = self.clock.monotonic();
        self.lock().unknown.remember(key_id, now);
    }

    /// Asks, or waits for the question under way.
    async fn ask(self: &Arc<Self>) {
        let mut flight = self.fly();
        // The question was dropped where this fails: it is over too.
        let _over = flight.wait_for(|over| *over).await;
    }

    fn fly(self: &Arc<Self>) -> watch::Receiver<bool> {
        let mut asking = self.lock();
        if let Some(flight) = &asking.flight {
            return flight.clone();
        }
        let (over, flight) = watch::channel(false);
        asking.flight = Some(flight.clone());
        asking.last = Some(self.clock.monotonic());
        drop(asking);
        let question = Question {
            set: Arc::clone(self),
            over,
        };
        self.runtime.spawn(question.run());
        flight
    }

    async fn fetch(&self, url: Url) -> Result<Vec<VerifyingKey>, String> {
        let mut headers = HeaderMap::new();
        let kinds = HeaderValue::from_static("application/jwk-set+json, application/json");
        headers.insert(ACCEPT, kinds);
        let call = Call {
            method: Method::GET,
            url,
            headers,
            body: Bytes::new(),
            timeout: PATIENCE,
        };
        let reply = self.outbound.send(call).await;
        let reply = reply.map_err(|error| error.to_string())?;
        if reply.status != StatusCode::OK {
            return Err(format!("it answered {}", reply.status));
        }
        VerifyingKey::from_jwks(&reply.body, self.algorithms.as_deref())
            .map_err(|error| error.to_string())
    }

    fn lock(&self) -> MutexGuard<'_, Asking> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn fitting(&self, key_id: Option<&str>, algorithm: Algorithm) -> Fitting {
        let Some(wanted) = key_id else {
            let fitting = self.keys.iter().filter(|key| key.is_for(algorithm));
            return Fitting::Keys(fitting.take(MAX_TRIED).cloned().collect());
        };
        let named: Vec<_> = self
            .keys
            .iter()
            .filter(|key| key.id() == Some(wanted))
            .collect();
        if named.is_empty() {
            return Fitting::Unknown;
        }
        let fitting = named.into_iter().filter(|key| key.is_for(algorithm));
        Fitting::Keys(fitting.cloned().collect())
    }
}

/// A question to the issuer under way. It belongs to the service runtime, so that no client who
/// leaves takes the answer from the others.
struct Question {
    set: Arc<KeySet>,
    over: watch::Sender<bool>,
}

impl Question {
    async fn run(self) {
        let KeySource::Url(url) = &self.set.source else {
            return;
        };
        match self.set.fetch(url.clone()).await {
            Ok(keys) => self.set.keep(keys),
            Err(why) => {
                let issuer = &*self.set.issuer;
                tracing::warn!(issuer, %why, "the keys of an issuer could not be fetched");
            }
        }
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.set.lock().flight = None;
        // Nobody waits any more when this fails.
        let _alone = self.over.send(true);
    }
}
