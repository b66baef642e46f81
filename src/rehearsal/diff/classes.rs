//! Requests that reach the same rules on either side, and what changes for them.

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;

use super::Sets;
use super::changes::{Change, Changes, Direction, Judged};
use super::conditions::Asked;
use super::extras::extras;
use super::sessions::{Someone, people};
use super::verdicts::{Reached, Verdict, is_about_enrolment, judged, reached};
use crate::policy::{Found, Outcome, Request, Rule, RuleSet};

/// Which rules of the old set, and which of the new one.
type Pair = (Reached, Reached);

/// The classes found so far.
pub(super) struct Classes<'a> {
    sets: &'a Sets,
    now: Timestamp,
    /// Where the changes of each class begin and end.
    known: HashMap<Pair, std::ops::Range<usize>>,
    changes: Changes,
}

/// One session's two verdicts.
struct Difference<'a> {
    someone: &'a Someone,
    before: Verdict,
    after: Verdict,
    direction: Direction,
    /// It rests on one condition holding where another does not.
    changed_condition: bool,
}

impl<'a> Classes<'a> {
    pub(super) fn of(sets: &'a Sets, now: Timestamp) -> Self {
        Self {
            sets,
            now,
            known: HashMap::new(),
            changes: Changes::default(),
        }
    }

    /// Puts a request to both sets.
    pub(super) fn put(&mut self, request: &Request, headers: &HeaderMap) {
        self.changes.requests += 1;
        let old = self.sets.old.find(request, headers);
        let new = self.sets.new.find(request, headers);
        let pair = (reached(&old), reached(&new));
        if let Some(range) = self.known.get(&pair) {
            let alike = self.changes.changes.get_mut(range.clone());
            for change in alike.into_iter().flatten() {
                change.alike += 1;
            }
            return;
        }
        let begin = self.changes.changes.len();
        self.judge((&old, &new), request, headers);
        self.known.insert(pair, begin..self.changes.changes.len());
    }

    pub(super) fn into_changes(mut self) -> Changes {
        self.changes.sort();
        self.changes
    }

    fn judge(&mut self, (old, new): (&Found, &Found), request: &Request, headers: &HeaderMap) {
        let Sets {
            old: old_set,
            new: new_set,
        } = self.sets;
        let (old_rules, new_rules) = (rules_of(old_set, old), rules_of(new_set, new));
        if let (Some(old_rule), Some(new_rule)) = (old_rules.first(), new_rules.first()) {
            self.tell_extras(old_rule, new_rule, request, headers);
        }
        if matches!((old, new), (Found::Rule(_), Found::Rule(_)))
            && ask_alike(&old_rules, &new_rules)
        {
            return;
        }
        let people = people(old_rules.iter().chain(&new_rules).copied(), self.now);
        let mut differences: Vec<Difference<'_>> = Vec::new();
        for someone in &people {
            for (old_holds, new_holds) in suppositions(&old_rules, &new_rules) {
                let standing = someone.standing();
                let before = judged(old_set, old, standing, old_holds, self.now);
                let after = judged(new_set, new, standing, new_holds, self.now);
                if let Some(direction) = before.towards(after) {
                    differences.push(Difference {
                        someone,
                        before,
                        after,
                        direction,
                        changed_condition: old_holds != new_holds,
                    });
                }
            }
        }
        settle(&mut differences);
        self.tell(&differences, request, headers);
    }

    /// What changes for those who get through.
    fn tell_extras(&mut self, old: &Rule, new: &Rule, request: &Request, headers: &HeaderMap) {
        let allowed = |rule: &Rule| Judged {
            decision: Outcome::Allow.as_str(),
            reported: false,
            rule: Some(rule.id().to_string()),
        };
        for (direction, words) in extras(old, new) {
            self.changes.changes.push(Change {
                direction,
                request: in_words(request, headers),
                session: "whoever gets through".to_owned(),
                before: allowed(old),
                after: allowed(new),
                note: Some(words),
                alike: 0,
            });
        }
    }

    /// One change for each two decisions: the first session speaks for all.
    fn tell(&mut self, differences: &[Difference<'_>], request: &Request, headers: &HeaderMap) {
        let mut told: Vec<(Verdict, Verdict)> = Vec::new();
        for difference in differences {
            let key = (difference.before, difference.after);
            if told.contains(&key) {
                continue;
            }
            told.push(key);
            self.changes.changes.push(Change {
                direction: difference.direction,
                request: in_words(request, headers),
                session: difference.someone.words.clone(),
                before: difference.before.told(&self.sets.old),
                after: difference.after.told(&self.sets.new),
                note: difference
                    .changed_condition
                    .then(|| "changed condition".to_owned()),
                alike: 0,
            });
        }
    }
}

/// A change from one refusal to another means what the changes around it mean: that people are
/// sent to sign in, say, where they were refused, lets more through only if somebody who signed in
/// gets through.
fn settle(differences: &mut [Difference<'_>]) {
    let goes = |wanted: Direction, differences: &[Difference<'_>]| {
        differences.iter().any(|difference| {
            let decisive = difference.before.is_forwarded()
                || difference.after.is_forwarded()
                || is_about_enrolment(difference.before, difference.after);
            decisive && difference.direction == wanted
        })
    };
    let looser = goes(Direction::Looser, differences);
    let tighter = goes(Direction::Tighter, differences);
    for difference in differences {
        let between_refusals = !difference.before.is_forwarded()
            && !difference.after.is_forwarded()
            && !is_about_enrolment(difference.before, difference.after);
        if !between_refusals {
            continue;
        }
        difference.direction = match (difference.direction, looser, tighter) {
            (Direction::Looser, true, _) => Direction::Looser,
            (Direction::Looser, false, true) | (Direction::Tighter, _, true) => Direction::Tighter,
            (Direction::Tighter, _, false) if !looser => Direction::Tighter,
            (Direction::Looser | Direction::Tighter | Direction::Neither, _, _) => {
                Direction::Neither
            }
        };
    }
}

pub(super) fn rules_of<'a>(set: &'a Arc<RuleSet>, found: &Found) -> Vec<&'a Rule> {
    match found {
        Found::Rule(found) => found.rules().map(|rule| set.rule(rule)).collect(),
        Found::MethodNotAllowed(_) | Found::NoRule | Found::UnknownHost | Found::Ambiguous(_) => {
            Vec::new()
        }
    }
}

/// What to suppose of the conditions of the old rules, and of those of the new ones: all that the
/// words of both leave possible.
pub(super) fn suppositions(old: &[&Rule], new: &[&Rule]) -> Vec<(bool, bool)> {
    let (old, new) = (conditions_of(old), conditions_of(new));
    let mut possible = vec![(true, true)];
    if old.0.is_empty() && new.0.is_empty() {
        return possible;
    }
    if !new.implies(&old) {
        possible.push((false, true));
    }
    if !old.implies(&new) {
        possible.push((true, false));
    }
    possible.push((false, false));
    possible
}

fn conditions_of<'a>(rules: &[&'a Rule]) -> Asked<'a> {
    let conditions = rules
        .iter()
        .filter_map(|rule| rule.requirement().condition.as_ref());
    Asked(
        conditions
            .flat_map(|condition| condition.sources())
            .collect(),
    )
}

/// Whether rules ask for the very same, in the same order.
fn ask_alike(old: &[&Rule], new: &[&Rule]) -> bool {
    old.len() == new.len()
        && old.iter().zip(new).all(|(old, new)| {
            old.requirement() == new.requirement()
                && old.switches().report_only == new.switches().report_only
        })
}

/// Method and URL, and the headers and the address where rules asked for them.
fn in_words(request: &Request, headers: &HeaderMap) -> String {
    let mut words = format!("{} {}", request.method, request.url());
    for (name, value) in headers {
        words.push_str(&format!(
            " {name}:{}",
            String::from_utf8_lossy(value.as_bytes())
        ));
    }
    if !request.client_ip.is_loopback() {
        words.push_str(&format!(" from {}", request.client_ip));
    }
    words
}
