//! Expressions in documents: what is wrong with one is told at its place in the file.

use super::{ExpressionError, Kind, Program, Scope};
use crate::document::{Located, Place, Problem, Reading};

/// Reads the expression that stands at a place in a document; what is wrong with it goes to
/// `reading`.
pub fn compile_at(
    text: &Located<String>,
    kind: Kind,
    scope: Scope,
    reading: &mut Reading,
) -> Option<Program> {
    match Program::compile_in(&text.value, kind, scope) {
        Ok(program) => Some(program),
        Err(error) => {
            reading.problem(problem(&text.place, &text.value, &error));
            None
        }
    }
}

fn problem(place: &Place, text: &str, error: &ExpressionError) -> Problem {
    let message = match inside(place, text, error) {
        Some(_) => error.message.clone(),
        None => format!(
            "{} (line {}, column {} of the expression)",
            error.message, error.position.line, error.position.column
        ),
    };
    let at = inside(place, text, error);
    Problem::at(at.as_ref().unwrap_or(place), "invalid_expression", message)
        .maybe_help(error.help.clone())
}

/// The place within the expression, where its line stands in the file as it was read: with YAML's
/// escapes and folded lines it does not.
fn inside(place: &Place, text: &str, error: &ExpressionError) -> Option<Place> {
    let line = text.lines().next().filter(|_| error.position.line == 1)?;
    let start = usize::try_from(place.column()).ok()?.checked_sub(1)?;
    let written: String = place.excerpt()?.chars().skip(start).collect();
    let quote = u32::from(written.starts_with(['"', '\'']));
    let written = written.get(usize::try_from(quote).ok()?..)?;
    if !written.starts_with(line) {
        return None;
    }
    let column = place.column() + quote + u32::from(error.position.column) - 1;
    Some(Place::new(place.source(), place.line(), column, 1))
}
