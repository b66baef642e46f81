use std::time::Duration;

use super::*;
use crate::telemetry::{Decided, Door};

#[test]
fn requests_are_told_by_door_rule_and_decision() {
    let metrics = Metrics::new();
    let traffic = metrics.traffic();
    traffic.know_rules(Door::Proxy, &["transfer", "never-asked"].into_iter());
    for _ in 0..3 {
        traffic.decided(Door::Proxy, Some("transfer"), Decided::StepUp);
    }
    traffic.decided(Door::ForwardAuth, Some("transfer"), Decided::Allow);
    traffic.decided(Door::Proxy, None, Decided::BadRequest);
    traffic.took(Door::Proxy, Duration::from_millis(3));
    traffic.upstream_took("bank", Duration::from_millis(2));
    let text = metrics.text();
    for line in [
        r#"stepgate_requests_total{door="proxy",rule="transfer",decision="step_up"} 3"#,
        r#"stepgate_requests_total{door="forward_auth",rule="transfer",decision="allow"} 1"#,
        r#"stepgate_requests_total{door="proxy",rule="",decision="bad_request"} 1"#,
        r#"stepgate_request_duration_seconds_bucket{le="0.0025",door="proxy"} 0"#,
        r#"stepgate_request_duration_seconds_bucket{le="0.005",door="proxy"} 1"#,
        r#"stepgate_request_duration_seconds_bucket{le="+Inf",door="proxy"} 1"#,
        r#"stepgate_request_duration_seconds_count{door="proxy"} 1"#,
        r#"stepgate_upstream_duration_seconds_sum{upstream="bank"} 0.002"#,
    ] {
        assert!(text.lines().any(|it| it == line), "{line} not in\n{text}");
    }
    assert!(!text.contains("never-asked"), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn a_name_is_written_so_that_it_ends_where_it_ends() {
    let metrics = Metrics::new();
    metrics.gauge("stepgate_connections", "Open connections", || {
        vec![Sample::of("listener", "unix:/run/\"a\\b\n", 2)]
    });
    let text = metrics.text();
    let expected = r#"stepgate_connections{listener="unix:/run/\"a\\b\n"} 2"#;
    assert!(text.lines().any(|line| line == expected), "{text}");
}

#[test]
fn nothing_is_counted_where_nobody_is_interested() {
    let traffic = Traffic::off();
    traffic.decided(Door::Proxy, Some("a"), Decided::Allow);
    assert!(!traffic.is_on() && traffic.requests().is_empty());
}
