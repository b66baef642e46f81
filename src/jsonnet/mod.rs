//! Small Jsonnet programs that operators write: mappers of claims, bodies of hooks and messages.
//!
//! A program sees what it is given and its own text: nothing is imported, nothing is read from a
//! disk, an environment or a network. [`Snippet`] parses and evaluates; [`Runner`] does the same
//! away from the threads that answer requests, with a limit on time.

mod evaluate;
mod failure;
mod flaw;
mod runner;
mod snippet;

pub use flaw::Flaw;
pub use runner::{RunError, Runner};
pub use snippet::{EvaluationError, Inputs, MAX_SOURCE_BYTES, Snippet};

#[cfg(test)]
mod tests;
