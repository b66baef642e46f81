//! Tokens to what they say. By hand: an expression nests only so deep, so neither reading nor
//! asking one can exhaust the stack, and an error knows its column.

use super::syntax::{Expr, Operator, Says};
use super::token::{Lexer, Placed, Token};
use super::{ExpressionError, Position};

/// Deepest nesting of an expression; each operator of a chain such as `a + b + c` counts.
const DEEPEST: u16 = 40;
/// Words that CEL keeps for itself.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

type Parsed = Result<Expr, ExpressionError>;

/// Reads a whole text.
pub(super) fn parse(text: &str) -> Parsed {
    let tokens = Lexer::tokens(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        depth: 0,
    };
    let expr = parser.expression()?;
    match *parser.peek() == Token::End {
        true => Ok(expr),
        false => Err(parser.unexpected("the end")),
    }
}

struct Parser<'a> {
    tokens: &'a [Placed],
    depth: u16,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens
            .first()
            .map_or(&Token::End, |first| &first.token)
    }

    fn at(&self) -> Position {
        let first = self.tokens.first();
        first.map_or(Position { line: 1, column: 1 }, |first| first.at)
    }

    fn advance(&mut self) {
        // The end stays.
        if let Some((_, rest)) = self.tokens.split_first()
            && !rest.is_empty()
        {
            self.tokens = rest;
        }
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(found) if *found == sign)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let there = self.is(sign);
        if there {
            self.advance();
        }
        there
    }

    fn expect(&mut self, sign: &str) -> Result<(), ExpressionError> {
        match self.takes(sign) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("`{sign}`"))),
        }
    }

    fn unexpected(&self, wanted: &str) -> ExpressionError {
        let found = match self.peek() {
            Token::Name(name) => format!("`{name}`"),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::Int(_) | Token::IntBehindMinus | Token::UInt(_) | Token::Double(_) => {
                "a number".to_owned()
            }
            Token::Text(_) => "a text".to_owned(),
            Token::End => "the end of the expression".to_owned(),
        };
        ExpressionError::new(self.at(), format!("expected {wanted}, found {found}"))
    }

    /// Goes one level down for `read`.
    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        self.descend(self.at())?;
        let expr = read(self);
        self.depth -= 1;
        expr
    }

    fn descend(&mut self, at: Position) -> Result<(), ExpressionError> {
        if self.depth >= DEEPEST {
            return Err(
                ExpressionError::new(at, "this is nested too deeply").help(format!(
                    "an expression has at most {DEEPEST} levels; split the rule"
                )),
            );
        }
        self.depth += 1;
        Ok(())
    }

    fn expression(&mut self) -> Parsed {
        self.deeper(Self::conditional)
    }

    fn conditional(&mut self) -> Parsed {
        let test = self.any()?;
        let at = self.at();
        if !self.takes("?") {
            return Ok(test);
        }
        let then = self.deeper(Self::any)?;
        self.expect(":")?;
        let otherwise = self.expression()?;
        let says = Says::If(Box::new([test, then, otherwise]));
        Ok(Expr { at, says })
    }

    fn any(&mut self) -> Parsed {
        self.joined("||", Says::Any, Self::all)
    }

    fn all(&mut self) -> Parsed {
        self.joined("&&", Says::All, |parser| parser.chain(0))
    }

    fn joined(
        &mut self,
        sign: &str,
        says: fn(Vec<Expr>) -> Says,
        part: fn(&mut Self) -> Parsed,
    ) -> Parsed {
        let first = part(self)?;
        if !self.is(sign) {
            return Ok(first);
        }
        let at = first.at;
        let mut parts = vec![first];
        while self.takes(sign) {
            parts.push(part(self)?);
        }
        Ok(Expr {
            at,
            says: says(parts),
        })
    }

    /// Binary operators, those that bind loosest first.
    fn chain(&mut self, level: usize) -> Parsed {
        if level > 2 {
            return self.unary();
        }
        let mut left = self.chain(level + 1)?;
        let before = self.depth;
        while let Some(operator) = self.operator(level) {
            let at = self.at();
            self.descend(at)?;
            self.advance();
            let right = self.chain(level + 1)?;
            let says = Says::Binary(operator, Box::new([left, right]));
            left = Expr { at, says };
        }
        self.depth = before;
        Ok(left)
    }

    fn operator(&self, level: usize) -> Option<Operator> {
        let is_in = matches!(self.peek(), Token::Name(name) if name == "in");
        let sign = match self.peek() {
            Token::Sign(sign) => *sign,
            Token::Name(_) if is_in => "in",
            Token::Name(_)
            | Token::Int(_)
            | Token::IntBehindMinus
            | Token::UInt(_)
            | Token::Double(_)
            | Token::Text(_)
            | Token::End => return None,
        };
        let operators: &[Operator] = match level {
            0 => &[
                Operator::Equal,
                Operator::NotEqual,
                Operator::LessOrEqual,
                Operator::GreaterOrEqual,
                Operator::Less,
                Operator::Greater,
                Operator::In,
            ],
            1 => &[Operator::Add, Operator::Subtract],
            _ => &[Operator::Multiply, Operator::Divide, Operator::Remainder],
        };
        operators
            .iter()
            .copied()
            .find(|known| known.as_str() == sign)
    }

    fn unary(&mut self) -> Parsed {
        let at = self.at();
        if self.takes("!") {
            let inner = self.deeper(Self::unary)?;
            let says = Says::Not(Box::new(inner));
            return Ok(Expr { at, says });
        }
        if !self.takes("-") {
            return self.with_members();
        }
        // A minus belongs to the number behind it, so that the least integer can be written.
        let number = match self.peek() {
            Token::Int(value) => Some(Says::Int(value.wrapping_neg())),
            Token::IntBehindMinus => Some(Says::Int(i64::MIN)),
            Token::Double(value) => Some(Says::Double(-value)),
            Token::Name(_) | Token::UInt(_) | Token::Text(_) | Token::Sign(_) | Token::End => None,
        };
        if let Some(says) = number {
            self.advance();
            return self.members_of(Expr { at, says });
        }
        let inner = self.deeper(Self::unary)?;
        let says = Says::Negate(Box::new(inner));
        Ok(Expr { at, says })
    }

    fn with_members(&mut self) -> Parsed {
        let primary = self.primary()?;
        self.members_of(primary)
    }

    fn members_of(&mut self, mut expr: Expr) -> Parsed {
        let before = self.depth;
        loop {
            let at = self.at();
            let says = if self.takes(".") {
                self.descend(at)?;
                let name_at = self.at();
                let name = self.name()?;
                let says = match self.takes("(") {
                    true => Says::Method(Box::new(expr), name, self.list(")")?),
                    false => Says::Member(Box::new(expr), name),
                };
                expr = Expr { at: name_at, says };
                continue;
            } else if self.takes("[") {
                self.descend(at)?;
                let index = self.expression()?;
                self.expect("]")?;
                Says::Index(Box::new([expr, index]))
            } else {
                self.depth = before;
                return Ok(expr);
            };
            expr = Expr { at, says };
        }
    }

    fn name(&mut self) -> Result<String, ExpressionError> {
        let Token::Name(name) = self.peek() else {
            return Err(self.unexpected("a name"));
        };
        let name = name.clone();
        self.advance();
        Ok(name)
    }

    fn primary(&mut self) -> Parsed {
        let at = self.at();
        let says = match self.peek().clone() {
            Token::Int(value) => Says::Int(value),
            Token::UInt(value) => Says::UInt(value),
            Token::Double(value) => Says::Double(value),
            Token::Text(text) => Says::Text(text),
            Token::Name(name) => return self.named(name, at),
            Token::Sign("(") => {
                self.advance();
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Token::Sign("[") => {
                self.advance();
                let says = Says::List(self.list("]")?);
                return Ok(Expr { at, says });
            }
            Token::Sign("{") => {
                self.advance();
                let says = Says::Map(self.entries()?);
                return Ok(Expr { at, says });
            }
            Token::IntBehindMinus => {
                return Err(ExpressionError::new(at, "this number is too large")
                    .help("integers have 64 bits"));
            }
            Token::Sign(_) | Token::End => return Err(self.unexpected("a value")),
        };
        self.advance();
        Ok(Expr { at, says })
    }

    fn named(&mut self, name: String, at: Position) -> Parsed {
        let says = match name.as_str() {
            "true" => Says::Bool(true),
            "false" => Says::Bool(false),
            "null" => Says::Null,
            "in" => return Err(self.unexpected("a value")),
            word if RESERVED.contains(&word) => {
                let message = format!("`{word}` is a word that CEL keeps for itself");
                return Err(ExpressionError::new(at, message));
            }
            _ => {
                self.advance();
                let says = match self.takes("(") {
                    true => Says::Call(name, self.list(")")?),
                    false => Says::Name(name),
                };
                return Ok(Expr { at, says });
            }
        };
        self.advance();
        Ok(Expr { at, says })
    }

    /// Expressions up to `close`; a comma may stand behind the last.
    fn list(&mut self, close: &str) -> Result<Vec<Expr>, ExpressionError> {
        let mut items = Vec::new();
        while !self.takes(close) {
            items.push(self.expression()?);
            if !self.takes(",") && !self.is(close) {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
        Ok(items)
    }

    fn entries(&mut self) -> Result<Vec<(Expr, Expr)>, ExpressionError> {
        let mut entries = Vec::new();
        while !self.takes("}") {
            let key = self.expression()?;
            self.expect(":")?;
            entries.push((key, self.expression()?));
            if !self.takes(",") && !self.is("}") {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
        Ok(entries)
    }
}
