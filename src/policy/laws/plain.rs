//! The plainest reading of the rule language: rule after rule, condition after condition.

use std::cmp::Reverse;

use http::{HeaderMap, Method};

use super::generated::Circumstance;
use crate::policy::{
    Conditions, Expected, Found, HostPattern, PathPattern, PathRegex, Request, RequiredAal,
    RuleParts, RuleSet, Segment,
};

/// What the expressions that rules are made with mean, in plain words.
fn regex_matches(regex: &str, path: &str) -> bool {
    match regex {
        "/.*" => true,
        "/a/.*" => path.starts_with("/a/"),
        "/a/[ab]" => matches!(path, "/a/a" | "/a/b"),
        "/[ab]/.+" => path.len() > 3 && (path.starts_with("/a/") || path.starts_with("/b/")),
        "/(a|c)/a.*" => path.starts_with("/a/a") || path.starts_with("/c/a"),
        "/b/b/.*" => path.starts_with("/b/b/"),
        "/a/b/?" => matches!(path, "/a/b" | "/a/b/"),
        "/a" => path == "/a",
        other => panic!("{other} has no words yet"),
    }
}

/// One pattern of one rule.
pub(super) struct Line<'a> {
    pub(super) rule: &'a RuleParts,
    host: &'a HostPattern,
    path: Pattern<'a>,
}

#[derive(Clone, Copy, PartialEq)]
enum Pattern<'a> {
    Path(&'a PathPattern),
    /// Each is a pattern of its own, whatever its text: told apart by its place in memory.
    Regex(&'a PathRegex),
}

impl Pattern<'_> {
    fn is_same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Path(one), Self::Path(two)) => one == two,
            (Self::Regex(one), Self::Regex(two)) => std::ptr::eq(one, two),
            (Self::Path(_), Self::Regex(_)) | (Self::Regex(_), Self::Path(_)) => false,
        }
    }

    fn matches(self, path: &str) -> bool {
        match self {
            Self::Path(pattern) => {
                let segments: Vec<&str> = path.split('/').skip(1).collect();
                path_matches(pattern.segments(), &segments)
            }
            Self::Regex(regex) => regex_matches(regex.as_str(), path),
        }
    }

    fn order(self) -> Vec<u8> {
        match self {
            Self::Path(path) => {
                let segments = path.segments().iter();
                segments
                    .map(|segment| match segment {
                        Segment::Literal(_) => 0,
                        Segment::One => 1,
                        Segment::Rest => 3,
                    })
                    .collect()
            }
            Self::Regex(regex) => regex.prefix().map(|_| 0).chain([2]).collect(),
        }
    }
}

pub(super) fn host_matches(pattern: &HostPattern, host: &str) -> bool {
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

/// The order of the rule language, as a key: smaller comes first.
pub(super) type Order = (
    Reverse<i32>,
    u8,
    Reverse<usize>,
    Vec<u8>,
    bool,
    Reverse<usize>,
);

pub(super) fn order(line: &Line<'_>) -> Order {
    let (kind, length) = match line.host {
        HostPattern::Exact(_) => (0, 0),
        HostPattern::Below(parent) => (1, parent.as_str().len()),
        HostPattern::Any => (2, 0),
    };
    let matcher = &line.rule.matcher;
    let conditions = matcher.conditions.as_ref().map_or(0, |it| it.count());
    (
        Reverse(matcher.priority),
        kind,
        Reverse(length),
        line.path.order(),
        !matcher.methods.are_named(),
        Reverse(conditions),
    )
}

/// Every line whose host and path match, in order.
pub(super) fn lines<'a>(rules: &'a [RuleParts], host: &str, path: &str) -> Vec<Line<'a>> {
    let mut found = Vec::new();
    for rule in rules {
        let matcher = &rule.matcher;
        for host in &matcher.hosts {
            let paths = matcher.paths.iter().map(Pattern::Path);
            let regexes = matcher.path_regexes.iter().map(Pattern::Regex);
            found.extend(paths.chain(regexes).map(|path| Line { rule, host, path }));
        }
    }
    found.retain(|line| host_matches(line.host, host) && line.path.matches(path));
    found.sort_by_key(order);
    found
}

/// How applications come to one value of a parameter or header that is there several times.
type Reader = fn(&[&str], &dyn Fn(&str) -> bool) -> bool;
const READERS: [Reader; 4] = [
    |values, is_it| values.first().is_some_and(|value| is_it(value)),
    |values, is_it| values.last().is_some_and(|value| is_it(value)),
    |values, is_it| values.iter().any(|value| is_it(value)),
    |values, is_it| !values.is_empty() && values.iter().all(|value| is_it(value)),
];

/// How applications take a query apart.
const SEPARATORS: [&[char]; 2] = [&['&'], &['&', ';']];

fn is_as_expected(expected: &Expected, values: &[&str], reader: Reader) -> bool {
    match expected {
        Expected::Present => !values.is_empty(),
        Expected::Absent => values.is_empty(),
        Expected::Exactly(text) => reader(values, &|value| value == &**text),
    }
}

/// What each reader of the request says of the conditions.
fn answers(conditions: &Conditions, circumstance: &Circumstance) -> Vec<Vec<bool>> {
    let mut answers = Vec::new();
    for (name, expected) in &conditions.query {
        let mut by_reader = Vec::new();
        for separators in SEPARATORS {
            let pieces = circumstance.query.split(separators);
            let pairs = pieces.map(|piece| piece.split_once('=').unwrap_or((piece, "")));
            let values = pairs.filter(|(own, _)| *own == &**name);
            let values: Vec<&str> = values.map(|(_, value)| value).collect();
            by_reader.extend(READERS.map(|reader| is_as_expected(expected, &values, reader)));
        }
        answers.push(by_reader);
    }
    for (name, expected) in &conditions.headers {
        let lines = circumstance.headers.iter();
        let values: Vec<&str> = lines
            .filter(|(own, _)| name == own)
            .map(|(_, value)| *value)
            .collect();
        let by_reader = READERS.map(|reader| is_as_expected(expected, &values, reader));
        answers.push(by_reader.into());
    }
    if let Some(networks) = &conditions.networks {
        answers.push(vec![networks.contain(circumstance.client_ip())]);
    }
    answers
}

/// Whether the rule is about the request: for every reader, for some, or for none.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum About {
    Every,
    Some,
    None,
}

pub(super) fn about(rule: &RuleParts, method: &Method, circumstance: &Circumstance) -> About {
    if !rule.matcher.methods.contain(method) {
        return About::None;
    }
    let Some(conditions) = &rule.matcher.conditions else {
        return About::Every;
    };
    let answers = answers(conditions, circumstance);
    if answers.iter().flatten().all(|holds| *holds) {
        About::Every
    } else if answers.iter().all(|readers| readers.contains(&true)) {
        About::Some
    } else {
        About::None
    }
}

#[derive(Debug, PartialEq)]
pub(super) enum Plain {
    /// The rule that is reached, and those that must allow besides.
    Rule(Vec<String>),
    WrongMethod,
    NoRule,
    UnknownHost,
}

/// What the rule language says, rule after rule.
pub(super) fn plainly(
    rules: &[RuleParts],
    host: &str,
    path: &str,
    circumstance: &Circumstance,
) -> Plain {
    let method = &circumstance.method();
    let lines = lines(rules, host, path);
    if let Some(found) = winner(&lines, method, circumstance) {
        return Plain::Rule(found);
    }
    let mut others = lines
        .iter()
        .flat_map(|line| line.rule.matcher.methods.named());
    if others.any(|other| winner(&lines, other, circumstance).is_some()) {
        return Plain::WrongMethod;
    }
    let knows_host = |rule: &RuleParts| {
        let mut hosts = rule.matcher.hosts.iter();
        hosts.any(|pattern| host_matches(pattern, host))
    };
    match rules.iter().any(knows_host) {
        true => Plain::NoRule,
        false => Plain::UnknownHost,
    }
}

fn winner(lines: &[Line<'_>], method: &Method, circumstance: &Circumstance) -> Option<Vec<String>> {
    let mut shields: Vec<&Line<'_>> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    for line in lines {
        let only_reports = line.rule.switches.report_only;
        let is_public = line.rule.requirement.required_aal == RequiredAal::None || only_reports;
        let is_shielded = shields
            .iter()
            .any(|shield| shield.host != line.host || !shield.path.is_same(line.path));
        let about = about(line.rule, method, circumstance);
        let kept_out = is_public && is_shielded;
        if about == About::Every && !kept_out {
            let id = line.rule.id.to_string();
            others.retain(|other| *other != id);
            others.insert(0, id);
            return Some(others);
        }
        if about == About::Some && !kept_out && !others.contains(&line.rule.id.to_string()) {
            others.push(line.rule.id.to_string());
        }
        if about != About::Every && !line.rule.switches.fall_through && !only_reports {
            shields.push(line);
        }
    }
    None
}

/// What the set says.
pub(super) fn by_set(rules: &RuleSet, request: &Request, headers: &HeaderMap) -> Plain {
    match rules.find(request, headers) {
        Found::Rule(found) => {
            let mut ids: Vec<String> = Vec::new();
            for rule in found.rules() {
                let id = rules.rule(rule).id().to_string();
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
            Plain::Rule(ids)
        }
        Found::MethodNotAllowed(allowed) => {
            assert!(!allowed.contains(&request.method) && !allowed.is_empty());
            for method in allowed {
                let request = Request {
                    method: method.clone(),
                    ..request.clone()
                };
                let found = by_set(rules, &request, headers);
                assert!(matches!(found, Plain::Rule(_)), "{method} was promised");
            }
            Plain::WrongMethod
        }
        Found::NoRule => Plain::NoRule,
        Found::UnknownHost => Plain::UnknownHost,
        Found::Ambiguous(reason) => panic!("{reason}"),
    }
}
