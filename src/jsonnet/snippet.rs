//! A program: its text, parsed once to see that it can be, and evaluated with what it is given.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::evaluate;
use super::flaw::Flaw;

/// The longest text of a program.
pub const MAX_SOURCE_BYTES: usize = 256 * 1024;

/// A Jsonnet program that was found to be well-formed. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Snippet {
    name: Arc<str>,
    source: Arc<str>,
}

/// The text is the operator's business; a log needs its name only.
impl fmt::Debug for Snippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snippet({})", self.name)
    }
}

/// What a program is given.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// `std.extVar(name)`.
    pub variables: Vec<(&'static str, Value)>,
    /// Arguments of the function that the program is, if it is one: `function(ctx) { .. }`.
    pub arguments: Vec<(&'static str, Value)>,
}

impl Inputs {
    /// One variable of this name.
    #[must_use]
    pub fn variable(name: &'static str, value: Value) -> Self {
        Self {
            variables: vec![(name, value)],
            arguments: Vec::new(),
        }
    }

    /// One argument of this name.
    #[must_use]
    pub fn argument(name: &'static str, value: Value) -> Self {
        Self {
            variables: Vec::new(),
            arguments: vec![(name, value)],
        }
    }

    /// The same with one more variable.
    #[must_use]
    pub fn and_variable(mut self, name: &'static str, value: Value) -> Self {
        self.variables.push((name, value));
        self
    }
}

/// Why a program gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// The program said `error`, or an assertion of its own failed: its own words.
    #[error("{name}: {message}")]
    Refused {
        /// The program.
        name: Arc<str>,
        /// What it said.
        message: String,
    },
    /// The program does not work on what it was given.
    #[error("{name}:{flaw}")]
    Faulty {
        /// The program.
        name: Arc<str>,
        /// Where and why.
        flaw: Flaw,
    },
}

impl Snippet {
    /// Reads a program; `name` is what messages call it, such as its file.
    ///
    /// # Errors
    /// When it is not well-formed, with the place.
    pub fn parse(name: &str, source: &str) -> Result<Self, Flaw> {
        if source.len() > MAX_SOURCE_BYTES {
            return Err(Flaw::whole("the program is longer than 256 KiB"));
        }
        evaluate::check(name, source)?;
        Ok(Self {
            name: Arc::from(name),
            source: Arc::from(source),
        })
    }

    /// What messages call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Evaluates the program. Takes as long as it takes: see [`super::Runner`].
    ///
    /// # Errors
    /// When the program fails or refuses.
    pub fn evaluate(&self, inputs: &Inputs) -> Result<Value, EvaluationError> {
        evaluate::run(&self.name, &self.source, inputs)
    }
}
