//! Rules that can't stand beside each other.

use std::collections::HashMap;

use super::automaton::{literal_prefix, overlap};
use super::expressions::Expressions;
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
    /// The rule's regular expressions can't be searched together with those that begin alike.
    Unsearchable,
    /// The public rule can never win: the other comes first and shields everything it matches.
    Shielded,
}

impl Conflict {
    pub(super) const fn unsearchable(rule: RuleIndex) -> Self {
        Self {
            kind: ConflictKind::Unsearchable,
            rule,
            other: rule,
        }
    }
}

/// The rule at fault, the other one, and why.
type Pair = (RuleIndex, RuleIndex, ConflictKind);

/// Finds every conflict, in the order of the rules.
pub(super) fn find_conflicts(rules: &[Rule], index: &Index) -> Vec<Conflict> {
    let mut pairs: Vec<Pair> = Vec::new();
    for leaf in index.leaves() {
        find_ambiguous(leaf, &mut pairs);
    }
    for expressions in index.expressions() {
        find_ambiguous_expressions(expressions, &mut pairs);
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
/// pattern can be equal in rank. They are if a method finds two of them, and their conditions can
/// hold together.
fn find_ambiguous(leaf: &[Entry], pairs: &mut Vec<Pair>) {
    if leaf.len() < 2 {
        return;
    }
    let mut owners: HashMap<_, Vec<&Entry>> = HashMap::new();
    for entry in leaf {
        let every = (!entry.methods.are_named()).then_some(None);
        for method in entry.methods.named().map(Some).chain(every) {
            let owners = owners.entry((entry.order(), method)).or_default();
            match owners.iter().find(|owner| can_both_hold(owner, entry)) {
                Some(owner) => add_ambiguous(owner, entry, pairs),
                None => owners.push(entry),
            }
        }
    }
}

fn can_both_hold(one: &Entry, two: &Entry) -> bool {
    match (&one.conditions, &two.conditions) {
        (Some(one), Some(two)) => !one.exclude(two),
        (Some(_) | None, _) => true,
    }
}

fn add_ambiguous(one: &Entry, two: &Entry, pairs: &mut Vec<Pair>) {
    if one.rule != two.rule {
        let later = one.rule.max(two.rule);
        let earlier = one.rule.min(two.rule);
        pairs.push((later, earlier, ConflictKind::Ambiguous));
    }
}

/// Expressions that begin with the same segments have no order but that of their rules, so those
/// of equal rank must not match one path.
fn find_ambiguous_expressions(expressions: &Expressions, pairs: &mut Vec<Pair>) {
    let mut lines: Vec<_> = expressions
        .lines()
        .map(|(regex, entry)| {
            let automaton = regex.automaton();
            let prefix = automaton.as_ref().map(literal_prefix).unwrap_or_default();
            (prefix, automaton, entry)
        })
        .collect();
    // Those that begin differently can't overlap: in order, they stand apart.
    lines.sort_by(|(one, ..), (two, ..)| one.cmp(two));
    for (place, (prefix, one, first)) in lines.iter().enumerate() {
        let alike = lines.iter().skip(place + 1);
        for (_, two, second) in alike.take_while(|(other, ..)| other.starts_with(prefix)) {
            let same_rank = first.order() == second.order()
                && first.methods.meet(&second.methods)
                && can_both_hold(first, second);
            let overlap = match (one, two) {
                (Some(one), Some(two)) if same_rank => overlap(one, two),
                (Some(_) | None, _) => same_rank,
            };
            if overlap {
                add_ambiguous(first, second, pairs);
            }
        }
    }
}

fn find_dead(rules: &[Rule], index: &Index, pairs: &mut Vec<Pair>) {
    let highest_shield = rules
        .iter()
        .filter(|rule| rule.matcher().narrows() && rule.shields())
        .map(|rule| rule.matcher().priority)
        .max();
    for (place, rule) in rules.iter().enumerate() {
        let matcher = rule.matcher();
        // What an expression matches can't be compared.
        if !matcher.path_regexes.is_empty() {
            continue;
        }
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
        if entry.covers_all_of(&matcher.methods, matcher.conditions.as_deref()) {
            return Some((entry.rule, ConflictKind::Dead));
        }
        let shields = entry.shields && Some(entry.pattern) != own;
        if rule.lets_anyone_in() && shields && shield.is_none() {
            shield = Some((entry.rule, ConflictKind::Shielded));
        }
    }
    shield
}
