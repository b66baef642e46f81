//! Path patterns as a tree of segments: a look-up follows the path, so its cost does not depend on
//! how many patterns there are.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::{Methods, PathPattern, RuleIndex, Segment};

/// What is known at the end of a pattern.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The rule that the pattern belongs to.
    pub(super) rule: RuleIndex,
    /// Equal for entries with the same host and path pattern.
    pub(super) pattern: u32,
    /// The rule's priority.
    pub(super) priority: i32,
    /// The rule's methods.
    pub(super) methods: Methods,
    /// The rule asks for no session.
    pub(super) public: bool,
    /// The rule does not shield its path.
    pub(super) fall_through: bool,
}

impl Entry {
    /// The order of entries with one pattern: lower comes first, equal ones must not both match.
    pub(super) const fn order(&self) -> (std::cmp::Reverse<i32>, bool) {
        (std::cmp::Reverse(self.priority), !self.methods.are_named())
    }
}

type NodeIndex = usize;

/// The patterns of one host.
#[derive(Debug)]
pub(super) struct Trie {
    /// The root comes first.
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    literals: Literals,
    one: Option<NodeIndex>,
    /// Patterns that end here.
    exact: Vec<Entry>,
    /// Patterns that end in `**` here.
    rest: Vec<Entry>,
}

/// Most nodes have no or one child; a table for each would cost memory and cache lines.
#[derive(Debug, Default)]
enum Literals {
    #[default]
    None,
    Single(Box<str>, NodeIndex),
    Many(HashMap<Box<str>, NodeIndex, foldhash::fast::FixedState>),
}

impl Literals {
    fn find(&self, text: &str) -> Option<NodeIndex> {
        match self {
            Self::None => None,
            Self::Single(only, index) => (**only == *text).then_some(*index),
            Self::Many(table) => table.get(text).copied(),
        }
    }

    fn insert(&mut self, text: &str, index: NodeIndex) {
        match std::mem::take(self) {
            Self::None => *self = Self::Single(text.into(), index),
            Self::Single(first, first_index) => {
                let two = [(first, first_index), (text.into(), index)];
                *self = Self::Many(two.into_iter().collect());
            }
            Self::Many(mut table) => {
                table.insert(text.into(), index);
                *self = Self::Many(table);
            }
        }
    }
}

impl Default for Trie {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
        }
    }
}

impl Trie {
    pub(super) fn is_empty(&self) -> bool {
        self.entries().next().is_none()
    }

    /// Adds an entry. Its `pattern` becomes that of the entries that are there already, else
    /// `fresh`.
    pub(super) fn insert(&mut self, path: &PathPattern, fresh: u32, mut entry: Entry) {
        let mut at = 0;
        let mut to_rest = false;
        for segment in path.segments() {
            at = match segment {
                Segment::Literal(text) => self.literal_child(at, text),
                Segment::One => self.one_child(at),
                Segment::Rest => {
                    to_rest = true;
                    break;
                }
            };
        }
        let Some(node) = self.nodes.get_mut(at) else {
            return;
        };
        let leaf = if to_rest {
            &mut node.rest
        } else {
            &mut node.exact
        };
        entry.pattern = leaf.first().map_or(fresh, |present| present.pattern);
        let place = leaf.partition_point(|present| present.order() <= entry.order());
        leaf.insert(place, entry);
    }

    fn literal_child(&mut self, at: NodeIndex, text: &str) -> NodeIndex {
        let next = self.nodes.len();
        match self.nodes.get_mut(at) {
            Some(node) => {
                if let Some(child) = node.literals.find(text) {
                    return child;
                }
                node.literals.insert(text, next);
            }
            None => return at,
        }
        self.nodes.push(Node::default());
        next
    }

    fn one_child(&mut self, at: NodeIndex) -> NodeIndex {
        let next = self.nodes.len();
        match self.nodes.get_mut(at) {
            Some(node) => {
                if let Some(child) = node.one {
                    return child;
                }
                node.one = Some(next);
            }
            None => return at,
        }
        self.nodes.push(Node::default());
        next
    }

    /// Every entry whose pattern matches `path`, most specific first: segment by segment a literal
    /// before `{name}` before `**`.
    pub(super) fn matching<'t, B>(
        &'t self,
        path: &str,
        visit: &mut impl FnMut(&'t Entry) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.walk(0, path.strip_prefix('/'), visit)
    }

    fn walk<'t, B>(
        &'t self,
        at: NodeIndex,
        path: Option<&str>,
        visit: &mut impl FnMut(&'t Entry) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let Some(node) = self.nodes.get(at) else {
            return ControlFlow::Continue(());
        };
        if let Some(path) = path {
            let (segment, rest) = match path.split_once('/') {
                Some((segment, rest)) => (segment, Some(rest)),
                None => (path, None),
            };
            if let Some(child) = node.literals.find(segment) {
                self.walk(child, rest, visit)?;
            }
            if let Some(child) = node.one
                && !segment.is_empty()
            {
                self.walk(child, rest, visit)?;
            }
        } else {
            node.exact.iter().try_for_each(&mut *visit)?;
        }
        node.rest.iter().try_for_each(visit)
    }

    /// Every entry whose pattern matches all that `pattern` matches.
    pub(super) fn covering<'t>(&'t self, pattern: &PathPattern) -> Vec<&'t Entry> {
        let mut found = Vec::new();
        self.cover(0, pattern.segments(), &mut found);
        found
    }

    fn cover<'t>(&'t self, at: NodeIndex, pattern: &[Segment], found: &mut Vec<&'t Entry>) {
        let Some(node) = self.nodes.get(at) else {
            return;
        };
        match pattern.split_first() {
            None => found.extend(&node.exact),
            Some((Segment::Literal(text), tail)) => {
                if let Some(child) = node.literals.find(text) {
                    self.cover(child, tail, found);
                }
                if let Some(child) = node.one
                    && !text.is_empty()
                {
                    self.cover(child, tail, found);
                }
            }
            Some((Segment::One, tail)) => {
                if let Some(child) = node.one {
                    self.cover(child, tail, found);
                }
            }
            Some((Segment::Rest, _)) => {}
        }
        found.extend(&node.rest);
    }

    /// Entries by pattern: those of one pattern stand together, in order.
    pub(super) fn leaves(&self) -> impl Iterator<Item = &[Entry]> {
        self.nodes
            .iter()
            .flat_map(|node| [node.exact.as_slice(), node.rest.as_slice()])
            .filter(|leaf| !leaf.is_empty())
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.leaves().flatten()
    }
}
