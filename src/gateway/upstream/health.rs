//! Which endpoints are in order. Shared by all workers of the process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Empty;
use hyper_util::rt::TokioIo;

use super::Connectors;
use super::connect::open_stream;
use crate::clock::Monotonic;
use crate::policy::{self, Endpoint};

/// What is known of one endpoint.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Health {
    /// Failed requests in a row.
    failures: AtomicU32,
    /// Milliseconds of the process' time line until which it is left out.
    out_until_ms: AtomicU64,
    /// The regular question says it is down.
    down: AtomicBool,
    /// Answers in a row that contradict `down`.
    contrary: AtomicU32,
}

impl Health {
    /// Whether requests may go there.
    pub(super) fn is_in(&self, now: Monotonic) -> bool {
        !self.down.load(Ordering::Relaxed) && self.out_until_ms.load(Ordering::Relaxed) <= ms(now)
    }

    /// A request failed: no connection, or none that lasted until an answer.
    pub(super) fn failed(&self, now: Monotonic, config: &policy::Health) {
        let failures = self
            .failures
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        if config.passive_failures > 0 && failures >= config.passive_failures {
            self.failures.store(0, Ordering::Relaxed);
            self.out_until_ms
                .store(ms(now.plus(config.interval)), Ordering::Relaxed);
        }
    }

    /// A request was answered.
    pub(super) fn answered(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// The regular question was answered well, or not.
    pub(super) fn probed(&self, well: bool, config: &policy::Health) {
        let down = self.down.load(Ordering::Relaxed);
        if well != down {
            self.contrary.store(0, Ordering::Relaxed);
            return;
        }
        let contrary = self
            .contrary
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        let enough = if down {
            config.healthy_after
        } else {
            config.unhealthy_after
        };
        if contrary >= enough {
            self.down.store(!down, Ordering::Relaxed);
            self.contrary.store(0, Ordering::Relaxed);
        }
    }
}

fn ms(at: Monotonic) -> u64 {
    u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX)
}

type Known = HashMap<(Box<str>, Endpoint), Arc<Health>>;

/// Health of every endpoint, by upstream and address, so that a reload does not forget it.
#[derive(Debug, Default)]
pub(in crate::gateway) struct HealthBoard {
    known: Mutex<Known>,
}

impl HealthBoard {
    /// The record of an endpoint.
    pub(in crate::gateway) fn of(&self, upstream: &str, endpoint: &Endpoint) -> Arc<Health> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            known
                .entry((upstream.into(), endpoint.clone()))
                .or_default(),
        )
    }
}

/// Asks every endpoint of `upstream` that has a health path, once.
pub(in crate::gateway) async fn probe(
    upstream: &policy::Upstream,
    board: &HealthBoard,
    connectors: &Connectors,
) {
    let Some(path) = &upstream.health.path else {
        return;
    };
    for endpoint in &upstream.endpoints {
        let question = ask(upstream, endpoint, path, connectors);
        let well = tokio::time::timeout(upstream.health.timeout, question)
            .await
            .is_ok_and(|well| well);
        board
            .of(&upstream.name, endpoint)
            .probed(well, &upstream.health);
    }
}

async fn ask(
    upstream: &policy::Upstream,
    endpoint: &Endpoint,
    path: &str,
    connectors: &Connectors,
) -> bool {
    let Ok(stream) = open_stream(upstream, endpoint, connectors, Some(&[b"http/1.1"])).await else {
        return false;
    };
    let request = http::Request::builder()
        .uri(path)
        .header(http::header::HOST, &*endpoint.authority)
        .header(http::header::CONNECTION, "close")
        .body(Empty::<bytes::Bytes>::new());
    let Ok(request) = request else { return false };
    let Ok((mut sender, connection)) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await
    else {
        return false;
    };
    tokio::select! {
        biased;
        answer = sender.send_request(request) => {
            answer.is_ok_and(|answer| answer.status().is_success())
        }
        _ = connection => false,
    }
}

/// Shortest time between two rounds of questions.
pub(in crate::gateway) const PROBE_STEP: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> policy::Health {
        policy::Health {
            path: None,
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(2),
            healthy_after: 2,
            unhealthy_after: 3,
            passive_failures: 2,
        }
    }

    #[test]
    fn failures_in_a_row_put_an_endpoint_out_for_an_interval() {
        let health = Health::default();
        let now = Monotonic::default();
        health.failed(now, &config());
        health.answered();
        health.failed(now, &config());
        assert!(health.is_in(now));
        health.failed(now, &config());
        assert!(!health.is_in(now));
        assert!(health.is_in(now.plus(Duration::from_secs(10))));
    }

    #[test]
    fn questions_put_an_endpoint_out_and_in_after_as_many_answers_as_configured() {
        let health = Health::default();
        let now = Monotonic::default();
        for well in [false, false, true, false, false] {
            health.probed(well, &config());
            assert!(health.is_in(now));
        }
        health.probed(false, &config());
        assert!(!health.is_in(now));
        health.probed(true, &config());
        assert!(!health.is_in(now));
        health.probed(true, &config());
        assert!(health.is_in(now));
    }
}
