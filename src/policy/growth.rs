//! Trees of patterns while patterns are added to them.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use super::index::{ByHost, Paths};
use super::label::Label;
use super::trie::{Entry, Literals, Node, Span, Trie};
use super::{HostPattern, PathPattern, Rule, RuleIndex, Segment};

/// An [`super::index::Index`] that still grows.
#[derive(Default)]
pub(super) struct Growing {
    pub(super) exact: ByHost<GrowingPaths>,
    pub(super) below: ByHost<GrowingPaths>,
    pub(super) any: GrowingPaths,
}

#[derive(Default)]
pub(super) struct GrowingPaths {
    as_written: Sapling,
    folded: Sapling,
    /// Folding changes a pattern.
    folds: bool,
}

/// A [`Trie`] that still grows.
#[derive(Debug, Default)]
pub(super) struct Sapling {
    literals: BTreeMap<Box<str>, Self>,
    one: Option<Box<Self>>,
    exact: Vec<Entry>,
    rest: Vec<Entry>,
}

impl Sapling {
    /// Adds an entry. Its `pattern` becomes that of the entries that are there already, else
    /// `fresh`.
    pub(super) fn insert(&mut self, path: &PathPattern, fresh: u32, mut entry: Entry) {
        let leaf = self.leaf(path.segments());
        entry.pattern = leaf.first().map_or(fresh, |present| present.pattern);
        let place = leaf.partition_point(|present| present.order() <= entry.order());
        leaf.insert(place, entry);
    }

    fn leaf(&mut self, path: &[Segment]) -> &mut Vec<Entry> {
        match path.split_first() {
            None => &mut self.exact,
            Some((Segment::Rest, _)) => &mut self.rest,
            Some((Segment::Literal(text), path)) => {
                self.literals.entry(text.clone()).or_default().leaf(path)
            }
            Some((Segment::One, path)) => self.one.get_or_insert_default().leaf(path),
        }
    }

    /// The tree as look-ups want it.
    pub(super) fn grown(self) -> Trie {
        let mut nodes = Vec::new();
        let mut entries = Vec::new();
        self.add_to(&mut nodes, &mut entries);
        Trie {
            nodes: nodes.into(),
            entries: entries.into(),
        }
    }

    /// Adds this node, then its children, each with all that is below it; gives its place.
    fn add_to(self, nodes: &mut Vec<Node>, entries: &mut Vec<Entry>) -> u32 {
        let place = nodes.len();
        nodes.push(Node {
            literals: Literals::None,
            one: None,
            exact: add_leaf(self.exact, entries),
            rest: add_leaf(self.rest, entries),
        });
        let mut children: Vec<(Label, u32)> = self
            .literals
            .into_iter()
            .map(|(text, child)| (Label::new(&text), child.add_to(nodes, entries)))
            .collect();
        let one = self.one.map(|child| child.add_to(nodes, entries));
        let literals = match (children.len(), children.pop()) {
            (1, Some((text, child))) => Literals::Single(text, child),
            (_, Some(last)) => {
                children.push(last);
                Literals::Many(Box::new(children.into_iter().collect()))
            }
            (_, None) => Literals::None,
        };
        if let Some(node) = nodes.get_mut(place) {
            node.literals = literals;
            node.one = one.and_then(NonZeroU32::new);
        }
        index(place)
    }
}

fn add_leaf(leaf: Vec<Entry>, entries: &mut Vec<Entry>) -> Span {
    let start = index(entries.len());
    entries.extend(leaf);
    Span {
        start,
        end: index(entries.len()),
    }
}

/// No set has so many patterns that this would be cut: they would not fit into memory.
fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

impl Growing {
    pub(super) fn from(rules: &[Rule]) -> Self {
        let mut growing = Self::default();
        growing.add(rules, |paths, path, fresh, entry| {
            paths.folds |= path.folded() != *path;
            paths.as_written.insert(path, fresh, entry);
        });
        // Most sets have no pattern that folding changes.
        if growing.folds() {
            growing.add(rules, |paths, path, fresh, entry| {
                if paths.folds {
                    paths.folded.insert(&path.folded(), fresh, entry);
                }
            });
        }
        growing
    }

    fn folds(&self) -> bool {
        let named = self.exact.values().chain(self.below.values());
        named.chain([&self.any]).any(|paths| paths.folds)
    }

    fn add(
        &mut self,
        rules: &[Rule],
        mut add: impl FnMut(&mut GrowingPaths, &PathPattern, u32, Entry),
    ) {
        let mut fresh = 0;
        for (place, rule) in rules.iter().enumerate() {
            for host in &rule.matcher().hosts {
                let paths = self.paths_of(host);
                for path in &rule.matcher().paths {
                    add(paths, path, fresh, entry_of(RuleIndex(place), rule));
                    fresh += 1;
                }
            }
        }
    }

    fn paths_of(&mut self, host: &HostPattern) -> &mut GrowingPaths {
        let (table, host) = match host {
            HostPattern::Exact(host) => (&mut self.exact, host),
            HostPattern::Below(host) => (&mut self.below, host),
            HostPattern::Any => return &mut self.any,
        };
        table.entry(Label::new(host.as_str())).or_default()
    }
}

impl GrowingPaths {
    pub(super) fn grown(self) -> Paths {
        Paths {
            as_written: self.as_written.grown(),
            folded: self.folds.then(|| Box::new(self.folded.grown())),
        }
    }
}

pub(super) fn grown(growing: ByHost<GrowingPaths>) -> ByHost<Paths> {
    growing
        .into_iter()
        .map(|(host, paths)| (host, paths.grown()))
        .collect()
}

fn entry_of(place: RuleIndex, rule: &Rule) -> Entry {
    let mut switches = *rule.switches();
    switches.fall_through = !rule.shields();
    Entry {
        rule: place,
        pattern: 0,
        priority: rule.matcher().priority,
        methods: rule.matcher().methods.clone(),
        public: rule.lets_anyone_in(),
        switches,
    }
}
