//! The way into the interpreter, and out of it.

use std::sync::Arc;

use rsjsonnet_lang::arena::Arena;
use rsjsonnet_lang::interner::InternedStr;
use rsjsonnet_lang::program::{
    Callbacks, EvalError, EvalErrorKind, EvalStackTraceItem, ImportError, NativeError, Program,
    Thunk, Value as JsonnetValue,
};
use rsjsonnet_lang::span::{SpanContextId, SpanId};
use serde_json::Value;

use super::failure::{explained, place_of_item, place_of_kind};
use super::flaw::Flaw;
use super::snippet::{EvaluationError, Inputs};

/// How deep calls of a program may nest.
const MAX_CALL_DEPTH: usize = 400;
/// The longest text that a program may give.
const MAX_RESULT_BYTES: usize = 1024 * 1024;

/// Nothing is imported and nothing native is called; `std.trace` is not heard, because what it
/// says may be somebody's data.
struct Alone;

impl<'p> Callbacks<'p> for Alone {
    fn import(
        &mut self,
        _program: &mut Program<'p>,
        _from: SpanId,
        _path: &str,
    ) -> Result<Thunk<'p>, ImportError> {
        Err(ImportError)
    }

    fn import_str(
        &mut self,
        _program: &mut Program<'p>,
        _from: SpanId,
        _path: &str,
    ) -> Result<String, ImportError> {
        Err(ImportError)
    }

    fn import_bin(
        &mut self,
        _program: &mut Program<'p>,
        _from: SpanId,
        _path: &str,
    ) -> Result<Vec<u8>, ImportError> {
        Err(ImportError)
    }

    fn trace(&mut self, _program: &mut Program<'p>, _said: &str, _stack: &[EvalStackTraceItem]) {}

    fn native_call(
        &mut self,
        _program: &mut Program<'p>,
        _name: InternedStr<'p>,
        _arguments: &[JsonnetValue<'p>],
    ) -> Result<JsonnetValue<'p>, NativeError> {
        Err(NativeError)
    }
}

/// A program on its way through the interpreter.
struct Run<'p, 's> {
    program: Program<'p>,
    context: SpanContextId,
    name: &'s str,
    source: &'s str,
}

impl<'p, 's> Run<'p, 's> {
    fn new(arena: &'p Arena, name: &'s str, source: &'s str) -> Self {
        let mut program = Program::new(arena);
        program.set_max_stack(MAX_CALL_DEPTH);
        let spans = program.span_manager_mut();
        let (context, _) = spans.insert_source_context(source.len());
        Self {
            program,
            context,
            name,
            source,
        }
    }

    fn load(&mut self) -> Result<Thunk<'p>, Flaw> {
        let bytes = self.source.as_bytes();
        let loaded = self
            .program
            .load_source(self.context, bytes, true, self.name);
        loaded.map_err(|error| Flaw::of(self.source, self.program.span_manager(), &error))
    }

    fn evaluate(&mut self, inputs: &Inputs) -> Result<String, EvaluationError> {
        for (name, value) in &inputs.variables {
            let value = self.value_of(value);
            let thunk = self.program.value_to_thunk(&value);
            let name = self.program.intern_str(name);
            self.program.add_ext_var(name, &thunk);
        }
        let faulty = |name: &str, flaw| EvaluationError::Faulty {
            name: Arc::from(name),
            flaw,
        };
        let thunk = self.load().map_err(|flaw| faulty(self.name, flaw))?;
        let value = self.program.eval_value(&thunk, &mut Alone);
        let mut value = value.map_err(|error| self.failed(&error))?;
        if value.is_function() {
            let arguments: Vec<_> = inputs
                .arguments
                .iter()
                .map(|(name, value)| {
                    let value = self.value_of(value);
                    let thunk = self.program.value_to_thunk(&value);
                    (self.program.intern_str(name), thunk)
                })
                .collect();
            let function = self.program.value_to_thunk(&value);
            let called = self
                .program
                .eval_call(&function, &[], &arguments, &mut Alone);
            value = called.map_err(|error| self.failed(&error))?;
        }
        let written = self.program.manifest_json(&value, false);
        let written = written.map_err(|error| self.failed(&error))?;
        if written.len() > MAX_RESULT_BYTES {
            let flaw = Flaw::whole("the result is longer than 1 MiB");
            return Err(faulty(self.name, flaw));
        }
        Ok(written)
    }

    fn value_of(&mut self, value: &Value) -> JsonnetValue<'p> {
        match value {
            Value::Null => JsonnetValue::null(),
            Value::Bool(value) => JsonnetValue::bool(*value),
            // Jsonnet has but one kind of number.
            Value::Number(number) => JsonnetValue::number(number.as_f64().unwrap_or_default()),
            Value::String(text) => JsonnetValue::string(text),
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.value_of(item)).collect();
                self.program.make_array(&items)
            }
            Value::Object(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(name, value)| {
                        let value = self.value_of(value);
                        (self.program.intern_str(name), value)
                    })
                    .collect();
                self.program.make_object(&fields)
            }
        }
    }

    /// What went wrong, in the program's own words where it has some, and never with the values
    /// that it worked on.
    fn failed(&self, error: &EvalError) -> EvaluationError {
        let name = Arc::from(self.name);
        if let EvalErrorKind::ExplicitError { message, .. } = &error.kind {
            let message = message.clone();
            return EvaluationError::Refused { name, message };
        }
        if let EvalErrorKind::AssertFailed { message, .. } = &error.kind {
            let message = message.clone();
            let message = message.unwrap_or_else(|| "an assertion failed".to_owned());
            return EvaluationError::Refused { name, message };
        }
        let message = explained(&error.kind);
        let spans = self.program.span_manager();
        let calls = error.stack_trace.iter().rev().filter_map(place_of_item);
        let ours = place_of_kind(&error.kind)
            .into_iter()
            .chain(calls)
            .find(|span| spans.get_span(*span).0 == self.context);
        let flaw = match ours {
            Some(span) => Flaw::at(self.source, spans, span, message),
            None => Flaw::whole(message),
        };
        EvaluationError::Faulty { name, flaw }
    }
}

/// Sees that a program is well-formed.
pub(super) fn check(name: &str, source: &str) -> Result<(), Flaw> {
    let arena = Arena::new();
    Run::new(&arena, name, source).load().map(drop)
}

/// Evaluates a program.
pub(super) fn run(name: &str, source: &str, inputs: &Inputs) -> Result<Value, EvaluationError> {
    let arena = Arena::new();
    let written = Run::new(&arena, name, source).evaluate(inputs)?;
    serde_json::from_str(&written).map_err(|error| EvaluationError::Faulty {
        name: Arc::from(name),
        flaw: Flaw::whole(format!("the result cannot be read: {error}")),
    })
}
