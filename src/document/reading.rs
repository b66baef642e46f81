//! Turning nodes into typed values while problems, effective values and the schema are collected.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::{Node, Place, Problem, Problems, Source, Value};

/// A type that can be read from a node.
///
/// A section reads all its fields (through [`super::Fields`]) before it gives up on any, so that
/// every problem is told; then `None` says that a problem was told.
pub trait FromNode: Sized {
    /// Reads a value, or tells a problem and gives `None`. Never called with a null node, except
    /// for types that say so in [`FromNode::takes_null`].
    fn from_node(node: &Node, reading: &mut Reading) -> Option<Self>;

    /// JSON Schema of what is accepted. Sections need not write it: it is found by reading an
    /// empty section and noting which keys are asked for.
    #[must_use]
    fn schema() -> Json {
        schema_of::<Self>()
    }

    /// The value as `config show` prints it; `None` for sections, whose fields speak for
    /// themselves.
    fn shown(&self) -> Option<Json> {
        None
    }

    /// Whether an explicit `null` means something other than leaving the key out.
    #[must_use]
    fn takes_null() -> bool {
        false
    }
}

/// Where an effective value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// It is written there.
    Written(Place),
}

/// One effective value, for `config show`.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Keys from the top, joined by dots, such as `proxy.limits.body_size`.
    pub path: String,
    /// The value; secrets are redacted by their type.
    pub value: Json,
    /// Where it came from.
    pub origin: Origin,
}

/// What is collected while a document is read.
#[derive(Debug, Default)]
pub struct Reading {
    /// What is wrong so far.
    pub problems: Problems,
    /// The folder that relative paths begin in; empty: the working directory.
    pub folder: PathBuf,
    path: Vec<String>,
    settings: Vec<Setting>,
    forgets_settings: bool,
    described: Option<Description>,
}

/// The description of a section, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Description {
    properties: serde_json::Map<String, Json>,
    required: Vec<Json>,
    open: bool,
}

impl Reading {
    /// Nothing collected yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing collected yet; relative paths begin in `folder`.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            ..Self::default()
        }
    }

    /// The same, but effective values are not collected: nobody asks for those of rules, and there
    /// can be a hundred thousand.
    #[must_use]
    pub const fn without_settings(mut self) -> Self {
        self.forgets_settings = true;
        self
    }

    /// Tells a problem.
    pub fn problem(&mut self, problem: Problem) {
        // A description reads an empty section: what is missing there is nobody's fault.
        if self.described.is_none() {
            self.problems.add(problem);
        }
    }

    /// Reads a part whose format others define: its values are noted below `name`, and it does not
    /// count in the description of the section around it.
    pub fn apart<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let described = self.described.take();
        self.enter(name);
        let value = read(self);
        self.leave();
        self.described = described;
        value
    }

    /// The effective values of all fields read so far, in the order they were read.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Notes a value that counts although nobody wrote its key, for `config show`.
    pub fn note_default(&mut self, name: &str, value: Json) {
        self.enter(name);
        self.note(Some(value), Origin::Default);
        self.leave();
    }

    /// Whether effective values are collected.
    pub(super) const fn takes_notes(&self) -> bool {
        !self.forgets_settings && self.described.is_none()
    }

    pub(super) const fn is_describing(&self) -> bool {
        self.described.is_some()
    }

    pub(super) fn enter(&mut self, name: &str) {
        if !self.forgets_settings {
            self.path.push(name.to_owned());
        }
    }

    pub(super) fn leave(&mut self) {
        self.path.pop();
    }

    pub(super) fn note(&mut self, value: Option<Json>, origin: Origin) {
        let Some(value) = value.filter(|_| !self.forgets_settings) else {
            return;
        };
        self.settings.push(Setting {
            path: self.path.join("."),
            value,
            origin,
        });
    }

    pub(super) fn describe(&mut self, name: &str, schema: Json, required: bool) {
        let Some(described) = &mut self.described else {
            return;
        };
        described.properties.insert(name.to_owned(), schema);
        if required {
            described.required.push(name.into());
        }
    }

    /// Begins the description of a section within; gives what is to be handed to
    /// [`Reading::end_section`].
    pub(super) fn begin_section(&mut self) -> Option<Description> {
        self.described.as_mut().map(std::mem::take)
    }

    pub(super) fn end_section(&mut self, name: &str, outer: Option<Description>) {
        if let Some(outer) = outer {
            let inner = self.described.replace(outer).unwrap_or_default();
            self.describe(name, inner.into_schema(), false);
        }
    }

    pub(super) const fn describe_open(&mut self) {
        if let Some(described) = &mut self.described {
            described.open = true;
        }
    }
}

/// JSON Schema of a section, found by reading an empty one.
#[must_use]
pub fn schema_of<T: FromNode>() -> Json {
    let source = Source::new("", "");
    let empty = Node {
        place: Place::start_of(&source),
        value: Value::Map(Vec::new()),
    };
    let mut reading = Reading {
        described: Some(Description::default()),
        ..Reading::default()
    };
    let _incomplete = T::from_node(&empty, &mut reading);
    reading.described.unwrap_or_default().into_schema()
}

impl Description {
    fn into_schema(self) -> Json {
        let mut schema = json!({
            "type": "object",
            "properties": self.properties,
            "additionalProperties": self.open,
        });
        if let (Some(object), false) = (schema.as_object_mut(), self.required.is_empty()) {
            object.insert("required".to_owned(), self.required.into());
        }
        schema
    }
}
