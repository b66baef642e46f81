//! One generation of rules.

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderMap, Method};

use super::conditions::Asked;
use super::conflict::{Conflict, find_conflicts};
use super::fold::{cut, fold};
use super::growth::Unsearchable;
use super::index::{Fate, Hit, Index, Miss, Reading, Wanted};
use super::trie::Entry;
use super::{AmbiguousRequest, Host, Request, Rule, RuleIndex, RuleParts, Upstream, UpstreamIndex};
use crate::expression::Reads;

/// Rules and upstreams that belong together. Immutable; a reload makes another one.
#[derive(Debug, Default)]
pub struct RuleSet {
    number: u64,
    rules: Vec<Rule>,
    upstreams: Vec<Upstream>,
    index: Index,
    /// What the rules' expressions read of a session.
    reads: Arc<Reads>,
    looks_at_headers: bool,
}

/// What a rule set says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// These rules judge it.
    Rule(Match),
    /// Rules know the path but not its method; these are the methods that would find a rule.
    MethodNotAllowed(Vec<Method>),
    /// The host is known, but no rule covers the request.
    NoRule,
    /// No rule knows the host.
    UnknownHost,
    /// The path has `//` or `%2F` and the rule it reaches does not allow that: 400.
    Ambiguous(AmbiguousRequest),
}

/// The rules that judge a request: the one it reaches, and those that another reading of its path,
/// its query or its headers would reach. Made by [`RuleSet::find`] only and taken whole by [`super::decide`], so
/// that the second kind can't be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    rule: RuleIndex,
    look_alikes: Vec<RuleIndex>,
}

impl Match {
    fn add(&mut self, rule: RuleIndex) {
        if rule != self.rule && !self.look_alikes.contains(&rule) {
            self.look_alikes.push(rule);
        }
    }

    /// The rule that the request reaches: its upstream gets it, its name is logged.
    #[must_use]
    pub const fn rule(&self) -> RuleIndex {
        self.rule
    }

    /// Every rule that must allow, the one that the request reaches first.
    pub fn rules(&self) -> impl Iterator<Item = RuleIndex> + '_ {
        std::iter::once(self.rule).chain(self.look_alikes.iter().copied())
    }
}

fn reads_of(rules: &[Rule]) -> Reads {
    let conditions = rules
        .iter()
        .filter_map(|rule| rule.requirement().condition.as_ref());
    let conditions = conditions.fold(Reads::nothing(), |reads, condition| {
        reads.with(&condition.reads())
    });
    let headers = rules.iter().flat_map(|rule| rule.handling().programs());
    headers.fold(conditions, |reads, program| reads.with(program.reads()))
}

impl RuleSet {
    /// Puts rules in order, as generation 0 until it is numbered.
    ///
    /// # Errors
    /// Every pair of rules that can't stand beside each other.
    pub fn build(rules: Vec<RuleParts>, upstreams: Vec<Upstream>) -> Result<Self, Vec<Conflict>> {
        let rules: Vec<Rule> = rules.into_iter().map(Rule).collect();
        let index = match Index::of(&rules) {
            Ok(index) => index,
            Err(Unsearchable(rule)) => return Err(vec![Conflict::unsearchable(rule)]),
        };
        let conflicts = find_conflicts(&rules, &index);
        if conflicts.is_empty() {
            Ok(Self {
                number: 0,
                reads: Arc::new(reads_of(&rules)),
                looks_at_headers: rules.iter().any(Rule::looks_at_headers),
                rules,
                upstreams,
                index,
            })
        } else {
            Err(conflicts)
        }
    }

    /// Whether the headers of a request have a say in which rule it reaches.
    #[must_use]
    pub const fn looks_at_headers(&self) -> bool {
        self.looks_at_headers
    }

    /// The same rules as generation `number`.
    #[must_use]
    pub const fn numbered(mut self, number: u64) -> Self {
        self.number = number;
        self
    }

    /// The generation's number, from 1.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// What the rules' expressions read of a session: it has to be kept.
    #[must_use]
    pub const fn reads(&self) -> &Arc<Reads> {
        &self.reads
    }

    /// Finds the rules for a request with `headers`, in time that does not depend on how many rules
    /// there are.
    #[must_use]
    pub fn find(&self, request: &Request, headers: &HeaderMap) -> Found {
        self.find_watched(request, headers, |_, _, _| {})
    }

    /// The same, while `watch` sees what becomes of each rule whose host and path match, and in
    /// which reading of the path.
    pub(super) fn find_watched(
        &self,
        request: &Request,
        headers: &HeaderMap,
        mut watch: impl FnMut(RuleIndex, Reading, Fate),
    ) -> Found {
        let path = &request.path;
        let wanted = Wanted {
            host: request.host.as_str(),
            path: path.as_str(),
            method: &request.method,
            asked: Asked::of(request, headers),
            reading: Reading::Exact,
        };
        let watched = |entry: &Entry, fate| watch(entry.rule, Reading::Exact, fate);
        let Hit { entry, others } = match self.index.find_watched(wanted, watched) {
            Ok(hit) => hit,
            Err(miss) => return self.answer_miss(miss, request, wanted),
        };
        let refusal = path.refusal(entry.merge_slashes, entry.allow_encoded_slash);
        if let Some(reason) = refusal {
            return Found::Ambiguous(reason);
        }
        let found = Match {
            rule: entry.rule,
            look_alikes: others,
        };
        if !entry.strict_paths {
            return Found::Rule(found);
        }
        let exact = found.look_alikes.len();
        let found = self.with_look_alikes(found, wanted, path.has_look_alikes());
        if let Found::Rule(found) = &found {
            for rule in found.look_alikes.iter().skip(exact) {
                watch(*rule, Reading::Folded, Fate::Won);
            }
        }
        found
    }

    /// The answer where no rule takes the request. What no rule lifts is refused before all else.
    fn answer_miss(&self, miss: Miss, request: &Request, wanted: Wanted<'_>) -> Found {
        if let Some(reason) = request.path.refusal(false, false) {
            return Found::Ambiguous(reason);
        }
        match miss {
            Miss::Shielded => self.answer_shielded(wanted),
            Miss::Nothing if self.index.knows_host(&request.host) => Found::NoRule,
            Miss::Nothing => Found::UnknownHost,
        }
    }

    /// The answer where rules know the path, but not the request: 405 if the method alone differs.
    fn answer_shielded(&self, wanted: Wanted<'_>) -> Found {
        let allowed = self.index.allowed_methods(wanted);
        if allowed.is_empty() {
            return Found::NoRule;
        }
        Found::MethodNotAllowed(allowed)
    }

    /// Adds the rules that a lax application's readings of the path would reach. Where such a
    /// reading is refused for its method or its conditions, the request is.
    fn with_look_alikes(
        &self,
        mut found: Match,
        wanted: Wanted<'_>,
        has_look_alikes: bool,
    ) -> Found {
        if !has_look_alikes && !self.index.has_folded() {
            return Found::Rule(found);
        }
        let folded = if has_look_alikes {
            Cow::Owned(fold(wanted.path))
        } else {
            Cow::Borrowed(wanted.path)
        };
        for path in [Some(&*folded), cut(&folded)].into_iter().flatten() {
            let wanted = Wanted {
                path,
                reading: Reading::Folded,
                ..wanted
            };
            match self.index.find(wanted) {
                Ok(Hit { entry, others }) => {
                    for rule in others
                        .into_iter()
                        .chain(self.index.equals_of(entry, wanted))
                    {
                        found.add(rule);
                    }
                }
                Err(Miss::Shielded) => return self.answer_shielded(wanted),
                // No rule protects this reading, and the rule that was found allows the path.
                Err(Miss::Nothing) => {}
            }
        }
        Found::Rule(found)
    }

    /// Whether a rule names this host, exactly or by a wildcard: people may be sent back there.
    /// Rules for any host name none.
    #[must_use]
    pub fn names_host(&self, host: &Host) -> bool {
        self.index.names_host(host)
    }

    /// Whether the gateway has to find out who is asking before it can decide.
    #[must_use]
    pub fn wants_subject(&self, found: &Match) -> bool {
        found.rules().any(|rule| self.rule(rule).wants_subject())
    }

    /// A rule of this set.
    #[must_use]
    #[allow(clippy::indexing_slicing, reason = "an index is made by this set only")]
    pub fn rule(&self, index: RuleIndex) -> &Rule {
        &self.rules[index.0]
    }

    /// An upstream of this set.
    #[must_use]
    #[allow(clippy::indexing_slicing, reason = "an index is made by this set only")]
    pub fn upstream(&self, index: UpstreamIndex) -> &Upstream {
        &self.upstreams[index.0]
    }

    /// Every upstream, in the order of [`UpstreamIndex`].
    #[must_use]
    pub fn upstreams(&self) -> &[Upstream] {
        &self.upstreams
    }

    /// Every rule, in the order of [`RuleIndex`].
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
#[path = "rule_set_tests.rs"]
mod tests;
