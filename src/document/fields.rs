//! Reading the keys of one section.

use serde_json::Value as Json;

use super::{Entry, FromNode, Node, Origin, Problem, Reading, Value, nearest};

/// The keys of one section, read by name; what nobody asked for is unknown.
///
/// ```
/// use stepgate::document::{Fields, FromNode, Node, Reading};
///
/// struct Pool {
///     idle: u32,
///     name: String,
/// }
///
/// impl FromNode for Pool {
///     fn from_node(node: &Node, reading: &mut Reading) -> Option<Self> {
///         let mut fields = Fields::open(node, reading)?;
///         let idle = fields.or("idle", 64);
///         let name = fields.required("name");
///         fields.close();
///         Some(Self { idle, name: name? })
///     }
/// }
/// ```
#[must_use = "call `close`, so that unknown keys are told"]
pub struct Fields<'a, 'r> {
    node: &'a Node,
    entries: &'a [Entry],
    known: Vec<&'static str>,
    reading: &'r mut Reading,
}

impl<'a, 'r> Fields<'a, 'r> {
    /// Opens a section; a null one is empty. `None`, with a problem, when it is no section.
    pub fn open(node: &'a Node, reading: &'r mut Reading) -> Option<Self> {
        let entries: &[Entry] = match &node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            Value::Scalar(_) | Value::List(_) => {
                let message = format!("expected a section with keys, found {}", node.described());
                reading.problem(Problem::at(&node.place, "wrong_type", message));
                return None;
            }
        };
        Some(Self {
            node,
            entries,
            known: Vec::new(),
            reading,
        })
    }

    /// The section itself.
    #[must_use]
    pub const fn section(&self) -> &'a Node {
        self.node
    }

    /// What is collected, for problems that concern several fields.
    pub const fn reading(&mut self) -> &mut Reading {
        self.reading
    }

    /// Tells a problem at the value of `name`, or at the section when the key is not there.
    pub fn problem_at(
        &mut self,
        name: &str,
        code: &'static str,
        message: impl Into<String>,
        help: Option<&str>,
    ) {
        let place = match self.entry(name) {
            Some(entry) => entry.value.place.clone(),
            None => self.node.place.clone(),
        };
        let problem = Problem::at(&place, code, message);
        self.reading
            .problem(problem.maybe_help(help.map(str::to_owned)));
    }

    /// Whether the key is there, be it with a null value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    /// The node under a key, unread; `None` when it is absent. The key counts as known.
    pub fn raw(&mut self, name: &'static str, schema: Json) -> Option<&'a Node> {
        self.known.push(name);
        self.reading.describe(name, schema, false);
        self.entry(name).map(|entry| &entry.value)
    }

    /// The value under a key; `None` when it is absent, null or wrong (then a problem was told).
    pub fn get<T: FromNode>(&mut self, name: &'static str) -> Option<T> {
        self.reading
            .describe(name, described_as::<T>(self.reading, true), false);
        let value = self.read(name);
        if value.is_none() && self.reading.takes_notes() && !self.has(name) {
            self.note_default(name, Some(Json::Null));
        }
        value
    }

    /// A key that is known but known not to be there: for one of two that exclude each other.
    pub fn unset<T: FromNode>(&mut self, name: &'static str) -> Option<T> {
        self.known.push(name);
        self.reading
            .describe(name, described_as::<T>(self.reading, true), false);
        None
    }

    /// The value under a key, `default` when it is absent, null or wrong.
    pub fn or<T: FromNode>(&mut self, name: &'static str, default: T) -> T {
        if self.reading.is_describing() {
            let mut schema = described_as::<T>(self.reading, false);
            if let (Some(object), Some(default)) = (schema.as_object_mut(), default.shown()) {
                object.insert("default".to_owned(), default);
            }
            self.reading.describe(name, schema, false);
        }
        self.read(name).unwrap_or_else(|| {
            if self.reading.takes_notes() {
                self.note_default(name, default.shown());
            }
            default
        })
    }

    /// A section under a key, read as if it were empty when it is absent: its own defaults count.
    /// `None` when something in it is wrong.
    pub fn section_or_empty<T: FromNode>(&mut self, name: &'static str) -> Option<T> {
        self.reading
            .describe(name, described_as::<T>(self.reading, false), false);
        if self.entry(name).is_some_and(|entry| !entry.value.is_null()) {
            return self.read(name);
        }
        self.known.push(name);
        if self.reading.is_describing() {
            return None;
        }
        let empty = Node {
            place: self.node.place.clone(),
            value: Value::Null,
        };
        self.reading.enter(name);
        let value = T::from_node(&empty, self.reading);
        self.reading.leave();
        value
    }

    /// A section under a key whose parts all have defaults: `read` sees an empty one when it is
    /// absent or is no section (then a problem was told).
    pub fn within<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Fields<'_, '_>) -> T,
    ) -> T {
        self.known.push(name);
        let place = self.node.place.clone();
        let value = Value::Null;
        let empty = Node { place, value };
        let node = self.entry(name).map_or(&empty, |entry| &entry.value);
        let outer = self.reading.begin_section();
        self.reading.enter(name);
        let opened = Fields::open(node, self.reading).is_some();
        let mut fields = Fields {
            node: if opened { node } else { &empty },
            entries: if opened {
                node.as_map().unwrap_or_default()
            } else {
                &[]
            },
            known: Vec::new(),
            reading: self.reading,
        };
        let result = read(&mut fields);
        fields.close();
        self.reading.leave();
        self.reading.end_section(name, outer);
        result
    }

    /// The value under a key that must be there. `None`, with a problem, when it is not.
    pub fn required<T: FromNode>(&mut self, name: &'static str) -> Option<T> {
        self.reading
            .describe(name, described_as::<T>(self.reading, false), true);
        let missing =
            !T::takes_null() && self.entry(name).is_none_or(|entry| entry.value.is_null());
        if missing {
            let message = format!("`{name}` is missing");
            let problem = Problem::at(&self.node.place, "missing_key", message);
            self.reading.problem(problem);
        }
        self.read(name)
    }

    /// All entries, for sections whose keys are names the operator chooses.
    pub fn named<T: FromNode>(mut self) -> Vec<(&'a super::Key, T)> {
        self.reading.describe_open();
        self.known.clear();
        let mut values = Vec::with_capacity(self.entries.len());
        for entry in self.entries {
            self.reading.enter(&entry.key.text);
            if let Some(value) = read_noted::<T>(&entry.value, self.reading) {
                values.push((&entry.key, value));
            }
            self.reading.leave();
        }
        values
    }

    /// Tells unknown keys, each with the known name it most resembles.
    pub fn close(self) {
        for entry in self.entries {
            let name = &*entry.key.text;
            if self.known.contains(&name) {
                continue;
            }
            let message = format!("unknown key `{name}`");
            let help = match nearest(name, self.known.iter().copied()) {
                Some(known) => Some(format!("did you mean `{known}`?")),
                None => listed(&self.known),
            };
            let problem = Problem::at(&entry.key.place, "unknown_key", message);
            self.reading.problem(problem.maybe_help(help));
        }
    }

    fn entry(&self, name: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| &*entry.key.text == name)
    }

    fn read<T: FromNode>(&mut self, name: &'static str) -> Option<T> {
        self.known.push(name);
        let entry = self.entry(name)?;
        self.reading.enter(name);
        let value = if entry.value.is_null() && !T::takes_null() {
            let origin = Origin::Written(entry.value.place.clone());
            self.reading.note(Some(Json::Null), origin);
            None
        } else {
            read_noted(&entry.value, self.reading)
        };
        self.reading.leave();
        value
    }

    fn note_default(&mut self, name: &str, value: Option<Json>) {
        if let Some(value) = value {
            self.reading.note_default(name, value);
        }
    }
}

fn read_noted<T: FromNode>(node: &Node, reading: &mut Reading) -> Option<T> {
    let value = T::from_node(node, reading)?;
    if reading.takes_notes() {
        reading.note(value.shown(), Origin::Written(node.place.clone()));
    }
    Some(value)
}

/// The schema of a field; computed only when it is asked for.
fn described_as<T: FromNode>(reading: &Reading, or_null: bool) -> Json {
    if !reading.is_describing() {
        return Json::Null;
    }
    let schema = T::schema();
    if or_null {
        return serde_json::json!({ "anyOf": [schema, { "type": "null" }] });
    }
    schema
}

fn listed(known: &[&'static str]) -> Option<String> {
    const MAX_LISTED_KEYS: usize = 12;
    if known.is_empty() || known.len() > MAX_LISTED_KEYS {
        return None;
    }
    Some(format!("known here: {}", known.join(", ")))
}
