//! What went wrong in a program, without the values it worked on.

use rsjsonnet_lang::program::{EvalErrorKind, EvalStackTraceItem};
use rsjsonnet_lang::span::SpanId;

/// Where an item of the calls is, if anywhere.
pub(super) const fn place_of_item(item: &EvalStackTraceItem) -> Option<SpanId> {
    match item {
        EvalStackTraceItem::Expr { span }
        | EvalStackTraceItem::Variable { span, .. }
        | EvalStackTraceItem::Import { span } => Some(*span),
        EvalStackTraceItem::Call { span, .. }
        | EvalStackTraceItem::ArrayItem { span, .. }
        | EvalStackTraceItem::ObjectField { span, .. } => *span,
        EvalStackTraceItem::CompareArrayItem { .. }
        | EvalStackTraceItem::CompareObjectField { .. }
        | EvalStackTraceItem::ManifestArrayItem { .. }
        | EvalStackTraceItem::ManifestObjectField { .. } => None,
    }
}

/// Where the error itself is, if it says so.
pub(super) const fn place_of_kind(kind: &EvalErrorKind) -> Option<SpanId> {
    use EvalErrorKind as E;
    match kind {
        E::InvalidIndexedType { span, .. }
        | E::InvalidSlicedType { span, .. }
        | E::SliceIndexOrStepIsNotNumber { span, .. }
        | E::StringIndexIsNotNumber { span, .. }
        | E::ArrayIndexIsNotNumber { span, .. }
        | E::NumericIndexIsNotValid { span, .. }
        | E::NumericIndexOutOfRange { span, .. }
        | E::ObjectIndexIsNotString { span, .. }
        | E::RepeatedFieldName { span, .. }
        | E::FieldNameIsNotString { span, .. }
        | E::UnknownObjectField { span, .. }
        | E::FieldOfNonObject { span, .. }
        | E::SuperWithoutSuperObject { span, .. }
        | E::ForSpecValueIsNotArray { span, .. }
        | E::CondIsNotBool { span, .. }
        | E::InvalidUnaryOpType { span, .. }
        | E::AssertFailed { span, .. }
        | E::ExplicitError { span, .. }
        | E::ImportFailed { span, .. } => Some(*span),
        E::CalleeIsNotFunction { span, .. }
        | E::TooManyCallArgs { span, .. }
        | E::UnknownCallParam { span, .. }
        | E::RepeatedCallParam { span, .. }
        | E::CallParamNotBound { span, .. }
        | E::InvalidBinaryOpTypes { span, .. }
        | E::NumberNotBitwiseSafe { span, .. }
        | E::NumberOverflow { span, .. }
        | E::NumberNan { span, .. }
        | E::DivByZero { span, .. }
        | E::ShiftByNegative { span, .. }
        | E::Other { span, .. } => *span,
        E::StackOverflow
        | E::InfiniteRecursion
        | E::NativeCallFailed
        | E::InvalidStdFuncArgType { .. }
        | E::AssertEqualFailed { .. }
        | E::UnknownExtVar { .. }
        | E::ManifestFunction
        | E::CompareNullInequality
        | E::CompareBooleanInequality
        | E::CompareObjectInequality
        | E::CompareFunctions
        | E::CompareDifferentTypesInequality { .. }
        | E::PrimitiveEqualsNonPrimitive { .. } => None,
    }
}

/// What happened, in a few words.
pub(super) fn explained(kind: &EvalErrorKind) -> String {
    if let EvalErrorKind::UnknownObjectField { field_name, .. } = kind {
        return format!("there is no field `{field_name}`");
    }
    if let EvalErrorKind::UnknownExtVar { name } = kind {
        return format!("there is no external variable `{name}`");
    }
    if let EvalErrorKind::ImportFailed { .. } = kind {
        return "nothing can be imported".to_owned();
    }
    if let EvalErrorKind::StackOverflow = kind {
        return "the calls nest too deep".to_owned();
    }
    if let EvalErrorKind::CallParamNotBound { param_name, .. } = kind {
        return format!("the parameter `{param_name}` has no value");
    }
    if let EvalErrorKind::UnknownCallParam { param_name, .. } = kind {
        return format!("the function has no parameter `{param_name}`");
    }
    // The kind's name says what happened; its details may hold values.
    let debug = format!("{kind:?}");
    let name = debug.split([' ', '(', '{']).next().unwrap_or_default();
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}
