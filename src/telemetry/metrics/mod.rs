//! Numbers for Prometheus.
//!
//! What happens on the way of requests is counted in [`Traffic`], in copies that are summed up when
//! somebody asks; what a room counts by itself is read from it then. Labels have values of the
//! configuration only (doors, rules, upstreams, listeners) or of fixed lists: nothing that a client
//! sends makes a new one.

mod cells;
mod samples;
mod table;
#[cfg(test)]
mod tests;
mod traffic;

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

use samples::{Metric, Source};

pub use cells::{Counters, Durations, Histogram};
pub use samples::{Labels, Sample};
pub use traffic::Traffic;

/// The type of [`Metrics::text`].
pub const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of a process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Mutex<Registry>,
    traffic: Traffic,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Those that every process has.
    #[must_use]
    pub fn new() -> Self {
        let traffic = Traffic::on();
        let metrics = Self(Arc::new(Inner {
            registry: Mutex::new(Registry::default()),
            traffic: traffic.clone(),
        }));
        let counted = traffic.clone();
        metrics.counter(
            "stepgate_requests",
            "Requests by door, by the rule that judged them and by what became of them",
            move || counted.requests(),
        );
        let counted = traffic.clone();
        metrics.durations(
            "stepgate_request_duration_seconds",
            "From the arrival of a request to the end of its answer",
            move || counted.request_durations(),
        );
        metrics.durations(
            "stepgate_upstream_duration_seconds",
            "From the first byte sent to an upstream to the head of its answer",
            move || traffic.upstream_durations(),
        );
        metrics.gauge(
            "stepgate_build_info",
            "The version that runs; the value is always 1",
            || vec![Sample::of("version", env!("CARGO_PKG_VERSION"), 1)],
        );
        metrics
    }

    /// Where requests are counted.
    #[must_use]
    pub fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }

    /// Tells of something that only grows, under `name` with `_total` behind it.
    pub fn counter(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> Vec<Sample<u64>> + Send + Sync + 'static,
    ) {
        self.add(name, help, Source::Counter(Box::new(read)));
    }

    /// Tells of something that goes up and down.
    pub fn gauge(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> Vec<Sample<u64>> + Send + Sync + 'static,
    ) {
        self.add(name, help, Source::Gauge(Box::new(read)));
    }

    /// Tells how long something takes.
    pub fn durations(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> Vec<Sample<Histogram>> + Send + Sync + 'static,
    ) {
        self.add(name, help, Source::Durations(Box::new(read)));
    }

    fn add(&self, name: &'static str, help: &'static str, source: Source) {
        let registry = &self.0.registry;
        let mut registry = registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register_collector(Box::new(Metric { name, help, source }));
    }

    /// All of them, in the text format of OpenMetrics 1.0.
    #[must_use]
    pub fn text(&self) -> String {
        let registry = &self.0.registry;
        let registry = registry.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        if text::encode(&mut text, &registry).is_err() {
            tracing::error!("the metrics could not be written");
        }
        text
    }
}
