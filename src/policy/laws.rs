//! Laws that hold for all rules and all requests, tried on generated ones against the plainest
//! reading of the rule language.

use std::cmp::Reverse;

use http::{HeaderMap, Method};
use proptest::prelude::*;

use super::fixture::{at, get, request, rule, set};
use super::{
    ConflictKind, Decision, Found, Host, HostPattern, PathPattern, RequiredAal, RuleParts, RuleSet,
    Segment, Standing, decide,
};

const HOSTS: [&str; 5] = ["h", "a.h", "b.a.h", "x", "a.x"];
const PATHS: [&str; 12] = [
    "/", "/a", "/b", "/a/", "/a/a", "/a/b", "/b/a", "/a/b/", "/a/b/a", "/b/b/b", "/c", "/c/a/c",
];
const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "DELETE"];

/// One pattern of one rule.
struct Line<'a> {
    rule: &'a RuleParts,
    host: &'a HostPattern,
    path: &'a PathPattern,
}

fn host_matches(pattern: &HostPattern, host: &str) -> bool {
    match pattern {
        HostPattern::Exact(exact) => exact.as_str() == host,
        HostPattern::Below(parent) => host.ends_with(&format!(".{}", parent.as_str())),
        HostPattern::Any => true,
    }
}

fn path_matches(pattern: &[Segment], path: &[&str]) -> bool {
    match (pattern, path) {
        ([Segment::Rest], _) | ([], []) => true,
        ([Segment::Literal(text), pattern @ ..], [first, path @ ..]) => {
            **text == **first && path_matches(pattern, path)
        }
        ([Segment::One, pattern @ ..], [first, path @ ..]) => {
            !first.is_empty() && path_matches(pattern, path)
        }
        _ => false,
    }
}

/// The order of rules.md, as a key: smaller comes first.
type Order = (Reverse<i32>, u8, Reverse<usize>, Vec<u8>, bool);

fn order(line: &Line<'_>) -> Order {
    let (kind, length) = match line.host {
        HostPattern::Exact(_) => (0, 0),
        HostPattern::Below(parent) => (1, parent.as_str().len()),
        HostPattern::Any => (2, 0),
    };
    let path = line.path.segments().iter().map(|segment| match segment {
        Segment::Literal(_) => 0,
        Segment::One => 1,
        Segment::Rest => 2,
    });
    let matcher = &line.rule.matcher;
    let named = matcher.methods.are_named();
    (
        Reverse(matcher.priority),
        kind,
        Reverse(length),
        path.collect(),
        !named,
    )
}

/// Every line whose host and path match, in order.
fn lines<'a>(rules: &'a [RuleParts], host: &str, path: &str) -> Vec<Line<'a>> {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut found: Vec<Line<'a>> = rules
        .iter()
        .flat_map(|rule| {
            let matcher = &rule.matcher;
            matcher.hosts.iter().flat_map(move |host| {
                matcher
                    .paths
                    .iter()
                    .map(move |path| Line { rule, host, path })
            })
        })
        .filter(|line| host_matches(line.host, host))
        .filter(|line| path_matches(line.path.segments(), &segments))
        .collect();
    found.sort_by_key(order);
    found
}

#[derive(Debug, PartialEq)]
enum Plain {
    Rule(String),
    WrongMethod,
    NoRule,
    UnknownHost,
}

/// What rules.md says, rule after rule.
fn plainly(rules: &[RuleParts], method: &Method, host: &str, path: &str) -> Plain {
    let lines = lines(rules, host, path);
    let mut shields: Vec<&Line<'_>> = Vec::new();
    for line in &lines {
        let only_reports = line.rule.switches.report_only;
        let is_public = line.rule.requirement.required_aal == RequiredAal::None || only_reports;
        let is_shielded = shields
            .iter()
            .any(|shield| shield.host != line.host || shield.path != line.path);
        if !line.rule.matcher.methods.contain(method) {
            if !line.rule.switches.fall_through && !only_reports {
                shields.push(line);
            }
        } else if !(is_public && is_shielded) {
            return Plain::Rule(line.rule.id.to_string());
        }
    }
    let knows_host = |rule: &RuleParts| {
        let mut hosts = rule.matcher.hosts.iter();
        hosts.any(|pattern| host_matches(pattern, host))
    };
    match lines.is_empty() {
        false => Plain::WrongMethod,
        true if rules.iter().any(knows_host) => Plain::NoRule,
        true => Plain::UnknownHost,
    }
}

fn by_set(rules: &RuleSet, method: &str, host: &str, path: &str) -> Plain {
    match rules.find(&request(method, host, path).unwrap(), &HeaderMap::new()) {
        Found::Rule(found) => Plain::Rule(rules.rule(found.rule()).id().to_string()),
        Found::MethodNotAllowed(allowed) => {
            assert!(!allowed.iter().any(|allowed| allowed.as_str() == method));
            for allowed in allowed {
                let found = by_set(rules, allowed.as_str(), host, path);
                assert!(matches!(found, Plain::Rule(_)), "{allowed} was promised");
            }
            Plain::WrongMethod
        }
        Found::NoRule => Plain::NoRule,
        Found::UnknownHost => Plain::UnknownHost,
        Found::Ambiguous(reason) => panic!("{reason}"),
    }
}

fn any_rule() -> impl Strategy<Value = RuleParts> {
    let pattern = prop::sample::select(vec![
        "/", "/**", "/a", "/a/", "/a/**", "/{x}", "/{x}/**", "/a/{x}", "/*/a", "/a/b", "/a/*/**",
        "/*/*", "/b/**", "/a/b/a",
    ]);
    let host = prop::sample::select(vec!["", "", "h", "a.h", "*.h", "*.a.h"]);
    let methods = prop::sample::select(vec![
        vec![],
        vec![],
        vec!["GET"],
        vec!["POST"],
        vec!["GET", "POST"],
        vec!["HEAD"],
    ]);
    let level = prop::sample::select(vec![
        RequiredAal::None,
        RequiredAal::Aal1,
        RequiredAal::Aal2,
    ]);
    let patterns = prop::collection::btree_set(pattern, 1..3);
    (
        patterns,
        host,
        methods,
        level,
        0..3_i32,
        prop::bool::weighted(0.2),
    )
        .prop_map(|(patterns, host, methods, level, priority, fall_through)| {
            let mut parts = rule("", "/", level).switched(|switches| {
                switches.fall_through = fall_through;
                // Look-alikes add rules; what is compared here is the order.
                switches.strict_paths = false;
            });
            let parse = |pattern: &&str| PathPattern::parse(pattern).unwrap();
            parts.matcher.paths = patterns.iter().map(parse).collect();
            parts = parts.priority((priority - 1).max(0));
            if !host.is_empty() {
                parts = parts.host(host);
            }
            if !methods.is_empty() {
                parts = parts.methods(&methods);
            }
            parts
        })
}

pub(super) fn any_rules() -> impl Strategy<Value = Vec<RuleParts>> {
    prop::collection::vec(any_rule(), 1..9).prop_map(|mut rules| {
        for (number, rule) in rules.iter_mut().enumerate() {
            rule.id = super::RuleId::new(&format!("r{number}"));
        }
        rules
    })
}

/// Leaves out the rules that clash with others, and gives what was told of them.
pub(super) fn without_conflicts(mut rules: Vec<RuleParts>) -> (Vec<RuleParts>, RuleSet) {
    loop {
        match RuleSet::build(rules.clone(), Vec::new()) {
            Ok(set) => return (rules, set),
            Err(conflicts) => {
                check_conflicts(&rules, &conflicts);
                rules.remove(conflicts[0].rule.number());
            }
        }
    }
}

/// What is told of conflicts is true: two rules that both match, none before the other; a rule
/// that wins no request.
fn check_conflicts(rules: &[RuleParts], conflicts: &[super::Conflict]) {
    for conflict in conflicts {
        let rule = &rules[conflict.rule.number()];
        let other = &rules[conflict.other.number()];
        match conflict.kind {
            ConflictKind::Ambiguous => {
                assert!(requests().any(|(method, host, path)| {
                    let lines = lines(rules, host, path);
                    let of = |wanted: &RuleParts| {
                        lines
                            .iter()
                            .filter(|line| line.rule.id == wanted.id)
                            .filter(|line| line.rule.matcher.methods.contain(&method))
                            .map(order)
                            .collect::<Vec<_>>()
                    };
                    of(rule).iter().any(|order| of(other).contains(order))
                }));
            }
            ConflictKind::Dead | ConflictKind::Shielded => {
                let ambiguous = conflicts
                    .iter()
                    .any(|conflict| conflict.kind == ConflictKind::Ambiguous);
                let wins = |(method, host, path): (Method, &str, &str)| {
                    plainly(rules, &method, host, path) == Plain::Rule(rule.id.to_string())
                };
                // Where an order is missing, who wins is chance.
                assert!(
                    ambiguous || !requests().any(wins),
                    "{} is not dead",
                    rule.id
                );
            }
        }
    }
}

pub(super) fn requests() -> impl Iterator<Item = (Method, &'static str, &'static str)> {
    HOSTS.into_iter().flat_map(|host| {
        PATHS.into_iter().flat_map(move |path| {
            METHODS
                .into_iter()
                .map(move |method| (super::fixture::method(method), host, path))
        })
    })
}

/// Whether someone without a session gets in.
fn is_public(rules: &RuleSet, method: &str, host: &str, path: &str) -> bool {
    match rules.find(&request(method, host, path).unwrap(), &HeaderMap::new()) {
        Found::Rule(found) => rules.rule(found.rule()).is_public(),
        Found::MethodNotAllowed(_) | Found::NoRule | Found::UnknownHost | Found::Ambiguous(_) => {
            false
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_tree_finds_what_the_plain_reading_finds(rules in any_rules()) {
        let (rules, set) = without_conflicts(rules);
        for (method, host, path) in requests() {
            let expected = plainly(&rules, &method, host, path);
            let found = by_set(&set, method.as_str(), host, path);
            prop_assert_eq!(found, expected, "{} {}{} in {:#?}", method, host, path, rules);
        }
    }

    #[test]
    fn a_set_that_is_accepted_has_an_order_for_every_request(rules in any_rules()) {
        let (rules, _) = without_conflicts(rules);
        for (method, host, path) in requests() {
            let lines = lines(&rules, host, path);
            let matching: Vec<_> = lines
                .iter()
                .filter(|line| line.rule.matcher.methods.contain(&method))
                .collect();
            for pair in matching.windows(2) {
                let same_rule = pair[0].rule.id == pair[1].rule.id;
                prop_assert!(same_rule || order(pair[0]) != order(pair[1]));
            }
        }
    }

    #[test]
    fn narrowing_a_rule_never_makes_another_request_public(
        rules in any_rules(), which in any::<prop::sample::Index>(),
    ) {
        let (rules, before) = without_conflicts(rules);
        let mut narrowed = rules.clone();
        let place = which.index(rules.len());
        let rule = narrowed.remove(place).methods(&["GET"]);
        let rule = rule.switched(|switches| switches.fall_through = false);
        // A public rule that is written for the very same pattern is meant for the rest of it.
        let shares_pattern = rules.iter().any(|other| {
            other.id != rule.id
                && other.matcher.hosts == rule.matcher.hosts
                && other.matcher.paths.iter().any(|path| rule.matcher.paths.contains(path))
        });
        let kept_get = rules[place].matcher.methods.contain(&Method::GET);
        if shares_pattern || rules[place].switches.fall_through || !kept_get {
            return Ok(());
        }
        narrowed.insert(place, rule);
        let Ok(after) = RuleSet::build(narrowed, Vec::new()) else { return Ok(()) };
        for (method, host, path) in requests() {
            let method = method.as_str();
            prop_assert!(
                is_public(&before, method, host, path) || !is_public(&after, method, host, path),
                "{} {}{} became public", method, host, path
            );
        }
    }
}

/// What applications do to a path before they look at it.
const READERS: [fn(&str) -> String; 6] = [
    |path| {
        percent_encoding::percent_decode_str(path)
            .decode_utf8_lossy()
            .into_owned()
    },
    |path| path.replace('\\', "/"),
    |path| {
        let names = path
            .split('/')
            .map(|piece| piece.split(';').next().unwrap_or_default());
        names.collect::<Vec<_>>().join("/")
    },
    |path| {
        path.split(['#', '?', '\0'])
            .next()
            .unwrap_or_default()
            .to_owned()
    },
    str::to_lowercase,
    |path| {
        let mut merged = path.to_owned();
        while merged.contains("//") {
            merged = merged.replace("//", "/");
        }
        merged
    },
];

/// RFC 3986 section 5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for piece in path.split('/').skip(1) {
        match piece {
            "." => {}
            ".." => {
                kept.pop();
            }
            piece => kept.push(piece),
        }
    }
    format!("/{}", kept.join("/"))
}

/// Every path that some chain of readers sees, each reader used at most once.
fn readings(path: String, unused: &[fn(&str) -> String], seen: &mut Vec<String>) {
    seen.push(without_dots(&path));
    for (place, reader) in unused.iter().enumerate() {
        let mut rest = unused.to_vec();
        rest.remove(place);
        let read = reader(&path);
        // A reader that changes nothing opens no new chain.
        if read != path {
            readings(read, &rest, seen);
        }
    }
    seen.push(path);
}

fn hostile_target() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "/", "/", "/", "admin", "admin", "ADMIN", "Adm%69n", "public", "secret", ".", "..", "%2e",
        "%2E%2e", "%2f", "%2F", "%5c", "\\", ";", "%3b", ";x=1", "%25", "%252e", "%23", "#", "?",
        "%3F", "%00", "%20", "%c0%ae", "a",
    ]);
    prop::collection::vec(piece, 1..10).prop_map(|pieces| format!("/{}", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// However an application reads the target that it is sent, nobody without a session reaches
    /// what `/admin/**` protects, although everything else is public.
    #[test]
    fn no_reading_of_a_forwarded_path_lies_below_what_is_protected(
        target in hostile_target(), lenient in any::<bool>(),
    ) {
        let rules = set(vec![
            rule("admin", "/admin/**", RequiredAal::Aal2),
            rule("public", "/public/**", RequiredAal::None),
            rule("all", "/**", RequiredAal::None).switched(|switches| {
                switches.allow_encoded_slash = lenient;
                switches.merge_slashes = lenient;
            }),
        ]);
        let Ok(request) = request("GET", "h", &target) else { return Ok(()) };
        let Found::Rule(found) = rules.find(&request, &HeaderMap::new()) else { return Ok(()) };
        let decision = decide(&rules, &found, request, &HeaderMap::new(), Standing::Anonymous, at(0));
        let Decision::Allow(permit) = decision else { return Ok(()) };
        let mut seen = Vec::new();
        readings(permit.request().path.as_str().to_owned(), &READERS, &mut seen);
        for reading in seen {
            prop_assert!(
                reading != "/admin" && !reading.starts_with("/admin/"),
                "{} is forwarded and can be read as {}", target, reading
            );
        }
    }

    #[test]
    fn hosts_that_differ_in_spelling_reach_the_same_rule(
        host in prop::sample::select(vec!["a.h", "A.h", "a.H.", "a.h:80", "A.H.:80", "a.h:8080"]),
    ) {
        let rules = set(vec![
            rule("below", "/**", RequiredAal::Aal2).host("*.h"),
            rule("any", "/**", RequiredAal::None),
        ]);
        let found = by_set(&rules, "GET", host, "/x");
        prop_assert_eq!(found, Plain::Rule("below".to_owned()));
        prop_assert_eq!(get(host, "/").host, Host::parse("a.h").unwrap());
    }
}
