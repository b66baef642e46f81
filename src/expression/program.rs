//! Expressions: read once, asked often.

use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

use super::call::plain;
use super::check::{Checked, check};
use super::machine::{Machine, failure};
use super::node::Node;
use super::parse::parse;
use super::shape::Shape;
use super::value::{List, Value};
use super::{ExpressionError, Facts, Failure, FailureKind, Position, Reads};

/// Longest expression, in bytes.
const LONGEST_BYTES: usize = 4096;

/// What an expression must yield.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// True or false.
    Condition,
    /// A text or what can be written as one, such as a number or a list of texts; or null.
    Text,
    /// Anything that JSON has.
    Value,
}

/// Which names an expression may use; `now` is always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// `session` and `request`.
    Request,
    /// `session`: for what is worked out once a session.
    Session,
    /// `claims`: a document of unknown shape, given as the session of [`Facts`].
    Claims,
}

/// An expression that was read and checked. Cheap to clone.
#[derive(Clone)]
pub struct Program(Arc<Inner>);

struct Inner {
    text: Box<str>,
    kind: Kind,
    scope: Scope,
    root: Node,
    reads: Reads,
    reads_request: bool,
    reads_now: bool,
}

impl Program {
    /// Reads an expression over `session`, `request` and `now`.
    ///
    /// # Errors
    /// No expression; names, members or functions that there are not; types that can't go
    /// together; a result that is not of `kind`; a text or a pattern that is too large.
    pub fn compile(text: &str, kind: Kind) -> Result<Self, ExpressionError> {
        Self::compile_in(text, kind, Scope::Request)
    }

    /// Reads an expression over the names of `scope`.
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn compile_in(text: &str, kind: Kind, scope: Scope) -> Result<Self, ExpressionError> {
        let start = Position { line: 1, column: 1 };
        if text.len() > LONGEST_BYTES {
            let message = format!("this is longer than {LONGEST_BYTES} bytes");
            return Err(ExpressionError::new(start, message)
                .help("split the rule, or let the identity carry what is decided"));
        }
        let expr = parse(text)?;
        let Checked {
            root,
            shape,
            reads,
            reads_request,
            reads_now,
        } = check(&expr, scope)?;
        if !yields(shape, kind) {
            let wanted = match kind {
                Kind::Condition => "true or false",
                Kind::Text => "a text, a number, a time or a list of those",
                Kind::Value => "a value",
            };
            let message = format!("this must yield {wanted}, and yields {}", shape.described());
            return Err(ExpressionError::new(start, message));
        }
        Ok(Self(Arc::new(Inner {
            text: text.into(),
            kind,
            scope,
            root,
            reads,
            reads_request,
            reads_now,
        })))
    }

    /// The expression as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.text
    }

    /// The parts of the session that it reads.
    #[must_use]
    pub fn reads(&self) -> &Reads {
        &self.0.reads
    }

    /// Whether it reads anything of the session.
    #[must_use]
    pub fn reads_session(&self) -> bool {
        !self.0.reads.is_nothing()
    }

    /// Whether it reads anything of the request.
    #[must_use]
    pub fn reads_request(&self) -> bool {
        self.0.reads_request
    }

    /// Whether its answer may change from one request of a session to the next.
    #[must_use]
    pub fn changes_by_request(&self) -> bool {
        self.0.reads_request || self.0.reads_now
    }

    /// A session that was kept for other expressions must not look as if something were missing.
    fn machine<'a>(&'a self, facts: &Facts<'a>) -> Result<Machine<'a>, Failure> {
        match facts.session {
            Some(session) if !session.has_all_of(&self.0.reads) => {
                Err(failure(FailureKind::Unprepared, self.0.root.at))
            }
            Some(_) | None => Ok(Machine::new(*facts)),
        }
    }

    /// Whether the condition holds.
    ///
    /// # Errors
    /// The facts don't let it be answered; that is no yes.
    pub fn holds(&self, facts: &Facts<'_>) -> Result<bool, Failure> {
        self.machine(facts)?.flag(&self.0.root)
    }

    /// What it yields, as text: lists become `a,b`; `None` for null.
    ///
    /// # Errors
    /// The facts don't let it be answered, or the answer can't be written as a text.
    pub fn text(&self, facts: &Facts<'_>) -> Result<Option<String>, Failure> {
        let mut machine = self.machine(facts)?;
        let value = machine.run(&self.0.root)?;
        let at = self.0.root.at;
        let wrong = || failure(FailureKind::WrongType, at);
        if matches!(value, Value::Null) {
            return Ok(None);
        }
        let Value::List(items) = &value else {
            return plain(&value).map(Some).ok_or_else(wrong);
        };
        let mut texts = Vec::new();
        for item in (0..items.len()).filter_map(|place| items.get(place)) {
            let text = plain(&item).ok_or_else(wrong)?;
            machine.spend(1 + text.len() / 16, at)?;
            texts.push(text);
        }
        Ok(Some(texts.join(",")))
    }

    /// What it yields, as JSON; times and durations become texts.
    ///
    /// # Errors
    /// The facts don't let it be answered.
    pub fn value(&self, facts: &Facts<'_>) -> Result<Json, Failure> {
        let mut machine = self.machine(facts)?;
        let value = machine.run(&self.0.root)?;
        json(&mut machine, &value, self.0.root.at)
    }
}

fn yields(shape: Shape, kind: Kind) -> bool {
    match (kind, shape) {
        (Kind::Value, _) => true,
        (Kind::Condition, shape) => matches!(shape, Shape::Any | Shape::Bool),
        (Kind::Text, Shape::List(item)) => {
            !matches!(*item, Shape::List(_) | Shape::Map(_) | Shape::Object(_))
        }
        (Kind::Text, shape) => !matches!(shape, Shape::Map(_) | Shape::Object(_)),
    }
}

fn json<'a>(machine: &mut Machine<'a>, value: &Value<'a>, at: Position) -> Result<Json, Failure> {
    machine.spend(1, at)?;
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(number) => Json::from(*number),
        Value::UInt(number) => Json::from(*number),
        Value::Double(number) => Json::from(*number),
        Value::List(items) => json_list(machine, items, at)?,
        Value::Map(map) => {
            let mut object = serde_json::Map::new();
            for key in map.keys() {
                let name = plain(&key).ok_or_else(|| failure(FailureKind::WrongType, at))?;
                let item = machine.found(map, &key, at)?.unwrap_or(Value::Null);
                object.insert(name, json(machine, &item, at)?);
            }
            Json::Object(object)
        }
        Value::Text(_) | Value::Time(_) | Value::Span(_) | Value::Type(_) => {
            let text = plain(value).unwrap_or_default();
            machine.spend(text.len() / 16, at)?;
            Json::String(text)
        }
    })
}

fn json_list<'a>(
    machine: &mut Machine<'a>,
    items: &List<'a>,
    at: Position,
) -> Result<Json, Failure> {
    let items = (0..items.len()).filter_map(|place| items.get(place));
    let items: Result<_, _> = items.map(|item| json(machine, &item, at)).collect();
    Ok(Json::Array(items?))
}

impl PartialEq for Program {
    /// The same text, read the same way.
    fn eq(&self, other: &Self) -> bool {
        (&self.0.text, self.0.kind, self.0.scope) == (&other.0.text, other.0.kind, other.0.scope)
    }
}

impl Eq for Program {}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Program").field(&self.0.text).finish()
    }
}
