//! What is deployed beside the product asks for numbers that there are.

use std::fs;
use std::path::Path;

use super::Place;

/// Every name of a metric in `text`.
fn named(text: &str) -> Vec<&str> {
    let starts = text.match_indices("stepgate_").map(|(at, _)| &text[at..]);
    starts
        .map(|rest| {
            let is_end = |letter: char| !letter.is_ascii_lowercase() && letter != '_';
            rest.split(is_end).next().unwrap_or_default()
        })
        .collect()
}

#[test]
fn dashboard_alarms_and_page_name_numbers_that_there_are() {
    let place = Place::counting();
    let scrape = place.scrape();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = Vec::new();
    for file in [
        "deploy/grafana/stepgate.json",
        "deploy/prometheus/stepgate-alarms.yml",
        "docs/metrics.md",
    ] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let names = named(&text);
        assert!(names.len() >= 3, "{file}");
        for name in names {
            let metric = name.strip_suffix("_bucket").unwrap_or(name);
            assert!(scrape.has_metric(metric), "{file}: {name}");
            seen.push(metric.to_owned());
        }
    }
    let dashboard = fs::read_to_string(folder.join("deploy/grafana/stepgate.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 10);
    for name in scrape.metrics() {
        let is_named = |it: &String| it == name || it.strip_suffix("_total") == Some(name);
        assert!(seen.iter().any(is_named), "{name} stands nowhere");
    }
}

#[test]
fn the_scrape_example_asks_where_the_admin_listener_is_unless_told_otherwise() {
    let scrape = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus/prometheus.yml");
    let text = fs::read_to_string(&scrape).unwrap();
    let config: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    let job = &config["scrape_configs"][0];
    // Prometheus asks for /metrics over http where nothing else is said.
    assert!(job["metrics_path"].is_null() && job["scheme"].is_null());
    let schema = stepgate::config::schema();
    let admin = &schema["properties"]["admin"]["properties"]["listen"];
    assert_eq!(
        job["static_configs"][0]["targets"][0], admin["default"],
        "{admin}"
    );
    for alarms in config["rule_files"].as_array().unwrap() {
        let alarms = scrape.with_file_name(alarms.as_str().unwrap());
        assert!(alarms.is_file(), "{}", alarms.display());
    }
}
