//! Trees of patterns while patterns are added to them.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use super::expressions::Expressions;
use super::index::{ByHost, Paths};
use super::label::Label;
use super::regex_pattern::Case;
use super::trie::{Entry, Literals, Node, Span, Trie};
use super::{HostPattern, PathPattern, PathRegex, Rule, RuleIndex, Segment};

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
    expressions: Vec<(PathRegex, Entry)>,
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

    /// Adds an entry for an expression, at the segments that each of its paths begins with. No two
    /// expressions are the same pattern.
    fn insert_regex(&mut self, prefix: &[Box<str>], regex: PathRegex, entry: Entry) {
        match prefix.split_first() {
            None => self.expressions.push((regex, entry)),
            Some((text, prefix)) => {
                let child = self.literals.entry(text.clone()).or_default();
                child.insert_regex(prefix, regex, entry);
            }
        }
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
    pub(super) fn grown(self, case: Case) -> Result<Trie, Unsearchable> {
        let mut wood = Wood {
            nodes: Vec::new(),
            entries: Vec::new(),
            expressions: Vec::new(),
            case,
        };
        self.add_to(&mut wood)?;
        Ok(Trie {
            nodes: wood.nodes.into(),
            entries: wood.entries.into(),
            expressions: wood.expressions.into(),
        })
    }

    /// Adds this node, then its children, each with all that is below it; gives its place.
    fn add_to(self, wood: &mut Wood) -> Result<u32, Unsearchable> {
        let place = wood.nodes.len();
        let node = Node {
            literals: Literals::None,
            one: None,
            expressions: wood.add_expressions(self.expressions)?,
            exact: add_leaf(self.exact, &mut wood.entries),
            rest: add_leaf(self.rest, &mut wood.entries),
        };
        wood.nodes.push(node);
        let mut children: Vec<(Label, u32)> = Vec::with_capacity(self.literals.len());
        for (text, child) in self.literals {
            children.push((Label::new(&text), child.add_to(wood)?));
        }
        let one = self.one.map(|child| child.add_to(wood)).transpose()?;
        let literals = match (children.len(), children.pop()) {
            (1, Some((text, child))) => Literals::Single(text, child),
            (_, Some(last)) => {
                children.push(last);
                Literals::Many(Box::new(children.into_iter().collect()))
            }
            (_, None) => Literals::None,
        };
        if let Some(node) = wood.nodes.get_mut(place) {
            node.literals = literals;
            node.one = one.and_then(NonZeroU32::new);
        }
        Ok(index(place))
    }
}

/// Too many expressions begin alike to be searched together; this is the first rule among them.
#[derive(Debug)]
pub(super) struct Unsearchable(pub(super) RuleIndex);

/// The parts of a [`Trie`].
struct Wood {
    nodes: Vec<Node>,
    entries: Vec<Entry>,
    expressions: Vec<Expressions>,
    case: Case,
}

impl Wood {
    fn add_expressions(
        &mut self,
        lines: Vec<(PathRegex, Entry)>,
    ) -> Result<Option<NonZeroU32>, Unsearchable> {
        let Some(rule) = lines.first().map(|(_, entry)| entry.rule) else {
            return Ok(None);
        };
        let expressions = Expressions::of(lines, self.case).ok_or(Unsearchable(rule))?;
        self.expressions.push(expressions);
        Ok(NonZeroU32::new(index(self.expressions.len())))
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
        growing.add(rules, |paths, pattern, fresh, entry| match pattern {
            Pattern::Path(path) => {
                paths.folds |= path.folds();
                paths.as_written.insert(path, fresh, entry);
            }
            Pattern::Regex(regex) => {
                // Whether folding changes it can't be told.
                paths.folds = true;
                let prefix: Vec<Box<str>> = regex.prefix().map(Box::from).collect();
                let entry = Entry {
                    pattern: fresh,
                    ..entry
                };
                paths.as_written.insert_regex(&prefix, regex.clone(), entry);
            }
        });
        // Most sets have no pattern that folding changes.
        if growing.folds() {
            growing.add(rules, |paths, pattern, fresh, entry| match pattern {
                Pattern::Path(_) | Pattern::Regex(_) if !paths.folds => {}
                Pattern::Path(path) => paths.folded.insert(&path.folded(), fresh, entry),
                Pattern::Regex(regex) => {
                    let entry = Entry {
                        pattern: fresh,
                        ..entry
                    };
                    let prefix = regex.folded_prefix();
                    paths.folded.insert_regex(&prefix, regex.clone(), entry);
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
        mut add: impl FnMut(&mut GrowingPaths, Pattern<'_>, u32, Entry),
    ) {
        let mut fresh = 0;
        for (place, rule) in rules.iter().enumerate() {
            let matcher = rule.matcher();
            for host in &matcher.hosts {
                let paths = self.paths_of(host);
                let regexes = matcher.path_regexes.iter().map(Pattern::Regex);
                for pattern in matcher.paths.iter().map(Pattern::Path).chain(regexes) {
                    add(paths, pattern, fresh, entry_of(RuleIndex(place), rule));
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

/// One way in which a rule says which paths it is about.
#[derive(Clone, Copy)]
enum Pattern<'a> {
    Path(&'a PathPattern),
    Regex(&'a PathRegex),
}

impl GrowingPaths {
    pub(super) fn grown(self) -> Result<Paths, Unsearchable> {
        let folded = self.folds.then(|| self.folded.grown(Case::Folds));
        Ok(Paths {
            as_written: self.as_written.grown(Case::Counts)?,
            folded: folded.transpose()?.map(Box::new),
        })
    }
}

pub(super) fn grown(growing: ByHost<GrowingPaths>) -> Result<ByHost<Paths>, Unsearchable> {
    growing
        .into_iter()
        .map(|(host, paths)| Ok((host, paths.grown()?)))
        .collect()
}

fn entry_of(place: RuleIndex, rule: &Rule) -> Entry {
    let matcher = rule.matcher();
    let switches = rule.switches();
    Entry {
        rule: place,
        pattern: 0,
        priority: matcher.priority,
        methods: matcher.methods.clone(),
        conditions: matcher.conditions.clone(),
        public: rule.lets_anyone_in(),
        shields: rule.shields(),
        strict_paths: switches.strict_paths,
        merge_slashes: switches.merge_slashes,
        allow_encoded_slash: switches.allow_encoded_slash,
    }
}
