//! What can be wrong with an expression: when it is read, and when it is asked.

use std::fmt;

/// A place in the text of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// From 1.
    pub line: u16,
    /// In characters, from 1.
    pub column: u16,
}

/// Why a text is no expression, or not one for its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// Where in the text.
    pub position: Position,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl ExpressionError {
    pub(super) fn new(position: Position, message: impl Into<String>) -> Self {
        Self {
            position,
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Why an expression has no answer for these facts. Names no value: those belong to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{kind} (line {}, column {} of the expression)", position.line, position.column)]
pub struct Failure {
    /// What happened.
    pub kind: FailureKind,
    /// Where in the text.
    pub position: Position,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// A key or an item is not there.
    Missing,
    /// A value is of a type that can't be used so.
    WrongType,
    /// A value has the right type and can't be used so all the same: a division by zero, a number
    /// that is too large, a text that is no time.
    WrongValue,
    /// The answer would cost more than one request may.
    TooCostly,
    /// What is kept of the session is less than the expression reads.
    Unprepared,
}

impl FailureKind {
    /// All there are.
    pub const ALL: [Self; 5] = [
        Self::Missing,
        Self::WrongType,
        Self::WrongValue,
        Self::TooCostly,
        Self::Unprepared,
    ];

    /// The name in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::WrongType => "wrong_type",
            Self::WrongValue => "wrong_value",
            Self::TooCostly => "too_costly",
            Self::Unprepared => "unprepared",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "a key that is not there",
            Self::WrongType => "a value of the wrong type",
            Self::WrongValue => "a value that can't be used so",
            Self::TooCostly => "more work than one request may cost",
            Self::Unprepared => "a part of the session that was not kept",
        })
    }
}
