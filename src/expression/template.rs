//! Values that operators write as they are, or as an expression.

use std::borrow::Cow;

use super::{Facts, Failure, Program};

/// A text that is fixed, or worked out for each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Template {
    /// As it is written.
    Fixed(Box<str>),
    /// What the expression yields.
    Program(Program),
}

impl Template {
    /// The text for these facts; `None` where the expression yields null.
    ///
    /// # Errors
    /// As [`Program::text`].
    pub fn text(&self, facts: &Facts<'_>) -> Result<Option<Cow<'_, str>>, Failure> {
        match self {
            Self::Fixed(text) => Ok(Some(Cow::Borrowed(text))),
            Self::Program(program) => Ok(program.text(facts)?.map(Cow::Owned)),
        }
    }

    /// The expression, if it is one.
    #[must_use]
    pub const fn program(&self) -> Option<&Program> {
        match self {
            Self::Fixed(_) => None,
            Self::Program(program) => Some(program),
        }
    }
}
