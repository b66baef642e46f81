//! Text to tokens.

use super::{ExpressionError, Position};
use crate::expression::literal;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name, reserved words included.
    Name(String),
    Int(i64),
    /// 9223372036854775808: an integer only behind a minus.
    IntBehindMinus,
    UInt(u64),
    Double(f64),
    Text(String),
    /// An operator or a bracket.
    Sign(&'static str),
    /// Behind the last one.
    End,
}

/// A token and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) at: Position,
}

/// Longer ones first.
const SIGNS: [&str; 25] = [
    "&&", "||", "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", ".", ",", "?", ":", "+", "-",
    "*", "/", "%", "<", ">", "!", ";",
];

/// Walks over the text, and knows where it is.
pub(super) struct Lexer<'a> {
    rest: &'a str,
    at: Position,
}

impl<'a> Lexer<'a> {
    /// All tokens of `text`, [`Token::End`] last.
    pub(super) fn tokens(text: &'a str) -> Result<Vec<Placed>, ExpressionError> {
        let mut lexer = Self {
            rest: text,
            at: Position { line: 1, column: 1 },
        };
        let mut tokens = Vec::new();
        loop {
            lexer.skip_blanks();
            let at = lexer.at;
            let token = lexer.next(at)?;
            let is_end = token == Token::End;
            tokens.push(Placed { token, at });
            if is_end {
                return Ok(tokens);
            }
        }
    }

    /// Goes `length` bytes on.
    fn advance(&mut self, length: usize) -> &'a str {
        let (passed, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.rest = rest;
        for c in passed.chars() {
            if c == '\n' {
                self.at.line = self.at.line.saturating_add(1);
                self.at.column = 1;
            } else {
                self.at.column = self.at.column.saturating_add(1);
            }
        }
        passed
    }

    fn skip_blanks(&mut self) {
        loop {
            let text = self
                .rest
                .trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
            let mut length = self.rest.len() - text.len();
            if text.starts_with("//") {
                length += text.find('\n').unwrap_or(text.len());
            }
            if length == 0 {
                return;
            }
            self.advance(length);
        }
    }

    fn next(&mut self, at: Position) -> Result<Token, ExpressionError> {
        let Some(first) = self.rest.chars().next() else {
            return Ok(Token::End);
        };
        if let Some(quoted) = self.quoted(at)? {
            return Ok(quoted);
        }
        let second_is_digit = self.rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        if first.is_ascii_digit() || first == '.' && second_is_digit {
            return self.number(at);
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let length = length_while(self.rest, |c| c.is_ascii_alphanumeric() || c == '_');
            return Ok(Token::Name(self.advance(length).to_owned()));
        }
        match SIGNS.iter().find(|sign| self.rest.starts_with(**sign)) {
            Some(sign) => {
                self.advance(sign.len());
                Ok(Token::Sign(sign))
            }
            None => Err(unknown_character(first, at)),
        }
    }

    /// A text, with its prefix: `r` takes escapes as they are written, `b` makes bytes.
    fn quoted(&mut self, at: Position) -> Result<Option<Token>, ExpressionError> {
        let prefix = length_while(self.rest, |c| matches!(c, 'r' | 'R' | 'b' | 'B'));
        let Some((marks, behind)) = self.rest.split_at_checked(prefix) else {
            return Ok(None);
        };
        if prefix > 2 || !behind.starts_with(['"', '\'']) {
            return Ok(None);
        }
        if marks.contains(['b', 'B']) {
            return Err(ExpressionError::new(at, "there are no bytes here")
                .help("leave the `b` out: texts are compared with texts"));
        }
        let raw = !marks.is_empty();
        let (content, length) = literal::quoted(behind, raw).map_err(|wrong| wrong.at(at))?;
        self.advance(prefix + length);
        Ok(Some(Token::Text(content)))
    }

    fn number(&mut self, at: Position) -> Result<Token, ExpressionError> {
        let length = literal::number_length(self.rest);
        let written = self.advance(length);
        let follows = self.rest.chars().next();
        let token = literal::number(written);
        match token {
            Some(token) if !follows.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') => {
                Ok(token)
            }
            Some(_) | None => Err(ExpressionError::new(at, "this is no number, or too large")
                .help("texts stand in quotes; integers have 64 bits")),
        }
    }
}

fn length_while(text: &str, holds: impl Fn(char) -> bool) -> usize {
    text.find(|c| !holds(c)).unwrap_or(text.len())
}

fn unknown_character(c: char, at: Position) -> ExpressionError {
    let error = ExpressionError::new(at, format!("`{}` means nothing here", c.escape_debug()));
    match c {
        '=' => error.help("write == to compare"),
        '&' => error.help("write && for `and`"),
        '|' => error.help("write || for `or`"),
        '`' => error.help("texts stand in \"double\" or 'single' quotes"),
        _ => error,
    }
}
