//! Expressions in CEL, the Common Expression Language: conditions of rules, values of headers,
//! claims of tokens.
//!
//! A [`Program`] is read and checked once, when rules are loaded: names, members, functions and
//! types, as far as they are known before a session is there. It is asked about [`Facts`] without
//! copying them. Reading and asking are bounded: neither an expression nor what a stranger puts
//! into a session or a request can cost more than a fixed number of steps.

mod call;
mod check;
mod clauses;
mod datum;
mod error;
mod facts;
mod function;
mod literal;
mod machine;
mod node;
mod operate;
mod parse;
mod pattern;
mod placed;
mod program;
mod reads;
mod shape;
mod syntax;
mod template;
#[cfg(test)]
mod tests;
mod time;
mod token;
mod told;
mod value;

pub use clauses::{ALWAYS, Clause, NEVER, clauses};
pub use error::{ExpressionError, Failure, FailureKind, Position};
pub use facts::{Facts, RequestFacts, Session};
pub use placed::compile_at;
pub use program::{Kind, Program, Scope};
pub use reads::Reads;
pub use template::Template;
pub use told::Told;
