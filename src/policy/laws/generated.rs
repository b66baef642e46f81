//! Rules and requests for the laws.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

use crate::policy::fixture::{method, request, rule};
use crate::policy::{
    Conditions, Expected, Networks, PathPattern, PathRegex, Request, RequiredAal, RuleId, RuleParts,
};

pub(super) const HOSTS: [&str; 5] = ["h", "a.h", "b.a.h", "x", "a.x"];
pub(super) const PATHS: [&str; 12] = [
    "/", "/a", "/b", "/a/", "/a/a", "/a/b", "/b/a", "/a/b/", "/a/b/a", "/b/b/b", "/c", "/c/a/c",
];
const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "DELETE"];
const QUERIES: [&str; 8] = [
    "",
    "p=1",
    "p=2",
    "q",
    "p=1&q=1",
    "p=1&p=2",
    "q;p=1",
    "p=2&p=1;q",
];
const HEADERS: [&[(&str, &str)]; 5] = [
    &[],
    &[("x-a", "1")],
    &[("x-a", "2")],
    &[("x-a", "1"), ("x-a", "2")],
    &[("x-a", "1"), ("x-b", "1")],
];
const ADDRESSES: [&str; 4] = ["10.1.0.1", "10.2.0.1", "192.0.2.1", "::ffff:10.1.0.2"];

/// What a request is besides its host and path.
#[derive(Clone, Copy, Debug)]
pub(in crate::policy) struct Circumstance {
    method: &'static str,
    pub(super) query: &'static str,
    pub(super) headers: &'static [(&'static str, &'static str)],
    address: &'static str,
}

impl Circumstance {
    /// Circumstances by number, so that all of them come up in some order.
    pub(super) fn numbered(number: usize) -> Self {
        fn pick<T: Copy>(list: &[T], number: &mut usize) -> T {
            let picked = list[*number % list.len()];
            *number /= list.len();
            picked
        }
        let mut number = number;
        Self {
            method: pick(&METHODS, &mut number),
            query: pick(&QUERIES, &mut number),
            headers: pick(&HEADERS, &mut number),
            address: pick(&ADDRESSES, &mut number),
        }
    }

    pub(super) fn with_query(self, query: &'static str) -> Self {
        Self { query, ..self }
    }

    pub(super) const fn count() -> usize {
        METHODS.len() * QUERIES.len() * HEADERS.len() * ADDRESSES.len()
    }

    pub(super) fn method(&self) -> Method {
        method(self.method)
    }

    pub(super) fn client_ip(&self) -> IpAddr {
        self.address.parse().unwrap()
    }

    pub(in crate::policy) fn request(&self, host: &str, path: &str) -> Request {
        let target = match self.query {
            "" => path.to_owned(),
            query => format!("{path}?{query}"),
        };
        Request {
            client_ip: self.client_ip(),
            ..request(self.method, host, &target).unwrap()
        }
    }

    pub(super) fn header_map(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        headers
    }
}

/// A part of all hosts, paths and circumstances; another part for another `seed`.
pub(in crate::policy) fn requests(
    seed: usize,
) -> impl Iterator<Item = (&'static str, &'static str, Circumstance)> {
    let places = HOSTS
        .into_iter()
        .flat_map(|host| PATHS.into_iter().map(move |path| (host, path)));
    places.enumerate().flat_map(move |(place, (host, path))| {
        (0..6).map(move |turn| {
            // A number that shares no factor with the lists' lengths walks through all of them.
            let number = (seed + place * 7 + turn * 131) % Circumstance::count();
            (host, path, Circumstance::numbered(number))
        })
    })
}

fn any_expected() -> impl Strategy<Value = Expected> {
    prop::sample::select(vec![
        Expected::Present,
        Expected::Absent,
        Expected::Exactly("1".into()),
        Expected::Exactly("2".into()),
    ])
}

pub(super) fn networks(text: &str) -> Networks {
    Networks::of([text.parse().unwrap()])
}

fn any_conditions() -> impl Strategy<Value = Option<Arc<Conditions>>> {
    let parameter = prop::sample::select(vec!["p", "q"]);
    let header = prop::sample::select(vec!["x-a", "x-b"]);
    let network = prop::sample::select(vec!["", "", "", "10.0.0.0/8", "10.1.0.0/16"]);
    (
        prop::collection::btree_map(parameter, any_expected(), 0..2),
        prop::collection::btree_map(header, any_expected(), 0..2),
        network,
        any::<bool>(),
    )
        .prop_map(|(query, headers, network, none)| {
            let headers = headers.into_iter();
            let conditions = Conditions {
                query: query
                    .into_iter()
                    .map(|(name, it)| (name.into(), it))
                    .collect(),
                headers: headers
                    .map(|(name, it)| (HeaderName::from_static(name), it))
                    .collect(),
                networks: (!network.is_empty()).then(|| networks(network)),
            };
            (!none && !conditions.is_empty()).then(|| Arc::new(conditions))
        })
}

/// Path patterns and expressions; none of either stands for the root.
fn any_paths() -> impl Strategy<Value = (Vec<PathPattern>, Vec<PathRegex>)> {
    let pattern = prop::sample::select(vec![
        "/", "/**", "/a", "/a/", "/a/**", "/{x}", "/{x}/**", "/a/{x}", "/*/a", "/a/b", "/a/*/**",
        "/*/*", "/b/**", "/a/b/a",
    ]);
    let regex = prop::sample::select(vec![
        "/.*",
        "/a/.*",
        "/a/[ab]",
        "/[ab]/.+",
        "/(a|c)/a.*",
        "/b/b/.*",
        "/a/b/?",
        "/a",
    ]);
    let patterns = prop::collection::btree_set(pattern, 0..3);
    (patterns, prop::option::weighted(0.2, regex)).prop_map(|(mut patterns, regex)| {
        if patterns.is_empty() && regex.is_none() {
            patterns.insert("/");
        }
        let paths = patterns
            .into_iter()
            .map(|text| PathPattern::parse(text).unwrap());
        let regexes = regex.map(|text| PathRegex::parse(text).unwrap());
        (paths.collect(), regexes.into_iter().collect())
    })
}

fn any_rule() -> impl Strategy<Value = RuleParts> {
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
    let switches = (prop::bool::weighted(0.2), prop::bool::weighted(0.1));
    let about = (any_paths(), host, methods, any_conditions());
    (about, level, 0..3_i32, switches).prop_map(|(about, level, priority, switches)| {
        let ((paths, path_regexes), host, methods, conditions) = about;
        let (fall_through, report_only) = switches;
        let mut parts = rule("", "/", level).switched(|switches| {
            switches.fall_through = fall_through;
            switches.report_only = report_only;
            // Look-alikes add rules; what is compared here is the order.
            switches.strict_paths = false;
        });
        parts.matcher.paths = paths;
        parts.matcher.path_regexes = path_regexes;
        parts.matcher.conditions = conditions;
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

pub(in crate::policy) fn any_rules() -> impl Strategy<Value = Vec<RuleParts>> {
    prop::collection::vec(any_rule(), 1..9).prop_map(|mut rules| {
        for (number, rule) in rules.iter_mut().enumerate() {
            rule.id = RuleId::new(&format!("r{number}"));
        }
        rules
    })
}
