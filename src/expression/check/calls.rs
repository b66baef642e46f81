//! Functions and methods.

use super::{Checker, Meant, folded};
use crate::document::nearest;
use crate::expression::function::{MACROS, SIGNATURES, Signature, Style};
use crate::expression::node::{Node, What};
use crate::expression::pattern::Pattern;
use crate::expression::shape::Shape;
use crate::expression::syntax::{Expr, Says};
use crate::expression::{ExpressionError, Position};

impl Checker {
    pub(super) fn call(&mut self, at: Position, name: &str, arguments: &[Expr]) -> Meant {
        match (name, arguments) {
            ("has", [of]) => self.has(at, of),
            ("matches", [of, pattern]) => self.matches(at, of, pattern),
            _ => self.function(at, name, Style::Plain, arguments.iter()),
        }
    }

    pub(super) fn method(
        &mut self,
        at: Position,
        of: &Expr,
        name: &str,
        arguments: &[Expr],
    ) -> Meant {
        if let Some(found) = self.each(at, of, name, arguments) {
            return found;
        }
        match (name, arguments) {
            ("matches", [pattern]) => self.matches(at, of, pattern),
            _ => {
                let all = std::iter::once(of).chain(arguments);
                self.function(at, name, Style::Method, all)
            }
        }
    }

    /// `has(a.b)`: whether `a` has a `b`.
    fn has(&mut self, at: Position, of: &Expr) -> Meant {
        let (node, _) = self.expr(of)?;
        let What::Member(of, name) = node.what else {
            return Err(ExpressionError::new(at, "`has` asks for one member")
                .help("write has(session.identity.traits.role)"));
        };
        let what = What::Has(of, name);
        Ok((Node { at, what }, Shape::Bool))
    }

    /// The pattern must be written out: one that came from a request or a session would be
    /// chosen by a stranger.
    fn matches(&mut self, at: Position, of: &Expr, pattern: &Expr) -> Meant {
        let (node, shape) = self.expr(of)?;
        if !shape.fits(Shape::Text) {
            let message = format!(
                "`matches` looks at texts, and this is {}",
                shape.described()
            );
            return Err(ExpressionError::new(of.at, message));
        }
        let Says::Text(text) = &pattern.says else {
            let message = "the pattern of `matches` must be written out";
            return Err(ExpressionError::new(pattern.at, message)
                .help("write it in quotes: matches(\"^[a-z]+$\")"));
        };
        let Some(built) = Pattern::new(text) else {
            let message = "this is no regular expression, or too large a one";
            return Err(ExpressionError::new(pattern.at, message).help(
                "patterns are RE2-like: no look-around, no back-references; write them as r\"..\"",
            ));
        };
        let what = What::Matches(Box::new(node), Box::new(built));
        folded(Node { at, what }, Shape::Bool)
    }

    fn function<'e>(
        &mut self,
        at: Position,
        name: &str,
        style: Style,
        arguments: impl Iterator<Item = &'e Expr>,
    ) -> Meant {
        let named = || {
            let all = SIGNATURES.iter();
            all.filter(move |known| known.name == name && known.style == style)
        };
        if named().next().is_none() {
            return Err(unknown_function(name, style, at));
        }
        let mut nodes = Vec::new();
        let mut shapes = Vec::new();
        for argument in arguments {
            let (node, shape) = self.expr(argument)?;
            nodes.push(node);
            shapes.push(shape);
        }
        let fits = |known: &&Signature| {
            let pairs = known.takes.iter().zip(&shapes);
            known.takes.len() == shapes.len()
                && pairs.into_iter().all(|(wanted, shape)| shape.fits(*wanted))
        };
        let Some(found) = named().find(fits) else {
            return Err(wrong_arguments(name, named(), at));
        };
        let what = What::Call(found.function, nodes.into_boxed_slice());
        folded(Node { at, what }, found.gives)
    }
}

fn wrong_arguments<'s>(
    name: &str,
    known: impl Iterator<Item = &'s Signature>,
    at: Position,
) -> ExpressionError {
    let mut ways = Vec::new();
    for signature in known {
        let takes: Vec<&str> = signature
            .takes
            .iter()
            .map(|shape| shape.described())
            .collect();
        let way = match (signature.style, takes.split_first()) {
            (Style::Method, Some((first, []))) => format!("on {first}"),
            (Style::Method, Some((first, rest))) => format!("on {first} with {}", rest.join(", ")),
            (Style::Method, None) | (Style::Plain, _) => takes.join(", "),
        };
        ways.push(way);
    }
    ExpressionError::new(at, format!("`{name}` can't be used like this"))
        .help(format!("it takes {}", ways.join("; or ")))
}

fn unknown_function(name: &str, style: Style, at: Position) -> ExpressionError {
    let error = ExpressionError::new(at, format!("there is no function `{name}`"));
    let same = |known: &str| known == name;
    if SIGNATURES.iter().any(|known| same(known.name)) || MACROS.iter().any(|known| same(known)) {
        return match style {
            Style::Plain => error.help(format!("write it behind a value: x.{name}(..)")),
            Style::Method => error.help(format!("write it before a value: {name}(x)")),
        };
    }
    let names = SIGNATURES.iter().map(|known| known.name).chain(MACROS);
    match nearest(name, names) {
        Some(meant) => error.help(format!("did you mean `{meant}`?")),
        None => error.help("docs/conditions.md lists the functions"),
    }
}
