//! Leaves a failing service alone for a while, then probes it with one question.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::CircuitBreaker;
use crate::clock::{Clock, Monotonic};

/// The breaker. One per service and process.
pub(super) struct Breaker {
    config: CircuitBreaker,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: VecDeque<Monotonic>,
    open_until: Option<Monotonic>,
    probing: bool,
}

/// Leave to ask once. Dropped without a verdict, a probe counts as failed: the next one may try.
#[must_use]
pub(super) struct Attempt<'a> {
    breaker: &'a Breaker,
    probe: bool,
    settled: bool,
}

impl Breaker {
    pub(super) fn new(config: CircuitBreaker, clock: Clock) -> Self {
        Self {
            config,
            clock,
            state: Mutex::default(),
        }
    }

    /// Leave to ask.
    ///
    /// # Errors
    /// The time until the service is asked again.
    pub(super) fn attempt(&self) -> Result<Attempt<'_>, Duration> {
        let now = self.clock.monotonic();
        let mut state = self.state();
        let probe = match state.open_until {
            None => false,
            Some(until) if now < until => return Err(until.since(now)),
            Some(_) if state.probing => return Err(Duration::from_secs(1)),
            Some(_) => true,
        };
        state.probing |= probe;
        Ok(Attempt {
            breaker: self,
            probe,
            settled: false,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, probe: bool) {
        let now = self.clock.monotonic();
        let mut state = self.state();
        if probe {
            state.probing = false;
            state.open_until = Some(now.plus(self.config.open_for));
            return;
        }
        state.failures.push_back(now);
        while state
            .failures
            .front()
            .is_some_and(|at| now.since(*at) > self.config.window)
        {
            state.failures.pop_front();
        }
        if state.failures.len() >= self.config.failures.max(1) {
            state.failures.clear();
            state.open_until = Some(now.plus(self.config.open_for));
        }
    }

    fn succeeded(&self, probe: bool) {
        let mut state = self.state();
        if probe {
            state.probing = false;
            state.open_until = None;
        }
        if state.open_until.is_none() {
            state.failures.clear();
        }
    }
}

impl Attempt<'_> {
    /// The service answered.
    pub(super) fn succeeded(mut self) {
        self.settled = true;
        self.breaker.succeeded(self.probe);
    }

    /// The service failed.
    pub(super) fn failed(mut self) {
        self.settled = true;
        self.breaker.failed(self.probe);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.settled && self.probe {
            self.breaker.failed(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> (Breaker, Clock) {
        let clock = Clock::manual(jiff::Timestamp::UNIX_EPOCH);
        (
            Breaker::new(CircuitBreaker::default(), clock.clone()),
            clock,
        )
    }

    #[test]
    fn five_failures_within_ten_seconds_open_it_for_five() {
        let (breaker, clock) = breaker();
        for _ in 0..5 {
            breaker.attempt().unwrap().failed();
        }
        assert_eq!(breaker.attempt().err(), Some(Duration::from_secs(5)));
        clock.advance(Duration::from_secs(5));
        let probe = breaker.attempt().unwrap();
        assert!(breaker.attempt().is_err(), "one probe at a time");
        probe.succeeded();
        breaker.attempt().unwrap().succeeded();
    }

    #[test]
    fn failures_far_apart_do_not_add_up() {
        let (breaker, clock) = breaker();
        for _ in 0..20 {
            breaker.attempt().unwrap().failed();
            clock.advance(Duration::from_secs(3));
        }
        breaker.attempt().unwrap().succeeded();
    }

    #[test]
    fn a_success_in_between_starts_the_count_anew() {
        let (breaker, _) = breaker();
        for _ in 0..4 {
            breaker.attempt().unwrap().failed();
        }
        breaker.attempt().unwrap().succeeded();
        for _ in 0..4 {
            breaker.attempt().unwrap().failed();
        }
        breaker.attempt().unwrap().succeeded();
    }

    #[test]
    fn a_probe_that_fails_or_is_abandoned_keeps_it_open() {
        let (breaker, clock) = breaker();
        for _ in 0..5 {
            breaker.attempt().unwrap().failed();
        }
        clock.advance(Duration::from_secs(5));
        breaker.attempt().unwrap().failed();
        assert!(breaker.attempt().is_err());
        clock.advance(Duration::from_secs(5));
        drop(breaker.attempt().unwrap());
        assert!(breaker.attempt().is_err());
        clock.advance(Duration::from_secs(5));
        breaker.attempt().unwrap().succeeded();
        breaker.attempt().unwrap().succeeded();
    }
}
