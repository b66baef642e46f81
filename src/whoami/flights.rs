//! One question at a time for each credential, shared by everyone who waits for its answer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::HeaderValue;
use tokio::sync::oneshot;

use super::key::{BuildKeyHash, Key};
use super::{Resolution, ResolveError};

/// Waits for a question to end. An error means that it was abandoned.
pub(super) type Waiting = oneshot::Receiver<Landed>;

/// How a question ended.
#[derive(Clone, Debug)]
pub(super) struct Landed {
    pub(super) outcome: Result<Resolution, ResolveError>,
    pub(super) set_cookies: Vec<HeaderValue>,
    /// The question's number.
    pub(super) started: u64,
    /// Nothing it is about was evicted since it started.
    pub(super) valid: bool,
}

/// Questions under way, by credential.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<Key, Flight, BuildKeyHash>>);

struct Flight {
    started: u64,
    waiting: Vec<oneshot::Sender<Landed>>,
    /// Those who need a question that starts later than this one.
    next: Vec<oneshot::Sender<Landed>>,
}

/// How a request gets to its answer.
pub(super) enum Boarding<T> {
    /// Somebody has asked already.
    Joined(Waiting),
    /// The caller has to start the question with this number.
    Start(u64, Waiting),
    /// There is no need to ask.
    Known(T),
}

impl Flights {
    /// Joins the question about `key` that is under way, or starts one.
    ///
    /// `usable` says whether a question with that number would do; if not, the next one is waited
    /// for. `known` is looked at while nobody else can land or start. `admit` may refuse another
    /// question; `number` names it.
    pub(super) fn board<T>(
        &self,
        key: Key,
        usable: impl Fn(u64) -> bool,
        known: impl FnOnce() -> Option<T>,
        admit: impl FnOnce() -> Result<(), ResolveError>,
        number: impl FnOnce() -> u64,
    ) -> Result<Boarding<T>, ResolveError> {
        let mut flights = self.lock();
        let (sender, waiting) = oneshot::channel();
        if let Some(flight) = flights.get_mut(&key) {
            if usable(flight.started) {
                flight.waiting.push(sender);
            } else {
                if flight.next.is_empty() {
                    admit()?;
                }
                flight.next.push(sender);
            }
            return Ok(Boarding::Joined(waiting));
        }
        if let Some(answer) = known() {
            return Ok(Boarding::Known(answer));
        }
        admit()?;
        let started = number();
        let flight = Flight {
            started,
            waiting: vec![sender],
            next: Vec::new(),
        };
        flights.insert(key, flight);
        Ok(Boarding::Start(started, waiting))
    }

    /// Ends the question about `key` and tells everyone who waits for it. The number of the next
    /// question, which the caller has to start, if somebody waits for that.
    pub(super) fn land(
        &self,
        key: Key,
        landed: &Landed,
        number: impl FnOnce() -> u64,
    ) -> Option<u64> {
        let (waiting, next) = {
            let mut flights = self.lock();
            let flight = flights.remove(&key)?;
            let next = (!flight.next.is_empty()).then(number);
            if let Some(started) = next {
                let flight = Flight {
                    started,
                    waiting: flight.next,
                    next: Vec::new(),
                };
                flights.insert(key, flight);
            }
            (flight.waiting, next)
        };
        for sender in waiting {
            // Whoever left in the meantime needs no answer.
            let _ = sender.send(landed.clone());
        }
        next
    }

    /// Drops the question about `key`: everyone who waits learns that it was abandoned.
    pub(super) fn abandon(&self, key: Key) {
        let flight = self.lock().remove(&key);
        drop(flight);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Flight, BuildKeyHash>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
