//! Numbers as a scrape gets them.

use std::borrow::Cow;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::Histogram;

/// What tells samples of one name apart.
pub type Labels = Vec<(&'static str, Cow<'static, str>)>;

/// One number of a metric.
#[derive(Clone, Debug)]
pub struct Sample<V> {
    /// What tells it from others.
    pub labels: Labels,
    /// The number.
    pub value: V,
}

impl<V> Sample<V> {
    /// The only one of its name.
    #[must_use]
    pub const fn alone(value: V) -> Self {
        Self {
            labels: Vec::new(),
            value,
        }
    }

    /// One that a label tells from others.
    #[must_use]
    pub fn of(label: &'static str, name: impl Into<Cow<'static, str>>, value: V) -> Self {
        Self {
            labels: vec![(label, name.into())],
            value,
        }
    }
}

/// What has the samples of a metric whenever somebody asks.
pub(super) enum Source {
    /// Only grows. Its name is told with `_total` behind it.
    Counter(Box<dyn Fn() -> Vec<Sample<u64>> + Send + Sync>),
    /// Goes up and down.
    Gauge(Box<dyn Fn() -> Vec<Sample<u64>> + Send + Sync>),
    /// Durations.
    Durations(Box<dyn Fn() -> Vec<Sample<Histogram>> + Send + Sync>),
}

/// A metric whose samples are had when they are asked for.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) source: Source,
}

impl Metric {
    const fn kind(&self) -> MetricType {
        match self.source {
            Source::Counter(_) => MetricType::Counter,
            Source::Gauge(_) => MetricType::Gauge,
            Source::Durations(_) => MetricType::Histogram,
        }
    }
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metric").field(&self.name).finish()
    }
}

impl Collector for Metric {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut metric = encoder.encode_descriptor(self.name, self.help, None, self.kind())?;
        match &self.source {
            Source::Counter(read) => {
                for sample in read() {
                    with_labels(&mut metric, &sample.labels, |one| {
                        one.encode_counter::<NoLabelSet, u64, u64>(&sample.value, None)
                    })?;
                }
            }
            Source::Gauge(read) => {
                for sample in read() {
                    let tell = |one: &mut MetricEncoder<'_>| one.encode_gauge(&sample.value);
                    with_labels(&mut metric, &sample.labels, tell)?;
                }
            }
            Source::Durations(read) => {
                for Sample { labels, value } in read() {
                    with_labels(&mut metric, &labels, |one| {
                        let intervals = &value.intervals;
                        one.encode_histogram::<NoLabelSet>(value.sum, value.count, intervals, None)
                    })?;
                }
            }
        }
        Ok(())
    }
}

/// A sample without labels has no braces either.
fn with_labels(
    metric: &mut MetricEncoder<'_>,
    labels: &Labels,
    tell: impl FnOnce(&mut MetricEncoder<'_>) -> Result<(), fmt::Error>,
) -> Result<(), fmt::Error> {
    if labels.is_empty() {
        return tell(metric);
    }
    tell(&mut metric.encode_family(labels)?)
}
