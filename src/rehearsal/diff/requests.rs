//! Requests that tell two sets of rules apart.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, Method};

use super::Sets;
use super::addresses::add_edges;
use super::paths::paths_to_try;
use super::regexes;
use super::settings::{Setting, settings_of};
use crate::policy::{Host, HostPattern, PathPattern, Request, Rule, Scheme, Segment};

/// Stands for a name that no rule has.
const OTHER: &str = "x1";
/// Sets of query and headers that are tried on one host, beside none at all.
const MAX_SETTINGS: usize = 64;
/// Where a request comes from whose address no rule looks at.
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Makes requests for everything that rules of either set are about, and gives them to `put`. Says
/// how many combinations of path patterns were left out.
pub(super) fn make(sets: &Sets, mut put: impl FnMut(&Request, &HeaderMap)) -> usize {
    let mut left_out = 0;
    for host in hosts(sets) {
        let around = Around::of(sets, &host);
        left_out += around.pairs_left_out;
        around.put(&host, &mut put);
    }
    left_out
}

fn all_rules(sets: &Sets) -> impl Iterator<Item = &Rule> {
    sets.old.rules().iter().chain(sets.new.rules())
}

/// Every host that a rule names, hosts below every wildcard, its parent, and one nobody names.
fn hosts(sets: &Sets) -> Vec<Host> {
    let mut names: BTreeSet<String> = BTreeSet::from(["other.example".to_owned()]);
    for rule in all_rules(sets) {
        for host in &rule.matcher().hosts {
            match host {
                HostPattern::Exact(host) => {
                    names.insert(host.as_str().to_owned());
                }
                HostPattern::Below(parent) => {
                    let parent = parent.as_str();
                    names.insert(parent.to_owned());
                    names.insert(format!("{OTHER}.{parent}"));
                    names.insert(format!("x2.{OTHER}.{parent}"));
                }
                HostPattern::Any => {}
            }
        }
    }
    let hosts = names.iter().filter_map(|name| Host::parse(name).ok());
    hosts.collect()
}

/// What rules tell apart on one host.
struct Around<'a> {
    paths: BTreeSet<String>,
    /// The patterns of rules that look at query, headers or address.
    narrowed: Vec<&'a PathPattern>,
    /// Such a rule goes by an expression, which may match anything.
    narrowed_anywhere: bool,
    methods: Vec<Method>,
    settings: Vec<Setting>,
    addresses: BTreeSet<IpAddr>,
    pairs_left_out: usize,
}

impl<'a> Around<'a> {
    fn of(sets: &'a Sets, host: &Host) -> Self {
        let rules = all_rules(sets).filter(|rule| {
            let mut hosts = rule.matcher().hosts.iter();
            hosts.any(|pattern| pattern.matches(host))
        });
        let mut patterns: BTreeMap<String, &PathPattern> = BTreeMap::new();
        let mut witnesses: BTreeSet<String> = BTreeSet::new();
        let mut methods = BTreeSet::new();
        let mut settings = vec![Setting::default()];
        let mut addresses = BTreeSet::from([HERE]);
        let (mut narrowed, mut narrowed_anywhere) = (Vec::new(), false);
        for rule in rules {
            let matcher = rule.matcher();
            for pattern in &matcher.paths {
                patterns.insert(format!("{:?}", pattern.segments()), pattern);
            }
            for regex in &matcher.path_regexes {
                witnesses.extend(regexes::matched_by(regex.as_str()));
            }
            if let Some(conditions) = &matcher.conditions {
                narrowed.extend(&matcher.paths);
                narrowed_anywhere |= !matcher.path_regexes.is_empty();
                for setting in settings_of(conditions) {
                    if settings.len() <= MAX_SETTINGS && !settings.contains(&setting) {
                        settings.push(setting);
                    }
                }
                if let Some(networks) = &conditions.networks {
                    add_edges(networks, &mut addresses);
                }
            }
            methods.extend(
                matcher
                    .methods
                    .named()
                    .map(|method| method.as_str().to_owned()),
            );
        }
        let patterns: Vec<&PathPattern> = patterns.into_values().collect();
        let witnesses: Vec<String> = witnesses.into_iter().collect();
        let (paths, pairs_left_out) = paths_to_try(&patterns, &witnesses);
        Self {
            paths,
            narrowed,
            narrowed_anywhere,
            methods: with_others(methods),
            settings,
            addresses,
            pairs_left_out,
        }
    }

    fn put(&self, host: &Host, put: &mut impl FnMut(&Request, &HeaderMap)) {
        let plain = (vec![Setting::default()], BTreeSet::from([HERE]));
        for text in &self.paths {
            let Ok((path, _)) = Request::parse_target(text) else {
                continue;
            };
            let narrowed = self.narrowed_anywhere
                || self.narrowed.iter().any(|pattern| may_match(pattern, text));
            let (settings, addresses) = match narrowed {
                true => (&self.settings, &self.addresses),
                false => (&plain.0, &plain.1),
            };
            for method in &self.methods {
                for setting in settings {
                    for address in addresses {
                        let request = Request {
                            method: method.clone(),
                            scheme: Scheme::Https,
                            host: host.clone(),
                            port: None,
                            path: path.clone(),
                            query: setting.query.clone(),
                            client_ip: *address,
                        };
                        put(&request, &setting.headers);
                    }
                }
            }
        }
    }
}

/// Whether a pattern may match a path, as it stands or as a lax application reads it.
fn may_match(pattern: &PathPattern, path: &str) -> bool {
    if path.contains('%') {
        return true;
    }
    let pieces = path
        .split('/')
        .map(|piece| piece.split(';').next().unwrap_or_default());
    let mut pieces = pieces.filter(|piece| !piece.is_empty());
    for segment in pattern.segments() {
        match segment {
            Segment::Rest => return true,
            Segment::Literal(text) if text.is_empty() => {}
            Segment::Literal(text) if text.contains(['%', ';']) => return true,
            Segment::Literal(text) => {
                if !pieces
                    .next()
                    .is_some_and(|piece| piece.eq_ignore_ascii_case(text))
                {
                    return false;
                }
            }
            Segment::One => {
                if pieces.next().is_none() {
                    return false;
                }
            }
        }
    }
    pieces.next().is_none()
}

/// The methods that rules name, and others that they don't.
fn with_others(mut named: BTreeSet<String>) -> Vec<Method> {
    const USUAL: [&str; 4] = ["GET", "POST", "DELETE", "PUT"];
    let other = USUAL.into_iter().find(|usual| !named.contains(*usual));
    named.extend(other.map(str::to_owned));
    named.insert("GET".to_owned());
    named.insert("REPORT".to_owned());
    let methods = named.iter();
    methods
        .filter_map(|name| Method::from_bytes(name.as_bytes()).ok())
        .collect()
}
