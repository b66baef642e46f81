//! Which requests a rule is about: written to meant.

use std::sync::Arc;

use super::super::raw::{RawMatch, RawRule};
use super::RulePlaces;
use crate::document::{Located, Place, Problem, Reading};
use crate::policy::{Conditions, HostPattern, Matcher, Methods};

pub(super) fn check_slashes(raw: &RawRule, reading: &mut Reading) {
    let encoded = raw
        .matching
        .paths
        .iter()
        .find(|path| path.value.has_encoded_slash());
    if let Some(path) = encoded
        && !raw.switches.allow_encoded_slash
    {
        let message = "requests with an encoded slash are refused, so this matches nothing";
        let help = "add `allow_encoded_slash: true`";
        reading.problem(Problem::at(&path.place, "invalid_value", message).help(help));
    }
}

/// The matcher of a rule, and where its parts are written.
pub(super) fn matcher_of(
    id: &Place,
    raw: RawMatch,
    priority: i32,
    conditions: Option<Arc<Conditions>>,
) -> (Matcher, RulePlaces) {
    let hosts = once(raw.hosts);
    let paths = once(raw.paths);
    let path_regexes = once(raw.path_regexes);
    let places = RulePlaces {
        id: id.clone(),
        hosts: places_of(&hosts),
        paths: places_of(&paths),
        path_regexes: places_of(&path_regexes),
    };
    let matcher = Matcher {
        hosts: if hosts.is_empty() {
            vec![HostPattern::Any]
        } else {
            values_of(hosts)
        },
        paths: values_of(paths),
        path_regexes: values_of(path_regexes),
        methods: match raw.methods {
            Some(methods) => Methods::only(values_of(once(methods))),
            None => Methods::ALL,
        },
        conditions,
        priority,
    };
    (matcher, places)
}

fn places_of<T>(values: &[Located<T>]) -> Vec<Place> {
    values.iter().map(|value| value.place.clone()).collect()
}

fn values_of<T>(values: Vec<Located<T>>) -> Vec<T> {
    values.into_iter().map(|located| located.value).collect()
}

/// Each value once, where it is written first.
fn once<T: PartialEq>(values: Vec<Located<T>>) -> Vec<Located<T>> {
    let mut once: Vec<Located<T>> = Vec::with_capacity(values.len());
    for located in values {
        if once.iter().all(|present| present.value != located.value) {
            once.push(located);
        }
    }
    once
}
