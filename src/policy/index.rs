//! Rules by host and path.

use std::collections::HashMap;
use std::ops::ControlFlow;

use http::Method;

use super::conditions::Asked;
use super::expressions::Expressions;
use super::growth::{Growing, Unsearchable, grown};
use super::holds::Holds;
use super::host::parents;
use super::label::Label;
use super::trie::{Entry, Trie};
use super::{Host, HostPattern, Rule, RuleIndex};

pub(super) type ByHost<T> = HashMap<Label, T, foldhash::fast::FixedState>;

/// The rules of a set, for looking up.
#[derive(Debug, Default)]
pub(super) struct Index {
    exact: ByHost<Paths>,
    below: ByHost<Paths>,
    any: Paths,
    /// Some rule has another priority than the others, so that specificity alone is not the order.
    has_priorities: bool,
    /// Some pattern is another one to a lax reader.
    has_folded: bool,
}

/// The path patterns of one host.
#[derive(Debug, Default)]
pub(super) struct Paths {
    pub(super) as_written: Trie,
    /// As a lax application would read the patterns, where that makes a difference.
    pub(super) folded: Option<Box<Trie>>,
}

/// How patterns and paths are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// As they are.
    Exact,
    /// As a lax application would: the path is folded already.
    Folded,
}

/// What a look-up is for.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) host: &'a str,
    pub(super) path: &'a str,
    pub(super) method: &'a Method,
    pub(super) asked: Asked<'a>,
    pub(super) reading: Reading,
}

/// The entry that covers a request.
#[derive(Debug)]
pub(super) struct Hit<'i> {
    pub(super) entry: &'i Entry,
    /// Rules that would come first if the request were read in another way: they must allow too.
    pub(super) others: Vec<RuleIndex>,
}

/// Why a look-up found no rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// Patterns match, but methods or conditions do not, or only public rules are left that others
    /// shield.
    Shielded,
    /// No pattern matches.
    Nothing,
}

/// What becomes of a rule whose host and path match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It takes the request.
    Won,
    /// It leaves the request's method out.
    Method,
    /// One of its conditions on query, headers or network does not hold.
    Condition,
    /// A condition holds in one reading of the request and not in another: it must allow too.
    Ambiguous,
    /// It asks for no session, and a rule before it, whose narrowing leaves the request out, does.
    Shielded,
}

impl Index {
    pub(super) fn of(rules: &[Rule]) -> Result<Self, Unsearchable> {
        let growing = Growing::from(rules);
        let first = rules.first().map(|rule| rule.matcher().priority);
        let mut index = Self {
            exact: grown(growing.exact)?,
            below: grown(growing.below)?,
            any: growing.any.grown()?,
            has_priorities: rules
                .iter()
                .any(|rule| Some(rule.matcher().priority) != first),
            has_folded: false,
        };
        let folds = |paths: &Paths| paths.folded.is_some();
        let has_folded = index.all_paths().any(folds);
        index.has_folded = has_folded;
        Ok(index)
    }

    /// Whether folded patterns differ from the written ones.
    pub(super) const fn has_folded(&self) -> bool {
        self.has_folded
    }

    /// Whether rules can differ in priority.
    pub(super) const fn has_priorities(&self) -> bool {
        self.has_priorities
    }

    /// Whether some rule names this host.
    pub(super) fn names_host(&self, host: &Host) -> bool {
        self.named(host.as_str()).next().is_some()
    }

    /// Whether some rule is about this host.
    pub(super) fn knows_host(&self, host: &Host) -> bool {
        !self.any.as_written.is_empty() || self.names_host(host)
    }

    fn named<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a Paths> {
        self.exact
            .get(host.as_bytes())
            .into_iter()
            .chain(self.wildcards(host))
    }

    fn wildcards<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a Paths> {
        // Without wildcards the host need not be taken apart.
        let host = (!self.below.is_empty()).then_some(host);
        host.into_iter()
            .flat_map(parents)
            .filter_map(|parent| self.below.get(parent.as_bytes()))
    }

    /// Every set of paths whose host pattern matches all that `host` matches, most specific first.
    pub(super) fn covering_hosts<'a>(
        &'a self,
        host: &'a HostPattern,
    ) -> impl Iterator<Item = &'a Trie> {
        let (same, below) = match host {
            HostPattern::Exact(host) => (
                self.exact.get(host.as_str().as_bytes()),
                Some(host.as_str()),
            ),
            HostPattern::Below(host) => (
                self.below.get(host.as_str().as_bytes()),
                Some(host.as_str()),
            ),
            HostPattern::Any => (None, None),
        };
        same.into_iter()
            .chain(below.into_iter().flat_map(|host| self.wildcards(host)))
            .chain([&self.any])
            .map(|paths| &paths.as_written)
    }

    /// Every set of entries with one pattern, as written.
    pub(super) fn leaves(&self) -> impl Iterator<Item = &[Entry]> {
        self.all_paths().flat_map(|paths| paths.as_written.leaves())
    }

    fn all_paths(&self) -> impl Iterator<Item = &Paths> {
        self.exact
            .values()
            .chain(self.below.values())
            .chain([&self.any])
    }

    /// Every set of expressions, as written.
    pub(super) fn expressions(&self) -> impl Iterator<Item = &Expressions> {
        self.all_paths()
            .flat_map(|paths| &paths.as_written.expressions)
    }

    /// Every entry whose host and path match, in order, whatever its methods and conditions.
    pub(super) fn candidates<'i, B>(
        &'i self,
        wanted: Wanted<'i>,
        mut visit: impl FnMut(&'i Entry) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        if !self.has_priorities {
            return self.by_specificity(wanted, &mut visit);
        }
        let mut found = Vec::new();
        let _: ControlFlow<()> = self.by_specificity(wanted, &mut |entry| {
            found.push(entry);
            ControlFlow::Continue(())
        });
        found.sort_by_key(|entry| std::cmp::Reverse(entry.priority));
        found.into_iter().try_for_each(visit)
    }

    fn by_specificity<'i, B>(
        &'i self,
        wanted: Wanted<'i>,
        visit: &mut impl FnMut(&'i Entry) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        for paths in self.named(wanted.host).chain([&self.any]) {
            let trie = paths.read(wanted.reading);
            trie.matching(wanted.path, wanted.reading, visit)?;
        }
        ControlFlow::Continue(())
    }

    /// The entry that covers the request. A rule whose methods or conditions leave the request out
    /// shields its path: after it, a public rule counts only if it has the very same pattern.
    pub(super) fn find<'i>(&'i self, wanted: Wanted<'i>) -> Result<Hit<'i>, Miss> {
        self.find_watched(wanted, |_, _| {})
    }

    /// The same, while `watch` sees what becomes of each entry whose pattern matches.
    pub(super) fn find_watched<'i>(
        &'i self,
        wanted: Wanted<'i>,
        mut watch: impl FnMut(&'i Entry, Fate),
    ) -> Result<Hit<'i>, Miss> {
        let mut shield = Shield::None;
        let mut seen = false;
        let mut others = Vec::new();
        let flow = self.candidates(wanted, |entry| {
            seen = true;
            let covers = entry.covers(wanted.method, wanted.asked);
            let kept_out = entry.public && shield.keeps_out(entry.pattern);
            let fate = match covers {
                Holds::Yes | Holds::Maybe if kept_out => Fate::Shielded,
                Holds::Yes => Fate::Won,
                Holds::Maybe => Fate::Ambiguous,
                Holds::No if entry.methods.contain(wanted.method) => Fate::Condition,
                Holds::No => Fate::Method,
            };
            watch(entry, fate);
            match fate {
                Fate::Won => return ControlFlow::Break(entry),
                Fate::Ambiguous => others.push(entry.rule),
                Fate::Method | Fate::Condition | Fate::Shielded => {}
            }
            if covers != Holds::Yes && entry.shields {
                shield = shield.and(entry.pattern);
            }
            ControlFlow::Continue(())
        });
        match flow {
            ControlFlow::Break(entry) => Ok(Hit { entry, others }),
            ControlFlow::Continue(()) if seen => Err(Miss::Shielded),
            ControlFlow::Continue(()) => Err(Miss::Nothing),
        }
    }

    /// The methods with which a request for this host and path would find a rule.
    pub(super) fn allowed_methods(&self, wanted: Wanted<'_>) -> Vec<Method> {
        let mut named: Vec<&Method> = Vec::new();
        let _: ControlFlow<()> = self.candidates(wanted, |entry| {
            named.extend(entry.methods.named());
            ControlFlow::Continue(())
        });
        let mut allowed: Vec<Method> = Vec::new();
        for method in named {
            let would_find = self.find(Wanted { method, ..wanted }).is_ok();
            if would_find && !allowed.contains(method) {
                allowed.push(method.clone());
            }
        }
        allowed
    }

    /// Rules that come neither before nor after `hit` and cover the request too. There are none
    /// as rules are written; folding can make patterns equal.
    pub(super) fn equals_of(&self, hit: &Entry, wanted: Wanted<'_>) -> Vec<RuleIndex> {
        let mut equals = Vec::new();
        let _: ControlFlow<()> = self.candidates(wanted, |entry| {
            let same_place = entry.pattern == hit.pattern && entry.order() == hit.order();
            if same_place && entry.covers(wanted.method, wanted.asked) != Holds::No {
                equals.push(entry.rule);
            }
            ControlFlow::Continue(())
        });
        equals
    }
}

impl Paths {
    fn read(&self, reading: Reading) -> &Trie {
        match (reading, &self.folded) {
            (Reading::Folded, Some(folded)) => folded,
            (Reading::Folded, None) | (Reading::Exact, _) => &self.as_written,
        }
    }
}

/// The patterns that shield the rest of the order.
#[derive(Clone, Copy)]
enum Shield {
    None,
    Pattern(u32),
    Several,
}

impl Shield {
    const fn and(self, pattern: u32) -> Self {
        match self {
            Self::None => Self::Pattern(pattern),
            Self::Pattern(present) if present == pattern => self,
            Self::Pattern(_) | Self::Several => Self::Several,
        }
    }

    const fn keeps_out(self, pattern: u32) -> bool {
        match self {
            Self::None => false,
            Self::Pattern(present) => present != pattern,
            Self::Several => true,
        }
    }
}
