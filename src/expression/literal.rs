//! Texts and numbers as they are written in expressions.

use super::token::Token;
use super::{ExpressionError, Position};

/// What is wrong with a text.
pub(super) struct WrongText(&'static str, &'static str);

impl WrongText {
    pub(super) fn at(self, at: Position) -> ExpressionError {
        ExpressionError::new(at, self.0).help(self.1)
    }
}

const OPEN: WrongText = WrongText(
    "this text has no end",
    "close it with the quote it began with",
);
const ESCAPE: WrongText = WrongText(
    "this text has an escape that means nothing",
    r#"write \\ for a backslash, or put an r before the quote: r"\d+""#,
);

/// The content of the quoted text that `text` begins with, and its length in bytes.
pub(super) fn quoted(text: &str, raw: bool) -> Result<(String, usize), WrongText> {
    let single = text.chars().next().unwrap_or('"');
    let triple = String::from(single).repeat(3);
    let (mark, is_long) = match text.starts_with(&triple) {
        true => (triple.as_str(), true),
        false => (text.get(..1).unwrap_or("\""), false),
    };
    let mut rest = text.get(mark.len()..).unwrap_or_default();
    let mut content = String::new();
    loop {
        if let Some(behind) = rest.strip_prefix(mark) {
            return Ok((content, text.len() - behind.len()));
        }
        let mut chars = rest.chars();
        match chars.next() {
            None => return Err(OPEN),
            Some('\n' | '\r') if !is_long => return Err(OPEN),
            Some('\\') if !raw => {
                let (c, behind) = escape(chars.as_str()).ok_or(ESCAPE)?;
                content.push(c);
                rest = behind;
            }
            Some(c) => {
                content.push(c);
                rest = chars.as_str();
            }
        }
    }
}

/// The character that the escape means, and what follows it; the backslash is gone already.
fn escape(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    let first = chars.next()?;
    let plain = match first {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' | '?' | '"' | '\'' | '`' => first,
        'x' | 'X' => return coded(chars.as_str(), 2, 16),
        'u' => return coded(chars.as_str(), 4, 16),
        'U' => return coded(chars.as_str(), 8, 16),
        '0'..='3' => return coded(text, 3, 8),
        _ => return None,
    };
    Some((plain, chars.as_str()))
}

fn coded(text: &str, digits: usize, radix: u32) -> Option<(char, &str)> {
    let (code, rest) = text.split_at_checked(digits)?;
    if !code.bytes().all(|byte| char::from(byte).is_digit(radix)) {
        return None;
    }
    let c = char::from_u32(u32::from_str_radix(code, radix).ok()?)?;
    Some((c, rest))
}

/// How many bytes of `text` belong to the number that it begins with.
pub(super) fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let is = |at: usize, set: &[u8]| bytes.get(at).is_some_and(|byte| set.contains(byte));
    if is(0, b"0") && is(1, b"xX") {
        let rest = bytes.get(2..).unwrap_or_default();
        let length = 2 + rest
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        return length + usize::from(is(length, b"uU"));
    }
    let mut length = digits(0);
    if is(length, b".") && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if is(length, b"eE") {
        let sign = usize::from(is(length + 1, b"+-"));
        if digits(length + 1 + sign) > 0 {
            length += 1 + sign + digits(length + 1 + sign);
        }
    }
    length + usize::from(is(length, b"uU"))
}

/// The number that is written so.
pub(super) fn number(written: &str) -> Option<Token> {
    let (digits, unsigned) = match written.strip_suffix(['u', 'U']) {
        Some(digits) => (digits, true),
        None => (written, false),
    };
    let hex = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"));
    if !unsigned && hex.is_none() && digits.contains(['.', 'e', 'E']) {
        let double: f64 = digits.parse().ok()?;
        return double.is_finite().then_some(Token::Double(double));
    }
    let value = match hex {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    if unsigned {
        return Some(Token::UInt(value));
    }
    match i64::try_from(value) {
        Ok(value) => Some(Token::Int(value)),
        Err(_) if value == i64::MIN.unsigned_abs() => Some(Token::IntBehindMinus),
        Err(_) => None,
    }
}
