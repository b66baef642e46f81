//! What an expression says, part by part, for comparing it with another.

use std::collections::BTreeSet;

use super::parse::parse;
use super::syntax::{Expr, Says};

/// Parts of an expression of which one must hold, each spelt in one way, whatever spaces, quotes
/// and brackets it was written with.
pub type Clause = BTreeSet<String>;

/// The spelling of what never holds.
pub const NEVER: &str = "false";
/// The spelling of what always holds.
pub const ALWAYS: &str = "true";

/// The clauses of an expression, which must all hold; `None` where the text is none.
#[must_use]
pub fn clauses(text: &str) -> Option<Vec<Clause>> {
    let mut clauses = Vec::new();
    gather(&parse(text).ok()?, &mut clauses);
    Some(clauses)
}

fn gather(expr: &Expr, clauses: &mut Vec<Clause>) {
    if let Says::All(parts) = &expr.says {
        parts.iter().for_each(|part| gather(part, clauses));
        return;
    }
    let mut clause = Clause::new();
    choices(expr, &mut clause);
    clauses.push(clause);
}

fn choices(expr: &Expr, clause: &mut Clause) {
    if let Says::Any(parts) = &expr.says {
        parts.iter().for_each(|part| choices(part, clause));
    } else {
        clause.insert(spelt(expr));
    }
}

fn spelt(expr: &Expr) -> String {
    match &expr.says {
        Says::Null => "null".to_owned(),
        Says::Bool(true) => ALWAYS.to_owned(),
        Says::Bool(false) => NEVER.to_owned(),
        Says::Int(number) => number.to_string(),
        Says::UInt(number) => format!("{number}u"),
        Says::Double(number) => format!("{number:?}"),
        Says::Text(text) => format!("{text:?}"),
        Says::Name(name) => name.clone(),
        Says::Member(of, name) => format!("{}.{name}", spelt(of)),
        Says::Index(pair) => {
            let [of, at] = &**pair;
            format!("{}[{}]", spelt(of), spelt(at))
        }
        Says::Call(name, arguments) => format!("{name}({})", listed(arguments)),
        Says::Method(of, name, arguments) => {
            format!("{}.{name}({})", spelt(of), listed(arguments))
        }
        Says::List(items) => format!("[{}]", listed(items)),
        Says::Map(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, value)| format!("{}: {}", spelt(key), spelt(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Says::Not(of) => format!("!({})", spelt(of)),
        Says::Negate(of) => format!("-({})", spelt(of)),
        Says::All(parts) => format!("all({})", listed(parts)),
        Says::Any(parts) => format!("any({})", listed(parts)),
        Says::Binary(operator, pair) => {
            let [left, right] = &**pair;
            format!("({} {} {})", spelt(left), operator.as_str(), spelt(right))
        }
        Says::If(parts) => {
            let [condition, yes, no] = &**parts;
            format!("({} ? {} : {})", spelt(condition), spelt(yes), spelt(no))
        }
    }
}

fn listed(parts: &[Expr]) -> String {
    parts.iter().map(spelt).collect::<Vec<_>>().join(", ")
}
