//! What the metrics tell of each room.

use std::sync::Arc;

use super::Running;
use crate::gateway::OpenConnections;
use crate::rules::RuleStore;
use crate::streams::{Cause, Switchboard};
use crate::telemetry::{Door, Metrics, Sample};
use crate::whoami::{Counts, Resolver};

/// The numbers of a process that is being put together.
pub(super) fn of(running: &Running) -> Metrics {
    let metrics = Metrics::new();
    of_rules(&metrics, &running.rules.store);
    of_sessions(&metrics, &running.resolver);
    of_streams(&metrics, &running.streams);
    metrics
}

/// The rules in force.
fn of_rules(metrics: &Metrics, store: &Arc<RuleStore>) {
    let current = store.current();
    for door in [Door::Proxy, Door::ForwardAuth, Door::ExtAuthz] {
        let rules = current.rules().iter().map(|rule| rule.id().as_str());
        metrics.traffic().know_rules(door, &rules);
    }
    let rules = Arc::clone(store);
    metrics.gauge(
        "stepgate_rules_generation",
        "The generation of the rules in force",
        move || vec![Sample::alone(rules.peek().number())],
    );
    let rules = Arc::clone(store);
    metrics.counter(
        "stepgate_reload",
        "Attempts to read the rules again",
        move || {
            let reloads = rules.reloads();
            vec![
                Sample::of("result", "applied", reloads.applied),
                Sample::of("result", "rejected", reloads.rejected),
            ]
        },
    );
}

/// The session check.
fn of_sessions(metrics: &Metrics, resolver: &Resolver) {
    let asked = resolver.clone();
    metrics.counter(
        "stepgate_whoami",
        "Questions to the identity service by what became of them",
        move || {
            let results = asked.numbers().results();
            results
                .map(|(name, count)| Sample::of("result", name, count))
                .collect()
        },
    );
    let asked = resolver.clone();
    metrics.durations(
        "stepgate_whoami_duration_seconds",
        "How long questions to the identity service took",
        move || vec![Sample::alone(asked.numbers().took().histogram())],
    );
    let counted = |name, help, number: fn(Counts) -> u64| {
        let resolver = resolver.clone();
        metrics.counter(name, help, move || {
            vec![Sample::alone(number(resolver.counts()))]
        });
    };
    counted(
        "stepgate_session_cache_hits",
        "Requests whose session the cache had",
        |counts| counts.hits,
    );
    counted(
        "stepgate_session_cache_misses",
        "Requests that asked the identity service",
        |counts| counts.misses,
    );
    counted(
        "stepgate_session_cache_coalesced",
        "Requests that shared the question of another",
        |counts| counts.coalesced,
    );
    counted(
        "stepgate_session_cache_bypasses",
        "Requests that asked past the cache before they were refused",
        |counts| counts.bypasses,
    );
    counted(
        "stepgate_session_cache_stale",
        "Requests that passed by what was known before an outage",
        |counts| counts.stale,
    );
    let cached = resolver.clone();
    metrics.gauge(
        "stepgate_session_cache_entries_total",
        "Sessions in the cache, fresh or not",
        move || vec![Sample::alone(count(cached.cached_sessions()))],
    );
}

/// What runs longer than a moment.
fn of_streams(metrics: &Metrics, streams: &Arc<Switchboard>) {
    let cut = Arc::clone(streams);
    metrics.counter(
        "stepgate_streams_cut",
        "Streams that were ended before they ended by themselves",
        move || {
            let causes = Cause::ALL.into_iter();
            causes
                .map(|cause| Sample::of("reason", cause.as_str(), cut.cut(cause)))
                .collect()
        },
    );
    let running = Arc::clone(streams);
    metrics.gauge(
        "stepgate_streams",
        "Requests that are under way for longer than a moment",
        move || vec![Sample::alone(count(running.running()))],
    );
}

/// Connections of the workers' listeners.
pub(super) fn of_connections(metrics: &Metrics, open: &OpenConnections) {
    let open = open.clone();
    metrics.gauge(
        "stepgate_connections",
        "Open client connections by listener",
        move || {
            let listeners = open.now();
            listeners
                .map(|(address, open)| Sample::of("listener", address.to_owned(), count(open)))
                .collect()
        },
    );
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
