//! Operators between values.

use std::cmp::Ordering;
use std::rc::Rc;

use super::machine::{Answer, Machine, failure};
use super::syntax::Operator;
use super::value::{List, Map, Value};
use super::{Failure, FailureKind, Position};

/// Longest text that an expression makes, in bytes.
pub(super) const LONGEST_TEXT_BYTES: usize = 64 * 1024;

impl<'a> Machine<'a> {
    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: &Value<'a>,
        right: &Value<'a>,
        at: Position,
    ) -> Answer<'a> {
        let flag = match operator {
            Operator::Equal => self.equal(left, right, at)?,
            Operator::NotEqual => !self.equal(left, right, at)?,
            Operator::Less => self.order(left, right, at)? == Some(Ordering::Less),
            Operator::Greater => self.order(left, right, at)? == Some(Ordering::Greater),
            Operator::LessOrEqual => self.order(left, right, at)?.is_some_and(Ordering::is_le),
            Operator::GreaterOrEqual => self.order(left, right, at)?.is_some_and(Ordering::is_ge),
            Operator::In => self.is_in(left, right, at)?,
            Operator::Add => return self.add(left, right, at),
            Operator::Subtract => return subtract(left, right, at),
            Operator::Multiply | Operator::Divide | Operator::Remainder => {
                return calculate(operator, left, right, at);
            }
        };
        Ok(Value::Bool(flag))
    }

    /// `==`. Values of different types are a mistake, not merely different: otherwise `!=` would
    /// hold for whatever a trait of the wrong type is. Null can be compared with anything.
    fn equal(
        &mut self,
        left: &Value<'a>,
        right: &Value<'a>,
        at: Position,
    ) -> Result<bool, Failure> {
        match self.same(left, right, at)? {
            Some(same) => Ok(same),
            None if matches!(left, Value::Null) || matches!(right, Value::Null) => Ok(false),
            None => Err(failure(FailureKind::WrongType, at)),
        }
    }

    /// Whether both are the same; `None` for values of different types.
    pub(super) fn same(
        &mut self,
        left: &Value<'a>,
        right: &Value<'a>,
        at: Position,
    ) -> Result<Option<bool>, Failure> {
        self.spend(1, at)?;
        Ok(match (left, right) {
            (Value::Null, Value::Null) => Some(true),
            (Value::Bool(a), Value::Bool(b)) => Some(a == b),
            (Value::Text(a), Value::Text(b)) => {
                self.spend(a.len().min(b.len()) / 64, at)?;
                Some(**a == **b)
            }
            (Value::Time(a), Value::Time(b)) => Some(a == b),
            (Value::Span(a), Value::Span(b)) => Some(a == b),
            (Value::Type(a), Value::Type(b)) => Some(a == b),
            (Value::List(a), Value::List(b)) => Some(self.same_items(a, b, at)?),
            (Value::Map(a), Value::Map(b)) => Some(self.same_entries(a, b, at)?),
            _ => match (number(left), number(right)) {
                (Some(a), Some(b)) => Some(ordered(a, b) == Some(Ordering::Equal)),
                _ => None,
            },
        })
    }

    fn same_items(&mut self, a: &List<'a>, b: &List<'a>, at: Position) -> Result<bool, Failure> {
        if a.len() != b.len() {
            return Ok(false);
        }
        for place in 0..a.len() {
            let (Some(left), Some(right)) = (a.get(place), b.get(place)) else {
                return Ok(false);
            };
            if self.same(&left, &right, at)? != Some(true) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn same_entries(&mut self, a: &Map<'a>, b: &Map<'a>, at: Position) -> Result<bool, Failure> {
        self.spend_lookup(a, at)?;
        self.spend_lookup(b, at)?;
        let keys = a.keys();
        if keys.len() != b.len() {
            return Ok(false);
        }
        for key in keys {
            let (Some(left), Some(right)) = (self.found(a, &key, at)?, self.found(b, &key, at)?)
            else {
                return Ok(false);
            };
            if self.same(&left, &right, at)? != Some(true) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What a map has at a key.
    pub(super) fn found(
        &mut self,
        map: &Map<'a>,
        key: &Value<'a>,
        at: Position,
    ) -> Result<Option<Value<'a>>, Failure> {
        self.spend_lookup(map, at)?;
        match (map, key) {
            (_, Value::Text(name)) => Ok(map.member(name)),
            (Map::Made(entries), _) => {
                for (known, value) in entries.iter() {
                    if self.same(known, key, at)? == Some(true) {
                        return Ok(Some(value.clone()));
                    }
                }
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn is_in(&mut self, item: &Value<'a>, of: &Value<'a>, at: Position) -> Result<bool, Failure> {
        if let Value::Map(map) = of {
            return Ok(self.found(map, item, at)?.is_some());
        }
        let Value::List(items) = of else {
            return Err(failure(FailureKind::WrongType, at));
        };
        for place in 0..items.len() {
            let Some(known) = items.get(place) else { break };
            if self.same(&known, item, at)? == Some(true) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `None` for numbers that have no order.
    fn order(
        &mut self,
        left: &Value<'a>,
        right: &Value<'a>,
        at: Position,
    ) -> Result<Option<Ordering>, Failure> {
        match (left, right) {
            (Value::Bool(a), Value::Bool(b)) => Ok(Some(a.cmp(b))),
            (Value::Text(a), Value::Text(b)) => {
                self.spend(a.len().min(b.len()) / 64, at)?;
                Ok(Some((**a).cmp(&**b)))
            }
            (Value::Time(a), Value::Time(b)) => Ok(Some(a.cmp(b))),
            (Value::Span(a), Value::Span(b)) => Ok(Some(a.cmp(b))),
            _ => match (number(left), number(right)) {
                (Some(a), Some(b)) => Ok(ordered(a, b)),
                _ => Err(failure(FailureKind::WrongType, at)),
            },
        }
    }

    fn add(&mut self, left: &Value<'a>, right: &Value<'a>, at: Position) -> Answer<'a> {
        let too_large = || failure(FailureKind::WrongValue, at);
        match (left, right) {
            (Value::Text(a), Value::Text(b)) => {
                let length = a.len().saturating_add(b.len());
                self.spend(length / 16, at)?;
                if length > LONGEST_TEXT_BYTES {
                    return Err(failure(FailureKind::TooCostly, at));
                }
                Ok(Value::made([&**a, &**b].concat()))
            }
            (Value::List(a), Value::List(b)) => {
                self.spend(a.len().saturating_add(b.len()), at)?;
                let items = |list: &List<'a>| -> Vec<Value<'a>> {
                    (0..list.len())
                        .filter_map(|place| list.get(place))
                        .collect()
                };
                let both: Rc<[Value<'a>]> = items(a).into_iter().chain(items(b)).collect();
                Ok(Value::List(List::Made(both)))
            }
            (Value::Time(time), Value::Span(span)) | (Value::Span(span), Value::Time(time)) => time
                .checked_add(*span)
                .map(Value::Time)
                .map_err(|_| too_large()),
            (Value::Span(a), Value::Span(b)) => {
                a.checked_add(*b).map(Value::Span).ok_or_else(too_large)
            }
            _ => calculate(Operator::Add, left, right, at),
        }
    }
}

fn subtract<'a>(left: &Value<'a>, right: &Value<'a>, at: Position) -> Answer<'a> {
    let too_large = || failure(FailureKind::WrongValue, at);
    match (left, right) {
        (Value::Time(a), Value::Time(b)) => Ok(Value::Span(a.duration_since(*b))),
        (Value::Time(time), Value::Span(span)) => time
            .checked_sub(*span)
            .map(Value::Time)
            .map_err(|_| too_large()),
        (Value::Span(a), Value::Span(b)) => {
            a.checked_sub(*b).map(Value::Span).ok_or_else(too_large)
        }
        _ => calculate(Operator::Subtract, left, right, at),
    }
}

/// Numbers of one type.
fn calculate<'a>(
    operator: Operator,
    left: &Value<'a>,
    right: &Value<'a>,
    at: Position,
) -> Answer<'a> {
    let made = match (operator, left, right) {
        (Operator::Add, Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int),
        (Operator::Subtract, Value::Int(a), Value::Int(b)) => a.checked_sub(*b).map(Value::Int),
        (Operator::Multiply, Value::Int(a), Value::Int(b)) => a.checked_mul(*b).map(Value::Int),
        (Operator::Divide, Value::Int(a), Value::Int(b)) => a.checked_div(*b).map(Value::Int),
        (Operator::Remainder, Value::Int(a), Value::Int(b)) => a.checked_rem(*b).map(Value::Int),
        (Operator::Add, Value::UInt(a), Value::UInt(b)) => a.checked_add(*b).map(Value::UInt),
        (Operator::Subtract, Value::UInt(a), Value::UInt(b)) => a.checked_sub(*b).map(Value::UInt),
        (Operator::Multiply, Value::UInt(a), Value::UInt(b)) => a.checked_mul(*b).map(Value::UInt),
        (Operator::Divide, Value::UInt(a), Value::UInt(b)) => a.checked_div(*b).map(Value::UInt),
        (Operator::Remainder, Value::UInt(a), Value::UInt(b)) => a.checked_rem(*b).map(Value::UInt),
        (Operator::Add, Value::Double(a), Value::Double(b)) => Some(Value::Double(a + b)),
        (Operator::Subtract, Value::Double(a), Value::Double(b)) => Some(Value::Double(a - b)),
        (Operator::Multiply, Value::Double(a), Value::Double(b)) => Some(Value::Double(a * b)),
        (Operator::Divide, Value::Double(a), Value::Double(b)) => Some(Value::Double(a / b)),
        _ => return Err(failure(FailureKind::WrongType, at)),
    };
    made.ok_or_else(|| failure(FailureKind::WrongValue, at))
}

pub(super) fn negate<'a>(value: &Value<'a>, at: Position) -> Answer<'a> {
    if let Value::Double(number) = value {
        return Ok(Value::Double(-number));
    }
    let Value::Int(number) = value else {
        return Err(failure(FailureKind::WrongType, at));
    };
    let negated = number.checked_neg().map(Value::Int);
    negated.ok_or_else(|| failure(FailureKind::WrongValue, at))
}

/// A number of any type: numbers of different types can be compared.
#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Double(f64),
}

fn number(value: &Value<'_>) -> Option<Number> {
    match value {
        Value::Int(number) => Some(Number::Whole(i128::from(*number))),
        Value::UInt(number) => Some(Number::Whole(i128::from(*number))),
        Value::Double(number) => Some(Number::Double(*number)),
        Value::Null
        | Value::Bool(_)
        | Value::Text(_)
        | Value::Time(_)
        | Value::Span(_)
        | Value::Type(_)
        | Value::List(_)
        | Value::Map(_) => None,
    }
}

fn ordered(a: Number, b: Number) -> Option<Ordering> {
    match (a, b) {
        (Number::Whole(a), Number::Whole(b)) => Some(a.cmp(&b)),
        (Number::Double(a), Number::Double(b)) => a.partial_cmp(&b),
        (Number::Whole(a), Number::Double(b)) => whole_with_double(a, b),
        (Number::Double(a), Number::Whole(b)) => whole_with_double(b, a).map(Ordering::reverse),
    }
}

fn whole_with_double(whole: i128, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    #[allow(
        clippy::cast_possible_truncation,
        reason = "it saturates, far beyond what 64 bits hold, and the fraction is looked at below"
    )]
    let below = double.floor() as i128;
    Some(whole.cmp(&below).then(match double > double.floor() {
        true => Ordering::Less,
        false => Ordering::Equal,
    }))
}
