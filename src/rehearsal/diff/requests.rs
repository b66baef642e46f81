//! Requests that tell two sets of rules apart.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, Method};

use super::Sets;
use super::addresses::add_edges;
use super::paths::paths_to_try;
use super::regexes;
use super::settings::{Setting, settings_of};
use crate::policy::{Host, HostPattern, PathPattern, Request, Rule, Scheme};

/// Stands for a name that no rule has.
const OTHER: &str = "x1";
/// Sets of query and headers that are tried on one host, beside none at all.
const MAX_SETTINGS: usize = 64;

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
struct Around {
    paths: BTreeSet<String>,
    methods: Vec<Method>,
    settings: Vec<Setting>,
    addresses: BTreeSet<IpAddr>,
    pairs_left_out: usize,
}

impl Around {
    fn of(sets: &Sets, host: &Host) -> Self {
        let rules = all_rules(sets).filter(|rule| {
            let mut hosts = rule.matcher().hosts.iter();
            hosts.any(|pattern| pattern.matches(host))
        });
        let mut patterns: BTreeMap<String, &PathPattern> = BTreeMap::new();
        let mut witnesses: BTreeSet<String> = BTreeSet::new();
        let mut methods = BTreeSet::new();
        let mut settings = vec![Setting::default()];
        let mut addresses = BTreeSet::from([IpAddr::V4(Ipv4Addr::LOCALHOST)]);
        for rule in rules {
            let matcher = rule.matcher();
            for pattern in &matcher.paths {
                patterns.insert(format!("{:?}", pattern.segments()), pattern);
            }
            for regex in &matcher.path_regexes {
                witnesses.extend(regexes::matched_by(regex.as_str()));
            }
            if let Some(conditions) = &matcher.conditions {
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
            methods: with_others(methods),
            settings,
            addresses,
            pairs_left_out,
        }
    }

    fn put(&self, host: &Host, put: &mut impl FnMut(&Request, &HeaderMap)) {
        let parsed = self.paths.iter();
        let paths = parsed.filter_map(|path| Some(Request::parse_target(path).ok()?.0));
        for path in paths {
            for method in &self.methods {
                for setting in &self.settings {
                    for address in &self.addresses {
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
