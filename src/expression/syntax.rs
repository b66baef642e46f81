//! What an expression says, before its names are looked up.

use super::Position;

/// A piece of an expression.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub(super) at: Position,
    pub(super) says: Says,
}

#[derive(Clone, Debug)]
pub(super) enum Says {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Double(f64),
    Text(String),
    Name(String),
    Member(Box<Expr>, String),
    Index(Box<[Expr; 2]>),
    Call(String, Vec<Expr>),
    /// `target.name(arguments)`.
    Method(Box<Expr>, String, Vec<Expr>),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    /// Holds when each of them does.
    All(Vec<Expr>),
    /// Holds when one of them does.
    Any(Vec<Expr>),
    Binary(Operator, Box<[Expr; 2]>),
    If(Box<[Expr; 3]>),
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}
