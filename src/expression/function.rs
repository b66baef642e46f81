//! The functions there are.

use super::shape::{ANY, Shape};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    LowerAscii,
    UpperAscii,
    Trim,
    Join,
    Split,
    Bool,
    Int,
    UInt,
    Double,
    String,
    Dyn,
    Type,
    Timestamp,
    Duration,
    Calendar(Calendar),
}

/// A part of a time or of a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calendar {
    FullYear,
    /// From 0.
    Month,
    /// From 1.
    Date,
    /// From 0.
    DayOfMonth,
    /// Sunday is 0.
    DayOfWeek,
    /// From 0.
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `size(x)`.
    Plain,
    /// `x.trim()`.
    Method,
}

/// One way to call a function; the receiver of a method is the first argument.
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) style: Style,
    pub(super) takes: &'static [Shape],
    pub(super) gives: Shape,
    pub(super) function: Function,
}

const LIST: Shape = Shape::List(&ANY);
const MAP: Shape = Shape::Map(&ANY);

const fn plain(
    name: &'static str,
    function: Function,
    takes: &'static [Shape],
    gives: Shape,
) -> Signature {
    Signature {
        name,
        style: Style::Plain,
        takes,
        gives,
        function,
    }
}

const fn method(
    name: &'static str,
    function: Function,
    takes: &'static [Shape],
    gives: Shape,
) -> Signature {
    Signature {
        name,
        style: Style::Method,
        takes,
        gives,
        function,
    }
}

const fn of_time(name: &'static str, part: Calendar) -> Signature {
    method(name, Function::Calendar(part), &[Shape::Time], Shape::Int)
}

const fn in_zone(name: &'static str, part: Calendar) -> Signature {
    let takes = &[Shape::Time, Shape::Text];
    method(name, Function::Calendar(part), takes, Shape::Int)
}

const fn of_span(name: &'static str, part: Calendar) -> Signature {
    method(name, Function::Calendar(part), &[Shape::Span], Shape::Int)
}

/// `matches` is not here: its pattern is read when the expression is.
pub(super) static SIGNATURES: &[Signature] = &[
    plain("size", Function::Size, &[Shape::Text], Shape::Int),
    plain("size", Function::Size, &[LIST], Shape::Int),
    plain("size", Function::Size, &[MAP], Shape::Int),
    method("size", Function::Size, &[Shape::Text], Shape::Int),
    method("size", Function::Size, &[LIST], Shape::Int),
    method("size", Function::Size, &[MAP], Shape::Int),
    method(
        "contains",
        Function::Contains,
        &[Shape::Text, Shape::Text],
        Shape::Bool,
    ),
    method(
        "startsWith",
        Function::StartsWith,
        &[Shape::Text, Shape::Text],
        Shape::Bool,
    ),
    method(
        "endsWith",
        Function::EndsWith,
        &[Shape::Text, Shape::Text],
        Shape::Bool,
    ),
    method(
        "lowerAscii",
        Function::LowerAscii,
        &[Shape::Text],
        Shape::Text,
    ),
    method(
        "upperAscii",
        Function::UpperAscii,
        &[Shape::Text],
        Shape::Text,
    ),
    method("trim", Function::Trim, &[Shape::Text], Shape::Text),
    method(
        "join",
        Function::Join,
        &[Shape::List(&Shape::Text)],
        Shape::Text,
    ),
    method(
        "join",
        Function::Join,
        &[Shape::List(&Shape::Text), Shape::Text],
        Shape::Text,
    ),
    method(
        "split",
        Function::Split,
        &[Shape::Text, Shape::Text],
        Shape::List(&Shape::Text),
    ),
    plain("bool", Function::Bool, &[Shape::Bool], Shape::Bool),
    plain("bool", Function::Bool, &[Shape::Text], Shape::Bool),
    plain("int", Function::Int, &[Shape::Int], Shape::Int),
    plain("int", Function::Int, &[Shape::UInt], Shape::Int),
    plain("int", Function::Int, &[Shape::Double], Shape::Int),
    plain("int", Function::Int, &[Shape::Text], Shape::Int),
    plain("int", Function::Int, &[Shape::Time], Shape::Int),
    plain("uint", Function::UInt, &[Shape::UInt], Shape::UInt),
    plain("uint", Function::UInt, &[Shape::Int], Shape::UInt),
    plain("uint", Function::UInt, &[Shape::Double], Shape::UInt),
    plain("uint", Function::UInt, &[Shape::Text], Shape::UInt),
    plain("double", Function::Double, &[Shape::Double], Shape::Double),
    plain("double", Function::Double, &[Shape::Int], Shape::Double),
    plain("double", Function::Double, &[Shape::UInt], Shape::Double),
    plain("double", Function::Double, &[Shape::Text], Shape::Double),
    plain("string", Function::String, &[Shape::Text], Shape::Text),
    plain("string", Function::String, &[Shape::Bool], Shape::Text),
    plain("string", Function::String, &[Shape::Int], Shape::Text),
    plain("string", Function::String, &[Shape::UInt], Shape::Text),
    plain("string", Function::String, &[Shape::Double], Shape::Text),
    plain("string", Function::String, &[Shape::Time], Shape::Text),
    plain("string", Function::String, &[Shape::Span], Shape::Text),
    plain("dyn", Function::Dyn, &[Shape::Any], Shape::Any),
    plain("type", Function::Type, &[Shape::Any], Shape::Type),
    plain(
        "timestamp",
        Function::Timestamp,
        &[Shape::Text],
        Shape::Time,
    ),
    plain("timestamp", Function::Timestamp, &[Shape::Int], Shape::Time),
    plain(
        "timestamp",
        Function::Timestamp,
        &[Shape::Time],
        Shape::Time,
    ),
    plain("duration", Function::Duration, &[Shape::Text], Shape::Span),
    plain("duration", Function::Duration, &[Shape::Span], Shape::Span),
    of_time("getFullYear", Calendar::FullYear),
    in_zone("getFullYear", Calendar::FullYear),
    of_time("getMonth", Calendar::Month),
    in_zone("getMonth", Calendar::Month),
    of_time("getDate", Calendar::Date),
    in_zone("getDate", Calendar::Date),
    of_time("getDayOfMonth", Calendar::DayOfMonth),
    in_zone("getDayOfMonth", Calendar::DayOfMonth),
    of_time("getDayOfWeek", Calendar::DayOfWeek),
    in_zone("getDayOfWeek", Calendar::DayOfWeek),
    of_time("getDayOfYear", Calendar::DayOfYear),
    in_zone("getDayOfYear", Calendar::DayOfYear),
    of_time("getHours", Calendar::Hours),
    in_zone("getHours", Calendar::Hours),
    of_span("getHours", Calendar::Hours),
    of_time("getMinutes", Calendar::Minutes),
    in_zone("getMinutes", Calendar::Minutes),
    of_span("getMinutes", Calendar::Minutes),
    of_time("getSeconds", Calendar::Seconds),
    in_zone("getSeconds", Calendar::Seconds),
    of_span("getSeconds", Calendar::Seconds),
    of_time("getMilliseconds", Calendar::Milliseconds),
    in_zone("getMilliseconds", Calendar::Milliseconds),
    of_span("getMilliseconds", Calendar::Milliseconds),
];

/// Types that expressions can name, as in `type(x) == string`.
pub(super) const TYPES: [&str; 9] = [
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "list",
    "map",
    "null_type",
    "type",
];

/// Names that are called and are no functions.
pub(super) const MACROS: [&str; 8] = [
    "has",
    "all",
    "exists",
    "exists_one",
    "existsOne",
    "map",
    "filter",
    "matches",
];
