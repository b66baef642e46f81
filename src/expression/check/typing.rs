//! What operators take and give.

use crate::expression::shape::{ANY, Shape};
use crate::expression::syntax::Operator;

/// What `operator` gives for such values; `None` where it can't be used.
pub(super) fn result_of(operator: Operator, left: Shape, right: Shape) -> Option<Shape> {
    let unknown =
        matches!(left, Shape::Any | Shape::Null) || matches!(right, Shape::Any | Shape::Null);
    match operator {
        Operator::Equal | Operator::NotEqual => left.compares_with(right).then_some(Shape::Bool),
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            let ordered = |shape: Shape| {
                shape.item().is_none() && shape != Shape::Type || shape == Shape::Any
            };
            let both = ordered(left) && ordered(right);
            (both && left.compares_with(right)).then_some(Shape::Bool)
        }
        Operator::In => {
            let fits = match right {
                Shape::List(item) => left.compares_with(*item),
                Shape::Object(_) => left.fits(Shape::Text),
                Shape::Any
                | Shape::Null
                | Shape::Bool
                | Shape::Int
                | Shape::UInt
                | Shape::Double
                | Shape::Text
                | Shape::Time
                | Shape::Span
                | Shape::Type
                | Shape::Map(_) => right.item().is_some(),
            };
            fits.then_some(Shape::Bool)
        }
        _ if unknown => (left != Shape::Null && right != Shape::Null).then_some(Shape::Any),
        Operator::Add => match (left, right) {
            (Shape::Time, Shape::Span) | (Shape::Span, Shape::Time) => Some(Shape::Time),
            (Shape::List(_), Shape::List(_)) if left != right => Some(Shape::List(&ANY)),
            (Shape::Text | Shape::Span | Shape::List(_), _) if left == right => Some(left),
            _ => (left == right && left.is_number()).then_some(left),
        },
        Operator::Subtract => match (left, right) {
            (Shape::Time, Shape::Time) | (Shape::Span, Shape::Span) => Some(Shape::Span),
            (Shape::Time, Shape::Span) => Some(Shape::Time),
            _ => (left == right && left.is_number()).then_some(left),
        },
        Operator::Multiply | Operator::Divide => {
            (left == right && left.is_number()).then_some(left)
        }
        Operator::Remainder => {
            let whole = matches!(left, Shape::Int | Shape::UInt);
            (left == right && whole).then_some(left)
        }
    }
}

/// What to write where two types can't go together.
pub(super) fn conversion(left: Shape, right: Shape) -> &'static str {
    match (left, right) {
        (Shape::Time, Shape::Text) | (Shape::Text, Shape::Time) => {
            "times of a session are texts: write timestamp(session.authenticated_at)"
        }
        (Shape::Span, _) | (_, Shape::Span) => "write durations as duration(\"10m\")",
        _ => "convert one of them: string(..), int(..), double(..), timestamp(..), duration(..)",
    }
}
