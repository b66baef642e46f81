//! What the functions do.

use std::rc::Rc;

use super::function::Function;
use super::machine::{Answer, Machine, failure};
use super::operate::LONGEST_TEXT_BYTES;
use super::value::{List, Text, Value};
use super::{Failure, FailureKind, Position, time};

impl<'a> Machine<'a> {
    pub(super) fn call(
        &mut self,
        function: Function,
        arguments: &[Value<'a>],
        at: Position,
    ) -> Answer<'a> {
        let wrong_type = || failure(FailureKind::WrongType, at);
        match (function, arguments) {
            (Function::Size, [of]) => self.size(of, at),
            (Function::Dyn, [of]) => Ok(of.clone()),
            (Function::Type, [of]) => Ok(Value::Type(of.type_name())),
            (Function::Contains, [Value::Text(of), Value::Text(part)]) => {
                self.spend(of.len() / 32, at)?;
                Ok(Value::Bool(
                    memchr::memmem::find(of.as_bytes(), part.as_bytes()).is_some(),
                ))
            }
            (Function::StartsWith, [Value::Text(of), Value::Text(part)]) => {
                Ok(Value::Bool(of.starts_with(&**part)))
            }
            (Function::EndsWith, [Value::Text(of), Value::Text(part)]) => {
                Ok(Value::Bool(of.ends_with(&**part)))
            }
            (Function::LowerAscii, [Value::Text(of)]) => {
                self.spend(of.len() / 16, at)?;
                Ok(Value::made(of.to_ascii_lowercase()))
            }
            (Function::UpperAscii, [Value::Text(of)]) => {
                self.spend(of.len() / 16, at)?;
                Ok(Value::made(of.to_ascii_uppercase()))
            }
            (Function::Trim, [Value::Text(of)]) => {
                self.spend(of.len() / 16, at)?;
                Ok(match of {
                    Text::Kept(of) => Value::Text(Text::Kept(of.trim())),
                    Text::Made(of) => Value::made(of.trim()),
                })
            }
            (Function::Join, [Value::List(items)]) => self.join(items, "", at),
            (Function::Join, [Value::List(items), Value::Text(between)]) => {
                self.join(items, between, at)
            }
            (Function::Split, [Value::Text(of), Value::Text(between)]) => {
                self.split(of, between, at)
            }
            (Function::Timestamp | Function::Duration | Function::Calendar(_), _) => {
                of_times(function, arguments, at)
            }
            (
                Function::Bool
                | Function::Int
                | Function::UInt
                | Function::Double
                | Function::String,
                [of],
            ) => convert(function, of, at)?.ok_or_else(|| failure(FailureKind::WrongValue, at)),
            _ => Err(wrong_type()),
        }
    }

    fn size(&mut self, of: &Value<'a>, at: Position) -> Answer<'a> {
        let size = if let Value::Text(text) = of {
            self.spend(text.len() / 64, at)?;
            text.chars().count()
        } else if let Value::Map(map) = of {
            self.spend_lookup(map, at)?;
            map.len()
        } else if let Value::List(items) = of {
            items.len()
        } else {
            return Err(failure(FailureKind::WrongType, at));
        };
        let size = i64::try_from(size).map_err(|_| failure(FailureKind::WrongValue, at))?;
        Ok(Value::Int(size))
    }

    fn join(&mut self, items: &List<'a>, between: &str, at: Position) -> Answer<'a> {
        let mut joined = String::new();
        for place in 0..items.len() {
            let Some(Value::Text(item)) = items.get(place) else {
                return Err(failure(FailureKind::WrongType, at));
            };
            self.spend(1 + (item.len() + between.len()) / 16, at)?;
            if place > 0 {
                joined.push_str(between);
            }
            joined.push_str(&item);
            if joined.len() > LONGEST_TEXT_BYTES {
                return Err(failure(FailureKind::TooCostly, at));
            }
        }
        Ok(Value::made(joined))
    }

    fn split(&mut self, of: &str, between: &str, at: Position) -> Answer<'a> {
        self.spend(of.len() / 16, at)?;
        let mut parts: Vec<Value<'a>> = Vec::new();
        for part in of.split(between) {
            self.spend(2, at)?;
            parts.push(Value::made(part));
        }
        Ok(Value::List(List::Made(Rc::from(parts))))
    }
}

fn of_times<'a>(function: Function, arguments: &[Value<'a>], at: Position) -> Answer<'a> {
    let value = match (function, arguments) {
        (Function::Timestamp, [Value::Text(text)]) => time::time_of(text).map(Value::Time),
        (Function::Timestamp, [Value::Int(seconds)]) => {
            jiff::Timestamp::from_second(*seconds).ok().map(Value::Time)
        }
        (Function::Timestamp, [Value::Time(time)]) => Some(Value::Time(*time)),
        (Function::Duration, [Value::Text(text)]) => time::span_of(text).map(Value::Span),
        (Function::Duration, [Value::Span(span)]) => Some(Value::Span(*span)),
        (Function::Calendar(part), [Value::Time(time)]) => {
            time::of_time(part, *time, None).map(Value::Int)
        }
        (Function::Calendar(part), [Value::Time(time), Value::Text(zone)]) => {
            time::of_time(part, *time, Some(zone)).map(Value::Int)
        }
        (Function::Calendar(part), [Value::Span(span)]) => {
            time::of_span(part, *span).map(Value::Int)
        }
        _ => return Err(failure(FailureKind::WrongType, at)),
    };
    value.ok_or_else(|| failure(FailureKind::WrongValue, at))
}

/// `None` for a value of the right type that can't be converted.
fn convert<'a>(
    function: Function,
    of: &Value<'a>,
    at: Position,
) -> Result<Option<Value<'a>>, Failure> {
    let wrong_type = failure(FailureKind::WrongType, at);
    Ok(match (function, of) {
        (Function::Bool, Value::Bool(flag)) => Some(Value::Bool(*flag)),
        (Function::Bool, Value::Text(text)) => match &**text {
            "true" | "True" | "TRUE" | "t" | "1" => Some(Value::Bool(true)),
            "false" | "False" | "FALSE" | "f" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        (Function::Int, Value::Int(number)) => Some(Value::Int(*number)),
        (Function::Int, Value::UInt(number)) => i64::try_from(*number).ok().map(Value::Int),
        (Function::Int, Value::Double(number)) => whole(*number)
            .and_then(|number| i64::try_from(number).ok())
            .map(Value::Int),
        (Function::Int, Value::Text(text)) => text.parse().ok().map(Value::Int),
        (Function::Int, Value::Time(time)) => Some(Value::Int(time.as_second())),
        (Function::UInt, Value::UInt(number)) => Some(Value::UInt(*number)),
        (Function::UInt, Value::Int(number)) => u64::try_from(*number).ok().map(Value::UInt),
        (Function::UInt, Value::Double(number)) => whole(*number)
            .and_then(|number| u64::try_from(number).ok())
            .map(Value::UInt),
        (Function::UInt, Value::Text(text)) => text.parse().ok().map(Value::UInt),
        (Function::Double, Value::Double(number)) => Some(Value::Double(*number)),
        #[allow(
            clippy::cast_precision_loss,
            reason = "this is what the conversion means"
        )]
        (Function::Double, Value::Int(number)) => Some(Value::Double(*number as f64)),
        #[allow(
            clippy::cast_precision_loss,
            reason = "this is what the conversion means"
        )]
        (Function::Double, Value::UInt(number)) => Some(Value::Double(*number as f64)),
        (Function::Double, Value::Text(text)) => text.parse().ok().map(Value::Double),
        (Function::String, Value::Text(text)) => Some(Value::Text(text.clone())),
        (Function::String, of) => Some(Value::made(plain(of).ok_or(wrong_type)?)),
        _ => return Err(wrong_type),
    })
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "it saturates, and what does not fit 64 bits is refused by the caller"
)]
fn whole(number: f64) -> Option<i128> {
    number.is_finite().then(|| number.trunc() as i128)
}

/// A single value as text.
pub(super) fn plain(of: &Value<'_>) -> Option<String> {
    match of {
        Value::Text(text) => Some((**text).to_owned()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::Double(number) => Some(number.to_string()),
        Value::Time(time) => Some(time.to_string()),
        Value::Span(span) => Some(time::shown(*span)),
        Value::Type(name) => Some((*name).to_owned()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}
