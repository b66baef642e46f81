//! A reader of the text format of OpenMetrics 1.0, strict enough to refuse what Prometheus would.

use std::collections::BTreeMap;

/// What a scrape got.
pub(super) struct Scrape {
    samples: BTreeMap<String, f64>,
    /// Types by the name of the metric.
    kinds: BTreeMap<String, String>,
}

impl Scrape {
    pub(super) fn read(text: &str) -> Self {
        let mut scrape = Self {
            samples: BTreeMap::new(),
            kinds: BTreeMap::new(),
        };
        let body = text.strip_suffix("# EOF\n").expect("an end");
        let mut family = String::new();
        for line in body.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                let before = scrape.kinds.insert(name.to_owned(), kind.to_owned());
                assert_eq!(before, None, "{name} comes twice");
                name.clone_into(&mut family);
            } else if line.starts_with("# ") {
                assert!(line.starts_with("# HELP stepgate_"), "{line}");
            } else {
                let (name, value) = line.rsplit_once(' ').unwrap();
                let kind = scrape.kinds[&family].as_str();
                check_name(name, &family, kind);
                let value = value.parse().unwrap();
                let before = scrape.samples.insert(name.to_owned(), value);
                assert_eq!(before, None, "{name} comes twice");
            }
        }
        scrape.check_histograms();
        scrape
    }

    pub(super) fn value(&self, sample: &str) -> Option<f64> {
        self.samples.get(sample).copied()
    }

    pub(super) fn has_metric(&self, name: &str) -> bool {
        self.kinds.contains_key(name)
            || name
                .strip_suffix("_total")
                .is_some_and(|name| self.kinds.get(name).is_some_and(|kind| kind == "counter"))
    }

    /// The names of all metrics.
    pub(super) fn metrics(&self) -> impl Iterator<Item = &str> {
        self.kinds.keys().map(String::as_str)
    }

    /// All samples, without their values.
    pub(super) fn names(&self) -> Vec<&str> {
        self.samples.keys().map(String::as_str).collect()
    }

    fn check_histograms(&self) {
        for (name, value) in &self.samples {
            if let Some((family, labels)) = name.split_once("_bucket{le=\"+Inf\"") {
                let labels = labels.trim_start_matches(',').trim_end_matches('}');
                let count = match labels {
                    "" => format!("{family}_count"),
                    _ => format!("{family}_count{{{labels}}}"),
                };
                assert_eq!(self.value(&count), Some(*value), "{name}");
            }
        }
    }
}

/// Whether a sample may stand below a metric of this name and type.
fn check_name(sample: &str, family: &str, kind: &str) {
    let (name, labels) = match sample.split_once('{') {
        Some((name, labels)) => (name, Some(labels.strip_suffix('}').expect("a brace"))),
        None => (sample, None),
    };
    let suffixes: &[&str] = match kind {
        "counter" => &["_total"],
        "gauge" => &[""],
        "histogram" => &["_bucket", "_sum", "_count"],
        other => panic!("{family} is a {other}"),
    };
    let suffix = name.strip_prefix(family);
    assert!(
        suffix.is_some_and(|suffix| suffixes.contains(&suffix)),
        "{sample} below {family}"
    );
    let mut rest = labels.unwrap_or_default();
    while !rest.is_empty() {
        let (label, value) = rest.split_once("=\"").expect("a value");
        assert!(
            label.bytes().all(|byte| byte.is_ascii_lowercase()),
            "{sample}"
        );
        let end = end_of_value(value);
        rest = value[end + 1..].trim_start_matches(',');
    }
}

/// Where the quote is that ends a value.
fn end_of_value(value: &str) -> usize {
    let mut escaped = false;
    for (at, character) in value.char_indices() {
        match character {
            _ if escaped => {
                assert!("\\n\"".contains(character), "{value}");
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    panic!("no end of {value}");
}
