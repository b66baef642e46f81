//! An expression ready to be asked: names looked up, patterns built, constants worked out.

use super::Position;
use super::datum::Datum;
use super::function::Function;
use super::pattern::Pattern;
use super::syntax::Operator;

#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Constant(Datum),
    /// `session`, or `claims`.
    Document,
    Request,
    Now,
    /// A variable of a macro, by its place among those that are open.
    Local(usize),
    Member(Box<Node>, Box<str>),
    Has(Box<Node>, Box<str>),
    Index(Box<[Node; 2]>),
    Not(Box<Node>),
    Negate(Box<Node>),
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Binary(Operator, Box<[Node; 2]>),
    If(Box<[Node; 3]>),
    List(Box<[Node]>),
    Map(Box<[(Node, Node)]>),
    Call(Function, Box<[Node]>),
    Matches(Box<Node>, Box<Pattern>),
    Each(Box<Each>),
}

/// A macro that looks at each item of a list, or each key of a map.
#[derive(Debug)]
pub(super) struct Each {
    pub(super) how: How,
    pub(super) over: Node,
    /// The variable's place.
    pub(super) local: usize,
    /// What an item is asked.
    pub(super) test: Option<Node>,
    /// What an item becomes.
    pub(super) yields: Option<Node>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    All,
    Exists,
    ExistsOne,
    /// `map` and `filter`.
    Collect,
}
