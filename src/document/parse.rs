//! YAML text to a tree of nodes.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use serde_saphyr::granit_parser::{
    Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput, Tag,
};

use super::{Entry, Key, Node, Place, Problem, Problems, Scalar, Source, Value};

/// Largest file that is read, in bytes: 100,000 rules fit several times.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Deepest nesting, aliases followed.
const MAX_DEPTH: usize = 64;
/// Most nodes that aliases may add: enough for shared settings, too few for a bomb.
const MAX_ALIASED_NODES: usize = 50_000;

/// Reads a file and parses it. `None`, with a problem, when it can't be read or is no YAML.
pub fn read_file(path: &Path, problems: &mut Problems) -> Option<Node> {
    let name = path.display().to_string();
    let read = std::fs::File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(error) => {
            let problem =
                Problem::with_file(&name, "unreadable", format!("can't be read: {error}"));
            problems.add(problem);
            return None;
        }
    };
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let message = format!("is larger than {} MiB", MAX_FILE_BYTES / (1024 * 1024));
        problems.add(Problem::with_file(&name, "too_large", message));
        return None;
    }
    let Ok(text) = String::from_utf8(bytes) else {
        problems.add(Problem::with_file(&name, "encoding", "is not UTF-8 text"));
        return None;
    };
    parse(&Source::new(&name, &text), problems)
}

/// Parses one YAML document. Duplicate keys, keys that are no text and unknown tags are problems
/// that don't stop the rest; a syntax error does. An empty document is [`Value::Null`].
pub fn parse(source: &Arc<Source>, problems: &mut Problems) -> Option<Node> {
    // Older editors on Windows put a byte order mark in front.
    let text = source
        .text()
        .strip_prefix('\u{feff}')
        .unwrap_or_else(|| source.text());
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    let mut builder = Builder {
        parser: Parser::new_from_str_with_options(text, options),
        source,
        anchors: HashMap::new(),
        aliased_nodes: 0,
        problems,
    };
    builder.document().ok()
}

/// The rest can't be parsed; the problem is told.
struct Stop;

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    source: &'a Arc<Source>,
    anchors: HashMap<usize, Node>,
    aliased_nodes: usize,
    problems: &'a mut Problems,
}

type Step<'a> = (Event<'a>, Span);

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<Step<'a>, Stop> {
        match self.parser.next_event() {
            Some(Ok(step)) => Ok(step),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn syntax(&mut self, error: &ScanError) -> Stop {
        let marker = error.marker();
        let place = Place::new(
            self.source,
            count(marker.line()),
            count(marker.col()) + 1,
            1,
        );
        self.problems
            .add(Problem::at(&place, "yaml_syntax", error.info()));
        Stop
    }

    fn place(&self, span: &Span) -> Place {
        let one_line = span.start.line() == span.end.line();
        let width = if one_line { span.len() } else { 1 };
        let (line, column) = (count(span.start.line()), count(span.start.col()) + 1);
        Place::new(self.source, line.max(1), column, count(width))
    }

    fn stop(&mut self, span: &Span, code: &'static str, message: &str) -> Stop {
        let place = self.place(span);
        self.problems.add(Problem::at(&place, code, message));
        Stop
    }

    fn document(&mut self) -> Result<Node, Stop> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::StreamEnd) {
                break;
            }
            if !matches!(event, Event::DocumentStart(..)) {
                continue;
            }
            if root.is_some() {
                let message = "a second document begins here; one file holds one";
                return Err(self.stop(&span, "yaml_syntax", message));
            }
            let step = self.next()?;
            root = Some(self.node(step, 0)?);
        }
        Ok(root.unwrap_or_else(|| Node {
            place: Place::start_of(self.source),
            value: Value::Null,
        }))
    }

    fn node(&mut self, step: Step<'a>, depth: usize) -> Result<Node, Stop> {
        let (event, span) = step;
        if depth > MAX_DEPTH {
            return Err(self.stop(&span, "too_deep", "is nested too deeply"));
        }
        let place = self.place(&span);
        if let Event::Alias(id) = event {
            return self.alias(id, &span, depth);
        }
        let (anchor, value, tag) = if let Event::Scalar(text, style, anchor, tag) = event {
            let text_tag = |tag: &Tag| tag.is_yaml_core_schema_tag("str");
            let plain = style == ScalarStyle::Plain && !tag.as_deref().is_some_and(text_tag);
            (anchor, scalar(&text, plain), tag)
        } else if let Event::SequenceStart(_, anchor, tag) = event {
            (anchor, self.list(depth)?, tag)
        } else if let Event::MappingStart(_, anchor, tag) = event {
            (anchor, self.map(depth)?, tag)
        } else {
            return Err(self.stop(&span, "yaml_syntax", "a value is missing here"));
        };
        if tag.is_some_and(|tag| !tag.is_yaml_core_schema()) {
            let problem = Problem::at(&place, "yaml_tag", "tags are not understood here");
            self.problems.add(problem.help("leave the `!…` out"));
        }
        let node = Node { place, value };
        if anchor != 0 {
            self.aliased_nodes += extent(&node).0;
            if self.aliased_nodes > MAX_ALIASED_NODES {
                return Err(self.stop(&span, "yaml_alias", "anchors hold too much"));
            }
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, span: &Span, depth: usize) -> Result<Node, Stop> {
        let Some(node) = self.anchors.get(&id).cloned() else {
            let message = "this alias stands inside what it names";
            return Err(self.stop(span, "yaml_alias", message));
        };
        let (nodes, height) = extent(&node);
        self.aliased_nodes += nodes;
        if self.aliased_nodes > MAX_ALIASED_NODES || depth + height > MAX_DEPTH {
            return Err(self.stop(span, "yaml_alias", "aliases make the document too large"));
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Value, Stop> {
        let mut items = Vec::new();
        loop {
            let step = self.next()?;
            if matches!(step.0, Event::SequenceEnd) {
                return Ok(Value::List(items));
            }
            items.push(self.node(step, depth + 1)?);
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen = Seen::default();
        loop {
            let step = self.next()?;
            if matches!(step.0, Event::MappingEnd) {
                return Ok(Value::Map(entries));
            }
            let key = self.node(step, depth + 1)?;
            let step = self.next()?;
            let value = self.node(step, depth + 1)?;
            let text = match key.value {
                Value::Scalar(scalar) => scalar.text,
                Value::Null => Box::from("null"),
                Value::List(_) | Value::Map(_) => {
                    let problem = Problem::at(&key.place, "yaml_key", "a key must be plain text");
                    self.problems.add(problem);
                    continue;
                }
            };
            if seen.is_second(&text, &entries) {
                let first = entries.iter().find(|entry| entry.key.text == text);
                let message = format!("key `{text}` is given twice");
                let mut problem = Problem::at(&key.place, "duplicate_key", message);
                if let Some(first) = first {
                    problem = problem.related(&first.key.place, "first given here");
                }
                self.problems.add(problem.help("keep one of the two"));
                continue;
            }
            let place = key.place;
            entries.push(Entry {
                key: Key { text, place },
                value,
            });
        }
    }
}

/// The keys of a mapping so far. Most mappings have few, which are looked through faster than they
/// are put into a table.
#[derive(Default)]
struct Seen(Option<HashSet<Box<str>>>);

impl Seen {
    const FEW: usize = 24;

    fn is_second(&mut self, key: &str, entries: &[Entry]) -> bool {
        if self.0.is_none() && entries.len() < Self::FEW {
            return entries.iter().any(|entry| *entry.key.text == *key);
        }
        let seen = self.0.get_or_insert_with(|| {
            let keys = entries.iter();
            keys.map(|entry| entry.key.text.clone()).collect()
        });
        !seen.insert(key.into())
    }
}

fn scalar(text: &str, plain: bool) -> Value {
    if plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Value::Null;
    }
    Value::Scalar(Scalar {
        text: Box::from(text),
        plain,
        hidden: false,
    })
}

/// Number of nodes and height of a tree.
fn extent(node: &Node) -> (usize, usize) {
    let children: Vec<(usize, usize)> = match &node.value {
        Value::Null | Value::Scalar(_) => return (1, 1),
        Value::List(items) => items.iter().map(extent).collect(),
        Value::Map(entries) => entries.iter().map(|entry| extent(&entry.value)).collect(),
    };
    let nodes: usize = children.iter().map(|(nodes, _)| nodes).sum();
    let height = children
        .iter()
        .map(|(_, height)| *height)
        .max()
        .unwrap_or(0);
    (nodes + 1, height + 1)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
