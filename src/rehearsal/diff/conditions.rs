//! Whether one condition can hold where another does not, as far as their words tell.

use crate::expression::{ALWAYS, Clause, NEVER, clauses};

/// What rules ask together: each expression must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked<'a>(pub(super) Vec<&'a str>);

impl Asked<'_> {
    /// Whether `other` certainly holds where this does. Where the words don't show it, it may not.
    pub(super) fn implies(&self, other: &Self) -> bool {
        let (Some(known), Some(wanted)) = (self.clauses(), other.clauses()) else {
            return false;
        };
        let never = known.iter().any(|clause| is_only(clause, NEVER));
        never
            || wanted.iter().all(|wanted| {
                wanted.contains(ALWAYS) || known.iter().any(|known| known.is_subset(wanted))
            })
    }

    fn clauses(&self) -> Option<Vec<Clause>> {
        let texts = self.0.iter();
        let all: Option<Vec<_>> = texts.map(|text| clauses(text)).collect();
        all.map(|all| all.concat())
    }
}

fn is_only(clause: &Clause, part: &str) -> bool {
    clause.len() == 1 && clause.contains(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn implies(one: &str, other: &str) -> bool {
        Asked(vec![one]).implies(&Asked(vec![other]))
    }

    #[test]
    fn a_condition_implies_what_it_asks_among_others() {
        for (one, other, expected) in [
            ("a == 1", "a==1", true),
            ("a == 1 && b", "a == 1", true),
            ("b && a == 1", "a == 1 && b", true),
            ("a == 1", "a == 1 && b", false),
            ("a == 1", "a == 1 || b", true),
            ("a == 1 || b", "a == 1", false),
            ("a || b && c", "a", false),
            ("a && b || c", "a", false),
            ("(a || b) && c", "c", true),
            ("x == \"a && b\"", "x == \"a\"", false),
            ("a ? b : c && d", "d", false),
            ("false", "a", true),
            ("a", "true", true),
            ("x == 'a  b'", "x == 'a b'", false),
            ("\"x\" in y", "\"x\"in y", true),
            ("a", "b", false),
            ("(b && c) && a", "c", true),
            ("a", "(b || (a))", true),
            ("x == 'a'", "x == \"a\"", true),
            ("x == \"teller\" && b", "x==\"teller\"", true),
            ("x == r\"a && b\"", "x == \"a && b\"", true),
            ("x == r\"a && b\"", "b", false),
        ] {
            assert_eq!(implies(one, other), expected, "{one} => {other}");
        }
        assert!(Asked(vec!["a", "b"]).implies(&Asked(vec!["b"])));
        assert!(!Asked(Vec::new()).implies(&Asked(vec!["b"])));
        assert!(Asked(vec!["b"]).implies(&Asked(Vec::new())));
    }
}
