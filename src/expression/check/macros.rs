//! Macros that look at each item.

use super::{Checker, DEEPEST_MACROS, Meant};
use crate::expression::function::TYPES;
use crate::expression::node::{Each, How, Node, What};
use crate::expression::shape::Shape;
use crate::expression::syntax::{Expr, Says};
use crate::expression::{ExpressionError, Position};

impl Checker {
    /// `of.exists(x, test)` and the like; `None` for other methods.
    pub(super) fn each(
        &mut self,
        at: Position,
        of: &Expr,
        name: &str,
        arguments: &[Expr],
    ) -> Option<Meant> {
        let (how, variable, test, yields) = match (name, arguments) {
            ("all", [variable, test]) => (How::All, variable, Some(test), None),
            ("exists", [variable, test]) => (How::Exists, variable, Some(test), None),
            ("exists_one" | "existsOne", [variable, test]) => {
                (How::ExistsOne, variable, Some(test), None)
            }
            ("filter", [variable, test]) => (How::Collect, variable, Some(test), None),
            ("map", [variable, yields]) => (How::Collect, variable, None, Some(yields)),
            ("map", [variable, test, yields]) => (How::Collect, variable, Some(test), Some(yields)),
            ("all" | "exists" | "exists_one" | "existsOne" | "filter" | "map", _) => {
                let message = format!("`{name}` takes a variable and what it is asked");
                let help = format!("write list.{name}(x, x == \"..\")");
                return Some(Err(ExpressionError::new(at, message).help(help)));
            }
            _ => return None,
        };
        Some(self.macro_of(at, of, how, variable, test, yields))
    }

    fn macro_of(
        &mut self,
        at: Position,
        of: &Expr,
        how: How,
        variable: &Expr,
        test: Option<&Expr>,
        yields: Option<&Expr>,
    ) -> Meant {
        let (over, shape) = self.expr(of)?;
        let Some(item) = shape.item() else {
            let message = format!(
                "this looks at each item, and {} has none",
                shape.described()
            );
            return Err(ExpressionError::new(at, message));
        };
        let name = self.variable(variable)?;
        if self.locals.len() >= DEEPEST_MACROS {
            let message = "too many macros within each other";
            return Err(ExpressionError::new(at, message).help(format!(
                "at most {DEEPEST_MACROS}: each multiplies the work"
            )));
        }
        let local = self.locals.len();
        self.locals.push((name, item));
        let test = test.map(|test| self.flag(test)).transpose();
        let yields = yields.map(|yields| self.expr(yields)).transpose();
        self.locals.pop();
        let (test, yields) = (test?, yields?);
        let shape = match (how, &yields) {
            (How::All | How::Exists | How::ExistsOne, _) => Shape::Bool,
            (How::Collect, Some((_, shape))) => shape.listed(),
            (How::Collect, None) => item.listed(),
        };
        let each = Each {
            how,
            over,
            local,
            test,
            yields: yields.map(|(node, _)| node),
        };
        let what = What::Each(Box::new(each));
        Ok((Node { at, what }, shape))
    }

    fn variable(&self, expr: &Expr) -> Result<String, ExpressionError> {
        let Says::Name(name) = &expr.says else {
            return Err(
                ExpressionError::new(expr.at, "here stands a name for the item")
                    .help("write list.exists(x, x == \"..\")"),
            );
        };
        let taken = ["session", "claims", "request", "now"].contains(&name.as_str())
            || TYPES.contains(&name.as_str())
            || self.locals.iter().any(|(local, _)| local == name);
        if taken {
            let message = format!("`{name}` has a meaning already");
            return Err(ExpressionError::new(expr.at, message).help("choose another name"));
        }
        Ok(name.clone())
    }
}
