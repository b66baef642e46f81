//! Path patterns as a tree of segments: a look-up follows the path, so its cost does not depend on
//! how many patterns there are.
//!
//! The nodes and entries of a tree lie together, in the order a look-up comes by, because with
//! many rules the time goes into fetching memory.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use http::Method;

use super::conditions::Asked;
use super::expressions::Expressions;
use super::holds::Holds;
use super::index::Reading;
use super::label::Label;
use super::{Conditions, Methods, PathPattern, RuleIndex, Segment};

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
    /// The rule's further conditions.
    pub(super) conditions: Option<Arc<Conditions>>,
    /// The rule lets anyone in.
    pub(super) public: bool,
    /// Requests that the rule narrows out reach no wider rule that lets anyone in.
    pub(super) shields: bool,
    /// The rule's switches that a look-up needs.
    pub(super) strict_paths: bool,
    pub(super) merge_slashes: bool,
    pub(super) allow_encoded_slash: bool,
}

impl Entry {
    /// The order of entries with one pattern: lower comes first, equal ones must not both match.
    pub(super) fn order(&self) -> (Reverse<i32>, bool, Reverse<usize>) {
        let conditions = self.conditions.as_ref().map_or(0, |it| it.count());
        (
            Reverse(self.priority),
            !self.methods.are_named(),
            Reverse(conditions),
        )
    }

    /// Whether the rule is about the request, whose host and path it matches.
    pub(super) fn covers(&self, method: &Method, asked: Asked<'_>) -> Holds {
        if !self.methods.contain(method) {
            return Holds::No;
        }
        match &self.conditions {
            None => Holds::Yes,
            Some(conditions) => conditions.hold(asked),
        }
    }

    /// Whether the rule is about every request of another rule, where the patterns are the same.
    pub(super) fn covers_all_of(&self, methods: &Methods, others: Option<&Conditions>) -> bool {
        let none = Conditions::default();
        let covers_conditions = self
            .conditions
            .as_ref()
            .is_none_or(|conditions| conditions.cover(others.unwrap_or(&none)));
        self.methods.cover(methods) && covers_conditions
    }
}

/// Children by text. Trees of that many are rare, so that the table stands apart.
pub(super) type Table = HashMap<Label, u32, foldhash::fast::FixedState>;

/// The patterns of one host.
#[derive(Debug, Default)]
pub(super) struct Trie {
    /// The root comes first; without a root there are no patterns.
    pub(super) nodes: Box<[Node]>,
    pub(super) entries: Box<[Entry]>,
    /// Regular expressions, together where they begin with the same segments.
    pub(super) expressions: Box<[Expressions]>,
}

/// A place between two segments.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) literals: Literals,
    /// The child for any one segment.
    pub(super) one: Option<std::num::NonZeroU32>,
    /// One more than the place of the expressions that begin with the segments up to here.
    pub(super) expressions: Option<std::num::NonZeroU32>,
    /// Entries of patterns that end here.
    pub(super) exact: Span,
    /// Entries of patterns that end in `**` here.
    pub(super) rest: Span,
}

/// Some entries that stand together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Children for given texts.
#[derive(Debug, Default)]
pub(super) enum Literals {
    #[default]
    None,
    Single(Label, u32),
    Many(Box<Table>),
}

impl Literals {
    fn find(&self, text: &str) -> Option<u32> {
        match self {
            Self::None => None,
            Self::Single(only, child) => only.is(text).then_some(*child),
            Self::Many(table) => table.get(text.as_bytes()).copied(),
        }
    }
}

impl Trie {
    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.expressions.is_empty()
    }

    /// Every entry whose pattern matches `path`, most specific first: segment by segment a literal
    /// before `{name}` before a regular expression before `**`.
    pub(super) fn matching<'t, B>(
        &'t self,
        path: &str,
        reading: Reading,
        visit: &mut impl FnMut(&'t Entry) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.walk(0, path.strip_prefix('/'), (path, reading), visit)
    }

    fn walk<'t, B>(
        &'t self,
        at: u32,
        path: Option<&str>,
        whole: (&str, Reading),
        visit: &mut impl FnMut(&'t Entry) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let Some(node) = self.nodes.get(at as usize) else {
            return ControlFlow::Continue(());
        };
        if let Some(path) = path {
            let (segment, rest) = match path.split_once('/') {
                Some((segment, rest)) => (segment, Some(rest)),
                None => (path, None),
            };
            if let Some(child) = node.literals.find(segment) {
                self.walk(child, rest, whole, visit)?;
            }
            if let Some(child) = node.one
                && !segment.is_empty()
            {
                self.walk(child.get(), rest, whole, visit)?;
            }
        } else {
            self.entries_in(node.exact)
                .iter()
                .try_for_each(&mut *visit)?;
        }
        if let Some(expressions) = self.expressions_at(node) {
            let (path, reading) = whole;
            expressions
                .matching(path, reading)
                .try_for_each(&mut *visit)?;
        }
        self.entries_in(node.rest).iter().try_for_each(visit)
    }

    fn expressions_at(&self, node: &Node) -> Option<&Expressions> {
        let place = node.expressions?.get() as usize - 1;
        self.expressions.get(place)
    }

    fn entries_in(&self, span: Span) -> &[Entry] {
        self.entries.get(span.range()).unwrap_or_default()
    }

    /// Every entry whose pattern matches all that `pattern` matches. Of regular expressions that
    /// can't be told.
    pub(super) fn covering<'t>(&'t self, pattern: &PathPattern) -> Vec<&'t Entry> {
        let mut found = Vec::new();
        self.cover(0, pattern.segments(), &mut found);
        found
    }

    fn cover<'t>(&'t self, at: u32, pattern: &[Segment], found: &mut Vec<&'t Entry>) {
        let Some(node) = self.nodes.get(at as usize) else {
            return;
        };
        match pattern.split_first() {
            None => found.extend(self.entries_in(node.exact)),
            Some((Segment::Literal(text), tail)) => {
                if let Some(child) = node.literals.find(text) {
                    self.cover(child, tail, found);
                }
                if let Some(child) = node.one
                    && !text.is_empty()
                {
                    self.cover(child.get(), tail, found);
                }
            }
            Some((Segment::One, tail)) => {
                if let Some(child) = node.one {
                    self.cover(child.get(), tail, found);
                }
            }
            Some((Segment::Rest, _)) => {}
        }
        found.extend(self.entries_in(node.rest));
    }

    /// Entries by pattern: those of one pattern stand together, in order.
    pub(super) fn leaves(&self) -> impl Iterator<Item = &[Entry]> {
        self.nodes
            .iter()
            .flat_map(|node| [node.exact, node.rest])
            .map(|span| self.entries_in(span))
            .filter(|leaf| !leaf.is_empty())
    }
}
