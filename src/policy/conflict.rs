//! Rules that can't stand beside each other.

use std::collections::HashMap;

use super::index::Index;
use super::trie::Entry;
use super::{HostPattern, PathPattern, Rule, RuleIndex};

/// Two rules that can't stand beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What is wrong between them.
    pub kind: ConflictKind,
    /// The rule that is at fault: its place among the rules that were to be a set.
    pub rule: RuleIndex,
    /// The one it clashes with.
    pub other: RuleIndex,
}

/// What is wrong between two rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConflictKind {
    /// Neither comes before the other, and one request can match both.
    Ambiguous,
    /// The rule can never win: the other comes first and matches everything it matches.
    Dead,
    /// The public rule can never win: the other comes first and shields everything it matches.
    Shielded,
}

/// The rule at fault, the other one, and why.
type Pair = (RuleIndex, RuleIndex, ConflictKind);

/// Finds every conflict, in the order of the rules.
pub(super) fn find_conflicts(rules: &[Rule], index: &Index) -> Vec<Conflict> {
    let mut pairs: Vec<Pair> = Vec::new();
    for leaf in index.leaves() {
        find_ambiguous(leaf, &mut pairs);
    }
    // Where all priorities are equal, a wider pattern comes after a narrower one, so nothing wider
    // can stand before a rule.
    if index.has_priorities() {
        find_dead(rules, index, &mut pairs);
    }
    pairs.sort_by_key(|(rule, other, _)| (*rule, *other));
    pairs.dedup();
    pairs
        .into_iter()
        .map(|(rule, other, kind)| Conflict { kind, rule, other })
        .collect()
}

/// Rules that differ in path or host pattern always have an order, so only entries with one
/// pattern can be equal in rank. They are if a method finds two of them.
fn find_ambiguous(leaf: &[Entry], pairs: &mut Vec<Pair>) {
    let mut owners = HashMap::new();
    for entry in leaf {
        let every = (!entry.methods.are_named()).then_some(None);
        for method in entry.methods.named().map(Some).chain(every) {
            let rank = (entry.order(), method);
            let owner = *owners.entry(rank).or_insert(entry.rule);
            if owner != entry.rule {
                let later = owner.max(entry.rule);
                let earlier = owner.min(entry.rule);
                pairs.push((later, earlier, ConflictKind::Ambiguous));
            }
        }
    }
}

fn find_dead(rules: &[Rule], index: &Index, pairs: &mut Vec<Pair>) {
    let highest_shield = rules
        .iter()
        .filter(|rule| rule.matcher().methods.are_named() && rule.shields())
        .map(|rule| rule.matcher().priority)
        .max();
    for (place, rule) in rules.iter().enumerate() {
        let matcher = rule.matcher();
        let mut killers = matcher
            .hosts
            .iter()
            .flat_map(|host| matcher.paths.iter().map(move |path| (host, path)))
            .map(|(host, path)| killer(rule, host, path, index, highest_shield));
        // A rule is dead when each of its patterns is; the first killer is named.
        let Some(Some((other, kind))) = killers.next() else {
            continue;
        };
        if killers.all(|killer| killer.is_some()) {
            pairs.push((RuleIndex(place), other, kind));
        }
    }
}

/// What keeps `rule` from ever winning by this pattern.
fn killer(
    rule: &Rule,
    host: &HostPattern,
    path: &PathPattern,
    index: &Index,
    highest_shield: Option<i32>,
) -> Option<(RuleIndex, ConflictKind)> {
    let matcher = rule.matcher();
    let covering = || {
        index
            .covering_hosts(host)
            .flat_map(|paths| paths.covering(path))
    };
    // A public rule that is shielded itself does not win, so it need not kill.
    let always_wins = |entry: &Entry| !entry.public || Some(entry.priority) > highest_shield;
    // Nothing that covers a pattern is more specific than itself.
    let own = covering().next().map(|entry| entry.pattern);
    let mut shield = None;
    for entry in covering().filter(|entry| entry.priority > matcher.priority && always_wins(entry))
    {
        if entry.methods.cover(&matcher.methods) {
            return Some((entry.rule, ConflictKind::Dead));
        }
        let shields = !entry.switches.fall_through && Some(entry.pattern) != own;
        if rule.lets_anyone_in() && shields && shield.is_none() {
            shield = Some((entry.rule, ConflictKind::Shielded));
        }
    }
    shield
}
