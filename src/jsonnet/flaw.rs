//! Where and why a program cannot be read.

use std::fmt;

use rsjsonnet_lang::lexer::LexError;
use rsjsonnet_lang::parser::ParseError;
use rsjsonnet_lang::program::{AnalyzeError, LoadError};
use rsjsonnet_lang::span::{SpanId, SpanManager};

/// A fault in the text of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Characters that are at fault.
    pub width: u32,
    /// What is wrong, without a full stop.
    pub message: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl Flaw {
    /// A fault of the text as a whole.
    pub(super) fn whole(message: impl Into<String>) -> Self {
        Self {
            line: 1,
            column: 1,
            width: 1,
            message: message.into(),
        }
    }

    /// The fault at `span` of `source`.
    pub(super) fn at(source: &str, spans: &SpanManager, span: SpanId, message: String) -> Self {
        let (_, start, end) = spans.get_span(span);
        let before = source.get(..start).unwrap_or(source);
        let line = before.matches('\n').count().saturating_add(1);
        let column = before.rsplit('\n').next().unwrap_or_default();
        let faulty = source.get(start..end).unwrap_or_default();
        let faulty = faulty.lines().next().unwrap_or_default();
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            line: small(line),
            column: small(column.chars().count().saturating_add(1)),
            width: small(faulty.chars().count().max(1)),
            message,
        }
    }

    /// The fault that loading ended with.
    pub(super) fn of(source: &str, spans: &SpanManager, error: &LoadError) -> Self {
        let (span, message) = match error {
            LoadError::Lex(error) => lexical(error),
            LoadError::Parse(ParseError::Expected { span, instead, .. }) => {
                (*span, format!("{} is not expected here", named(instead)))
            }
            LoadError::Analyze(error) => semantic(error),
        };
        Self::at(source, spans, span, message)
    }
}

fn named(token: &impl fmt::Debug) -> String {
    let debug = format!("{token:?}");
    match debug.as_str() {
        "EndOfFile" => "the end of the text".to_owned(),
        other => {
            let inner = other.split_once('(').map(|(_, inner)| inner);
            let inner = inner.and_then(|inner| inner.strip_suffix(')'));
            format!("`{}`", inner.unwrap_or(other).trim_matches('"'))
        }
    }
}

fn lexical(error: &LexError) -> (SpanId, String) {
    let (span, message) = match error {
        LexError::InvalidChar { span, chr } => {
            return (*span, format!("`{chr}` means nothing in Jsonnet"));
        }
        LexError::InvalidUtf8 { span, .. } => (span, "this is not UTF-8"),
        LexError::UnfinishedMultilineComment { span } => (span, "the comment has no end"),
        LexError::LeadingZeroInNumber { span }
        | LexError::MissingFracDigits { span }
        | LexError::MissingExpDigits { span }
        | LexError::MissingDigitAfterUnderscore { span }
        | LexError::ExpOverflow { span } => (span, "this is not a number"),
        LexError::InvalidEscapeInString { span, .. }
        | LexError::IncompleteUnicodeEscape { span }
        | LexError::InvalidUtf16EscapeSequence { span, .. } => (span, "this escape is not known"),
        LexError::UnfinishedString { span } => (span, "the text has no closing quote"),
        LexError::MissingLineBreakAfterTextBlockStart { span }
        | LexError::MissingWhitespaceTextBlockStart { span }
        | LexError::InvalidTextBlockTermination { span } => (span, "the text block is malformed"),
    };
    (*span, message.to_owned())
}

fn semantic(error: &AnalyzeError) -> (SpanId, String) {
    match error {
        AnalyzeError::UnknownVariable { span, name } => {
            (*span, format!("there is no variable `{name}`"))
        }
        AnalyzeError::SelfOutsideObject { self_span: span }
        | AnalyzeError::SuperOutsideObject { super_span: span }
        | AnalyzeError::DollarOutsideObject { dollar_span: span } => {
            (*span, "this is possible only within an object".to_owned())
        }
        AnalyzeError::RepeatedLocalName {
            repeated_span,
            name,
            ..
        }
        | AnalyzeError::RepeatedFieldName {
            repeated_span,
            name,
            ..
        }
        | AnalyzeError::RepeatedParamName {
            repeated_span,
            name,
            ..
        } => (*repeated_span, format!("`{name}` is there already")),
        AnalyzeError::PositionalArgAfterNamed { arg_span } => (
            *arg_span,
            "arguments without a name come before those with one".to_owned(),
        ),
        AnalyzeError::TextBlockAsImportPath { span }
        | AnalyzeError::ComputedImportPath { span } => {
            (*span, "nothing can be imported".to_owned())
        }
    }
}
