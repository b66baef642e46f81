//! However an application reads the path it is sent, it never finds a protected place in a request
//! that was let through as public: on random paths, with every reading that servers are known for.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use http::{HeaderMap, Method};
use jiff::Timestamp;
use proptest::prelude::*;
use stepgate::policy::{Decision, Found, Host, Request, RuleSet, Scheme, Standing, decide};
use stepgate::rules::{Context, compile};

const RULES: &str = r#"
upstreams: { app: { url: "http://127.0.0.1:9000" } }
rules:
  - { id: admin, match: { path: /admin/** }, required_aal: aal2, upstream: app }
  - { id: public, match: { path: /public/** }, required_aal: none, upstream: app }
  - { id: rest, match: { path: /** }, required_aal: none, upstream: app }
"#;

fn rules() -> Arc<RuleSet> {
    Arc::new(compile("rules/app.yaml", RULES, &Context::default()).unwrap())
}

/// The target that is forwarded for somebody without a session; `None`: nothing is.
fn forwarded(rules: &Arc<RuleSet>, target: &str) -> Option<String> {
    let (path, query) = Request::parse_target(target).ok()?;
    let request = Request {
        method: Method::GET,
        scheme: Scheme::Http,
        host: Host::parse("app.test").unwrap(),
        port: None,
        path,
        query,
        client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    let Found::Rule(found) = rules.find(&request, &HeaderMap::new()) else {
        return None;
    };
    match decide(
        rules,
        &found,
        request,
        &HeaderMap::new(),
        Standing::Anonymous,
        Timestamp::UNIX_EPOCH,
    ) {
        Decision::Allow(permit) => Some(permit.request().target()),
        Decision::Refuse { .. } => None,
    }
}

fn decode(path: &str) -> String {
    percent_encoding::percent_decode_str(path)
        .decode_utf8_lossy()
        .into_owned()
}

/// RFC 3986, section 5.2.4, more or less: `.` and `..` taken out.
fn remove_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

fn merge_slashes(path: &str) -> String {
    let mut merged = path.to_owned();
    while merged.contains("//") {
        merged = merged.replace("//", "/");
    }
    merged
}

fn cut_parameters(path: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| segment.split(';').next().unwrap_or_default());
    segments.collect::<Vec<_>>().join("/")
}

fn cut_at(path: &str, mark: char) -> String {
    path.split(mark).next().unwrap_or_default().to_owned()
}

/// Every path that some server could make of this one, each step at most in three rounds, percent
/// signs decoded at most once.
fn readings(target: &str) -> BTreeSet<String> {
    let path = cut_at(target, '?');
    let mut all: BTreeSet<(String, bool)> = [(path, false)].into();
    for _ in 0..3 {
        let mut more = BTreeSet::new();
        for (path, decoded) in &all {
            if !decoded {
                more.insert((decode(path), true));
            }
            for changed in [
                remove_dots(path),
                merge_slashes(path),
                path.replace('\\', "/"),
                cut_parameters(path),
                cut_at(path, '#'),
                cut_at(path, '\0'),
                path.to_lowercase(),
                path.trim_end_matches('/').to_owned(),
            ] {
                more.insert((changed, *decoded));
            }
        }
        all.extend(more);
    }
    all.into_iter().map(|(path, _)| path).collect()
}

fn is_protected(path: &str) -> bool {
    path.strip_prefix("/admin")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "/", "/", "/", "//", "admin", "ADMIN", "adm%69n", "%41dmin", "public", "secret", ".", "..",
        "...", "%2e", "%2E%2e", ".%2e", ";", ";x", "%3b", "%2f", "%2F", "\\", "%5c", "#", "?", "%",
        "%00", "%0a", "%20", "é", "%c3%a9", "%c0%af", "a", "~", "%7e",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn no_reading_of_a_public_request_lies_in_a_protected_place(
        pieces in prop::collection::vec(piece(), 1..9)
    ) {
        let rules = rules();
        let target = format!("/{}", pieces.concat());
        if let Some(sent) = forwarded(&rules, &target) {
            for reading in readings(&sent) {
                prop_assert!(!is_protected(&reading), "{target} was sent as {sent}: {reading}");
            }
        }
    }
}

#[test]
fn the_oracle_knows_what_it_looks_for() {
    let rules = rules();
    assert_eq!(forwarded(&rules, "/public/x").as_deref(), Some("/public/x"));
    assert_eq!(forwarded(&rules, "/admin/x"), None);
    for hidden in [
        "/public/../admin/x",
        "/public/%2e%2e/admin/x",
        "//admin/x",
        "/admin;a=b/x",
        "/ADMIN/x",
        "/public/..;/admin/x",
        "/x\\..\\..\\admin",
        "/admin#/public",
    ] {
        assert!(
            readings(hidden).iter().any(|reading| is_protected(reading)),
            "{hidden}"
        );
    }
    assert!(
        !readings("/administrator")
            .iter()
            .any(|reading| is_protected(reading))
    );
}
