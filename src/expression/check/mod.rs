//! What an expression says to what it means: looks names up, works constants out, and refuses what
//! could never be answered, so that typing errors show when rules are loaded.

mod calls;
mod macros;
mod typing;

use super::datum::Datum;
use super::function::TYPES;
use super::machine::constant;
use super::node::{Node, What};
use super::shape::{ANY, Known, REQUEST, SESSION, Shape};
use super::syntax::{Expr, Operator, Says};
use super::{ExpressionError, Position, Reads, Scope};
use crate::document::nearest;
use typing::{conversion, result_of};

/// Most macros within each other: each multiplies the work of those inside.
const DEEPEST_MACROS: usize = 3;

/// A checked expression.
pub(super) struct Checked {
    pub(super) root: Node,
    pub(super) shape: Shape,
    pub(super) reads: Reads,
    pub(super) reads_request: bool,
    pub(super) reads_now: bool,
}

type Meant = Result<(Node, Shape), ExpressionError>;

/// Checks `expr`, which may use the names of `scope`.
pub(super) fn check(expr: &Expr, scope: Scope) -> Result<Checked, ExpressionError> {
    let mut checker = Checker {
        scope,
        locals: Vec::new(),
        reads: Reads::nothing(),
        reads_request: false,
        reads_now: false,
    };
    let (root, shape) = checker.expr(expr)?;
    Ok(Checked {
        root,
        shape,
        reads: checker.reads,
        reads_request: checker.reads_request,
        reads_now: checker.reads_now,
    })
}

struct Checker {
    scope: Scope,
    /// The variables of the macros around.
    locals: Vec<(String, Shape)>,
    reads: Reads,
    reads_request: bool,
    reads_now: bool,
}

impl Checker {
    fn expr(&mut self, expr: &Expr) -> Meant {
        let at = expr.at;
        let (what, shape) = match &expr.says {
            Says::Null => (What::Constant(Datum::Null), Shape::Null),
            Says::Bool(flag) => (What::Constant(Datum::Bool(*flag)), Shape::Bool),
            Says::Int(number) => (What::Constant(Datum::Int(*number)), Shape::Int),
            Says::UInt(number) => (What::Constant(Datum::UInt(*number)), Shape::UInt),
            Says::Double(number) => (What::Constant(Datum::Double(*number)), Shape::Double),
            Says::Text(text) => {
                let text = Datum::Text(text.as_str().into());
                (What::Constant(text), Shape::Text)
            }
            Says::Name(name) => {
                let (what, shape) = self.name(name, at)?;
                if matches!(what, What::Document) {
                    self.reads.add_path(&[]);
                }
                (what, shape)
            }
            Says::Member(of, name) => return self.member(expr, of, name),
            Says::Index(both) => return self.index(expr, both),
            Says::Call(name, arguments) => return self.call(at, name, arguments),
            Says::Method(of, name, arguments) => return self.method(at, of, name, arguments),
            Says::List(items) => return self.list(at, items),
            Says::Map(entries) => return self.map(at, entries),
            Says::Not(inner) => {
                let inner = self.flag(inner)?;
                (What::Not(Box::new(inner)), Shape::Bool)
            }
            Says::Negate(inner) => return self.negate(at, inner),
            Says::All(parts) => {
                let parts: Result<_, _> = parts.iter().map(|part| self.flag(part)).collect();
                (What::All(parts?), Shape::Bool)
            }
            Says::Any(parts) => {
                let parts: Result<_, _> = parts.iter().map(|part| self.flag(part)).collect();
                (What::Any(parts?), Shape::Bool)
            }
            Says::Binary(operator, both) => return self.binary(at, *operator, both),
            Says::If(three) => return self.choice(at, three),
        };
        folded(Node { at, what }, shape)
    }

    /// Something that must be true or false.
    fn flag(&mut self, expr: &Expr) -> Result<Node, ExpressionError> {
        let (node, shape) = self.expr(expr)?;
        if shape.fits(Shape::Bool) {
            return Ok(node);
        }
        let message = format!("this must be true or false, and is {}", shape.described());
        Err(ExpressionError::new(expr.at, message))
    }

    fn name(&mut self, name: &str, at: Position) -> Result<(What, Shape), ExpressionError> {
        let locals = self.locals.iter().enumerate();
        if let Some((place, (_, shape))) = locals.rev().find(|(_, (local, _))| local == name) {
            return Ok((What::Local(place), *shape));
        }
        match (name, self.scope) {
            ("now", _) => {
                self.reads_now = true;
                Ok((What::Now, Shape::Time))
            }
            ("session", Scope::Request | Scope::Session) => {
                Ok((What::Document, Shape::Object(&SESSION)))
            }
            ("claims", Scope::Claims) => Ok((What::Document, Shape::Map(&ANY))),
            ("request", Scope::Request) => {
                self.reads_request = true;
                Ok((What::Request, Shape::Object(&REQUEST)))
            }
            _ => match TYPES.iter().find(|known| **known == name) {
                Some(known) => Ok((What::Constant(Datum::Type(known)), Shape::Type)),
                None => Err(self.unknown_name(name, at)),
            },
        }
    }

    fn unknown_name(&self, name: &str, at: Position) -> ExpressionError {
        let known: &[&str] = match self.scope {
            Scope::Request => &["session", "request", "now"],
            Scope::Session => &["session", "now"],
            Scope::Claims => &["claims", "now"],
        };
        if name == "request" && self.scope == Scope::Session {
            return ExpressionError::new(at, "there is no request here")
                .help("this is worked out once a session: use `session` and `now` only");
        }
        let locals = self.locals.iter().map(|(local, _)| local.as_str());
        let error = ExpressionError::new(at, format!("nothing here is called `{name}`"));
        match nearest(name, known.iter().copied().chain(locals)) {
            Some(meant) => error.help(format!("did you mean `{meant}`?")),
            None => error.help(format!(
                "there are {}; texts stand in quotes",
                known.join(", ")
            )),
        }
    }

    /// What stands before a dot or a bracket. A path from the document is noted once, whole.
    fn base(&mut self, whole: &Expr, of: &Expr) -> Meant {
        let Some(path) = path_of(whole) else {
            return self.expr(of);
        };
        if self.is_document(path.first().copied()) {
            let path = path.get(1..).unwrap_or_default();
            self.reads.add_path(path);
        }
        if let [root, part, name] = &*path
            && (*root, *part) == ("request", "headers")
            && name.bytes().any(|byte| byte.is_ascii_uppercase())
        {
            let message = "header names are in lower case here";
            let name = name.to_ascii_lowercase();
            return Err(ExpressionError::new(whole.at, message).help(format!(
                "write request.headers[\"{}\"]",
                name.escape_debug()
            )));
        }
        self.below(of)
    }

    fn is_document(&self, name: Option<&str>) -> bool {
        let document = match self.scope {
            Scope::Request | Scope::Session => "session",
            Scope::Claims => "claims",
        };
        let is_local = |name: &str| self.locals.iter().any(|(local, _)| local == name);
        name.is_some_and(|name| name == document && !is_local(name))
    }

    /// The inner part of a path that is noted already.
    fn below(&mut self, expr: &Expr) -> Meant {
        let at = expr.at;
        if let Says::Name(name) = &expr.says {
            let (what, shape) = self.name(name, at)?;
            return Ok((Node { at, what }, shape));
        }
        let Some((of, name)) = step_of(expr) else {
            return self.expr(expr);
        };
        let (of, shape) = self.below(of)?;
        let shape = member_shape(shape, name, at)?;
        let what = What::Member(Box::new(of), name.into());
        Ok((Node { at, what }, shape))
    }

    fn member(&mut self, whole: &Expr, of: &Expr, name: &str) -> Meant {
        let (of, shape) = self.base(whole, of)?;
        let shape = member_shape(shape, name, whole.at)?;
        let what = What::Member(Box::new(of), name.into());
        Ok((Node { at: whole.at, what }, shape))
    }

    fn index(&mut self, whole: &Expr, both: &[Expr; 2]) -> Meant {
        let [of, index] = both;
        let of = self.base(whole, of)?;
        self.indexed(whole.at, of, index)
    }

    fn indexed(&mut self, at: Position, of: (Node, Shape), index: &Expr) -> Meant {
        let (of, shape) = of;
        if let Says::Text(name) = &index.says {
            let shape = member_shape(shape, name, index.at)?;
            let what = What::Member(Box::new(of), name.as_str().into());
            return Ok((Node { at, what }, shape));
        }
        let (index, index_shape) = self.expr(index)?;
        let (wanted, item) = match shape {
            Shape::List(item) => (Shape::Int, *item),
            Shape::Map(item) => (Shape::Any, *item),
            Shape::Object(_) => (Shape::Text, Shape::Any),
            Shape::Any | Shape::Null => (Shape::Any, Shape::Any),
            Shape::Bool
            | Shape::Int
            | Shape::UInt
            | Shape::Double
            | Shape::Text
            | Shape::Time
            | Shape::Span
            | Shape::Type => return Err(no_members(shape, at)),
        };
        if !index_shape.fits(wanted) {
            let message = format!("the key must be {}", wanted.described());
            return Err(ExpressionError::new(index.at, message));
        }
        let what = What::Index(Box::new([of, index]));
        Ok((Node { at, what }, item))
    }

    fn list(&mut self, at: Position, items: &[Expr]) -> Meant {
        let mut shape = None;
        let mut nodes = Vec::with_capacity(items.len());
        for item in items {
            let (node, item) = self.expr(item)?;
            shape = match shape {
                None => Some(item),
                Some(before) if before == item => Some(item),
                Some(_) => Some(Shape::Any),
            };
            nodes.push(node);
        }
        let what = What::List(nodes.into_boxed_slice());
        folded(Node { at, what }, shape.unwrap_or(Shape::Any).listed())
    }

    fn map(&mut self, at: Position, entries: &[(Expr, Expr)]) -> Meant {
        let mut nodes = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let (key_node, shape) = self.expr(key)?;
            let is_key = matches!(
                shape,
                Shape::Any | Shape::Text | Shape::Int | Shape::UInt | Shape::Bool
            );
            if !is_key {
                let message = format!("{} can't be a key", shape.described());
                return Err(ExpressionError::new(key.at, message));
            }
            nodes.push((key_node, self.expr(value)?.0));
        }
        let what = What::Map(nodes.into_boxed_slice());
        Ok((Node { at, what }, Shape::Map(&ANY)))
    }

    fn negate(&mut self, at: Position, inner: &Expr) -> Meant {
        let (node, shape) = self.expr(inner)?;
        if !matches!(shape, Shape::Any | Shape::Int | Shape::Double) {
            let message = format!("{} can't be negated", shape.described());
            return Err(ExpressionError::new(inner.at, message));
        }
        let what = What::Negate(Box::new(node));
        folded(Node { at, what }, shape)
    }

    fn choice(&mut self, at: Position, three: &[Expr; 3]) -> Meant {
        let [test, then, otherwise] = three;
        let test = self.flag(test)?;
        let (then, shape) = self.expr(then)?;
        let (otherwise, other) = self.expr(otherwise)?;
        let shape = match (shape, other) {
            (Shape::Null, one) | (one, Shape::Null) => one,
            (one, other) if one == other => one,
            _ => Shape::Any,
        };
        let what = What::If(Box::new([test, then, otherwise]));
        folded(Node { at, what }, shape)
    }

    fn binary(&mut self, at: Position, operator: Operator, both: &[Expr; 2]) -> Meant {
        let [left, right] = both;
        let (left, left_shape) = self.expr(left)?;
        let (right, right_shape) = self.expr(right)?;
        let Some(shape) = result_of(operator, left_shape, right_shape) else {
            let sign = operator.as_str();
            let (left, right) = (left_shape.described(), right_shape.described());
            let message = format!("`{sign}` can't be used between {left} and {right}");
            return Err(ExpressionError::new(at, message).help(conversion(left_shape, right_shape)));
        };
        let what = What::Binary(operator, Box::new([left, right]));
        folded(Node { at, what }, shape)
    }
}

/// The path that `expr` is, from a name on: `a.b["c"]`.
fn path_of(expr: &Expr) -> Option<Vec<&str>> {
    if let Says::Name(name) = &expr.says {
        return Some(vec![name]);
    }
    let (of, name) = step_of(expr)?;
    let mut path = path_of(of)?;
    path.push(name);
    Some(path)
}

/// The last step of a path: `b` of `a.b` and of `a["b"]`.
fn step_of(expr: &Expr) -> Option<(&Expr, &str)> {
    if let Says::Member(of, name) = &expr.says {
        return Some((of, name));
    }
    let Says::Index(both) = &expr.says else {
        return None;
    };
    let [of, index] = &**both;
    let Says::Text(name) = &index.says else {
        return None;
    };
    Some((of, name))
}

fn member_shape(of: Shape, name: &str, at: Position) -> Result<Shape, ExpressionError> {
    match of {
        Shape::Any | Shape::Null => Ok(Shape::Any),
        Shape::Map(item) => Ok(*item),
        Shape::Object(known) => match known.member(name) {
            Some(shape) => Ok(shape),
            None => Err(unknown_member(known, name, at)),
        },
        Shape::Bool
        | Shape::Int
        | Shape::UInt
        | Shape::Double
        | Shape::Text
        | Shape::Time
        | Shape::Span
        | Shape::Type
        | Shape::List(_) => Err(no_members(of, at)),
    }
}

fn unknown_member(known: &Known, name: &str, at: Position) -> ExpressionError {
    let message = format!("{} has no `{}`", known.name, name.escape_debug());
    let names = known.members.iter().map(|(name, _)| *name);
    let help = match nearest(name, names.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("it has {}", names.collect::<Vec<_>>().join(", ")),
    };
    ExpressionError::new(at, message).help(help)
}

fn no_members(shape: Shape, at: Position) -> ExpressionError {
    let message = format!("{} has nothing inside", shape.described());
    ExpressionError::new(at, message)
}

/// A node whose parts are all constant becomes one: what fails then would fail always.
fn folded(node: Node, shape: Shape) -> Meant {
    if matches!(node.what, What::Constant(_)) || !is_constant(&node) {
        return Ok((node, shape));
    }
    match constant(&node) {
        Ok(Some(datum)) => {
            let (at, what) = (node.at, What::Constant(datum));
            Ok((Node { at, what }, shape))
        }
        Ok(None) => Ok((node, shape)),
        Err(failure) => {
            let message = format!("this never has a value: {}", failure.kind);
            Err(ExpressionError::new(failure.position, message))
        }
    }
}

fn is_constant(node: &Node) -> bool {
    let known = |node: &Node| matches!(node.what, What::Constant(_));
    match &node.what {
        What::Constant(_) => true,
        What::Not(inner) | What::Negate(inner) | What::Matches(inner, _) => known(inner),
        What::All(parts) | What::Any(parts) | What::List(parts) | What::Call(_, parts) => {
            parts.iter().all(known)
        }
        What::Binary(_, both) => both.iter().all(known),
        What::If(three) => three.iter().all(known),
        What::Document
        | What::Request
        | What::Now
        | What::Local(_)
        | What::Member(..)
        | What::Has(..)
        | What::Index(_)
        | What::Map(_)
        | What::Each(_) => false,
    }
}
