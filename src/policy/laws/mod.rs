//! Laws that hold for all rules and all requests, tried on generated ones against the plainest
//! reading of the rule language.

mod generated;
mod plain;
mod readings;

use std::sync::Arc;

use http::{HeaderName, Method};
use proptest::prelude::*;

use self::generated::{Circumstance, networks};
pub(super) use self::generated::{any_rules, requests};
use self::plain::{About, Plain, about, by_set, lines, order, plainly};
use super::{Conditions, ConflictKind, Expected, Found, RequiredAal, RuleParts, RuleSet};

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
    let ambiguous = conflicts
        .iter()
        .any(|conflict| conflict.kind == ConflictKind::Ambiguous);
    for conflict in conflicts {
        let rule = &rules[conflict.rule.number()];
        let other = &rules[conflict.other.number()];
        match conflict.kind {
            ConflictKind::Ambiguous => {
                // The requests that are tried here are few, so that expressions, networks and
                // conditions can meet elsewhere. The order is the same somewhere.
                let of = |wanted: &RuleParts| {
                    let places = generated::HOSTS.iter().flat_map(|host| {
                        generated::PATHS.iter().flat_map(|path| {
                            let lines = lines(rules, host, path).into_iter();
                            let own = lines.filter(|line| line.rule.id == wanted.id);
                            own.map(|line| (*host, *path, order(&line)))
                                .collect::<Vec<_>>()
                        })
                    });
                    places.collect::<Vec<_>>()
                };
                let (one, two) = (of(rule), of(other));
                assert!(
                    one.iter().any(|place| two.contains(place)),
                    "{rule:?} {other:?}"
                );
            }
            ConflictKind::Dead | ConflictKind::Shielded => {
                let wins = |host: &str, path: &str, circumstance: &Circumstance| {
                    let found = plainly(rules, host, path, circumstance);
                    matches!(found, Plain::Rule(ids) if ids[0] == rule.id.as_str())
                };
                let mut tried = (0..Circumstance::count()).step_by(80).flat_map(requests);
                // Where an order is missing, who wins is chance.
                assert!(
                    ambiguous || !tried.any(|(host, path, it)| wins(host, path, &it)),
                    "{} is not dead",
                    rule.id
                );
            }
            ConflictKind::Unsearchable => panic!("so few can be searched"),
        }
    }
}

/// How much a request asks for: the strictest of the rules that must allow it. `None`: refused.
fn level(
    set: &RuleSet,
    host: &str,
    path: &str,
    circumstance: &Circumstance,
) -> Option<RequiredAal> {
    let request = circumstance.request(host, path);
    match set.find(&request, &circumstance.header_map()) {
        Found::Rule(found) => {
            let rules = found.rules();
            rules
                .map(|rule| match set.rule(rule).lets_anyone_in() {
                    true => RequiredAal::None,
                    false => set.rule(rule).requirement().required_aal,
                })
                .max()
        }
        Found::MethodNotAllowed(_) | Found::NoRule | Found::UnknownHost | Found::Ambiguous(_) => {
            None
        }
    }
}

fn shields(rule: &RuleParts) -> bool {
    !rule.switches.fall_through && !rule.switches.report_only
}

/// One way to make a rule be about fewer requests; `None` where it would not.
fn narrowed(rule: RuleParts, how: u8) -> Option<RuleParts> {
    let mut rule = rule.switched(|switches| switches.fall_through = false);
    let mut conditions = rule
        .matcher
        .conditions
        .as_deref()
        .cloned()
        .unwrap_or_default();
    match how {
        0 if rule.matcher.methods.contain(&Method::GET) => return Some(rule.methods(&["GET"])),
        1 if conditions.query.is_empty() => {
            conditions = Conditions {
                query: vec![("p".into(), Expected::Exactly("1".into()))],
                ..conditions
            }
        }
        2 if conditions.headers.is_empty() => {
            conditions = Conditions {
                headers: vec![(HeaderName::from_static("x-a"), Expected::Present)],
                ..conditions
            }
        }
        3 if conditions.networks.is_none() => conditions.networks = Some(networks("10.1.0.0/16")),
        _ => return None,
    }
    rule.matcher.conditions = Some(Arc::new(conditions));
    Some(rule)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_tree_finds_what_the_plain_reading_finds(rules in any_rules(), seed in 0..640_usize) {
        let (rules, set) = without_conflicts(rules);
        for (host, path, circumstance) in requests(seed) {
            let expected = plainly(&rules, host, path, &circumstance);
            let request = circumstance.request(host, path);
            let found = by_set(&set, &request, &circumstance.header_map());
            prop_assert_eq!(
                found, expected, "{:?} {}{} in {:#?}", circumstance, host, path, rules
            );
        }
    }

    #[test]
    fn a_set_that_is_accepted_has_an_order_for_every_request(
        rules in any_rules(), seed in 0..640_usize,
    ) {
        let (rules, _) = without_conflicts(rules);
        for (host, path, circumstance) in requests(seed) {
            let mut lines = lines(&rules, host, path);
            lines.retain(|line| about(line.rule, &circumstance.method(), &circumstance) == About::Every);
            for pair in lines.windows(2) {
                let same_rule = pair[0].rule.id == pair[1].rule.id;
                prop_assert!(same_rule || order(&pair[0]) != order(&pair[1]));
            }
        }
    }

    #[test]
    fn narrowing_a_rule_never_makes_another_request_public(
        rules in any_rules(), which in any::<prop::sample::Index>(), how in 0..4_u8,
        seed in 0..640_usize,
    ) {
        let (rules, before) = without_conflicts(rules);
        let mut after = rules.clone();
        let place = which.index(rules.len());
        let rule = after.remove(place);
        // A public rule that is written for the very same pattern is meant for the rest of it.
        let shares_pattern = rules.iter().any(|other| {
            other.id != rule.id
                && other.matcher.hosts == rule.matcher.hosts
                && other.matcher.paths.iter().any(|path| rule.matcher.paths.contains(path))
        });
        if shares_pattern || !shields(&rule) {
            return Ok(());
        }
        let Some(rule) = narrowed(rule, how) else { return Ok(()) };
        after.insert(place, rule);
        let Ok(set) = RuleSet::build(after.clone(), Vec::new()) else { return Ok(()) };
        for (host, path, circumstance) in requests(seed) {
            let level = |set| level(set, host, path, &circumstance);
            prop_assert!(
                level(&before) == Some(RequiredAal::None)
                    || level(&set) != Some(RequiredAal::None),
                "{:?} {}{} became public in {:#?}", circumstance, host, path, after
            );
        }
    }

    /// What is ambiguous is never let through more easily than any of its readings.
    #[test]
    fn no_reading_of_a_query_is_asked_for_more_than_the_query_itself(
        rules in any_rules(), seed in 0..640_usize,
    ) {
        let (rules, set) = without_conflicts(rules);
        let readings = [
            ("p=1&p=2", ["p=1", "p=2"]),
            ("q;p=1", ["", "q&p=1"]),
        ];
        for (host, path, circumstance) in requests(seed) {
            for (query, readings) in readings {
                let Some(asked) = level(&set, host, path, &circumstance.with_query(query)) else {
                    continue;
                };
                for reading in readings {
                    let needed = level(&set, host, path, &circumstance.with_query(reading));
                    prop_assert!(
                        needed.is_some_and(|needed| needed <= asked),
                        "{} read as {} in {:?} {}{} of {:#?}",
                        query, reading, circumstance, host, path, rules
                    );
                }
            }
        }
    }
}
