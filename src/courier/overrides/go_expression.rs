//! Expressions of Go's templates: fields, literals, pipelines and the functions that mails use.

/// A piece of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A function or keyword.
    Name(String),
    /// A field or variable, as Jinja writes it: `dot.To`, `root.Identity`, `var_x`.
    Place(String),
    /// A variable alone: it may be assigned to.
    Variable(String),
    /// A string.
    Text(String),
    /// A number, as written.
    Number(String),
    Pipe,
    Assign,
    LeftParen,
    RightParen,
}

/// Splits an action.
pub(super) fn lex(body: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = body.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '|' => (Token::Pipe, skip(rest, 1)),
            '(' => (Token::LeftParen, skip(rest, 1)),
            ')' => (Token::RightParen, skip(rest, 1)),
            ':' | '=' => {
                let after = rest.strip_prefix(":=").or_else(|| rest.strip_prefix('='));
                (Token::Assign, after.ok_or("`:` stands alone")?)
            }
            '"' => quoted(rest)?,
            '`' => {
                let raw = skip(rest, 1)
                    .split_once('`')
                    .ok_or("a string is never closed")?;
                (Token::Text(raw.0.to_owned()), raw.1)
            }
            '.' | '$' => place(rest)?,
            c if c.is_ascii_digit() || c == '-' => {
                let end = |c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-'));
                let (number, after) = split_where(rest, end);
                (Token::Number(number.to_owned()), after)
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let end = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
                let (name, after) = split_where(rest, end);
                (Token::Name(name.to_owned()), after)
            }
            other => return Err(format!("`{other}` is not taken here")),
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn skip(text: &str, bytes: usize) -> &str {
    text.split_at_checked(bytes).map_or("", |(_, rest)| rest)
}

fn split_where(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    let at = text.find(end).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

fn quoted(rest: &str) -> Result<(Token, &str), String> {
    let mut text = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((Token::Text(text), skip(rest, at + 1))),
            '\\' => match letters.next().map(|(_, letter)| letter) {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(other @ ('"' | '\\')) => text.push(other),
                Some(_) | None => return Err("an escape in a string is not taken".to_owned()),
            },
            other => text.push(other),
        }
    }
    Err("a string is never closed".to_owned())
}

/// `.A.B`, `$.A`, `$name.A`
fn place(rest: &str) -> Result<(Token, &str), String> {
    let end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$'));
    let (written, after) = split_where(rest, end);
    let (base, path) = match written.strip_prefix('$') {
        None => ("dot".to_owned(), written),
        Some(named) => {
            let (name, path) = split_where(named, |c| c == '.');
            let base = match name {
                "" => "root".to_owned(),
                name => format!("var_{name}"),
            };
            (base, path)
        }
    };
    let path = path.strip_suffix('.').unwrap_or(path);
    if path.contains("..") || path.contains('$') {
        return Err(format!("`{written}` is no field"));
    }
    let is_variable = path.is_empty() && base.starts_with("var_");
    let token = if is_variable {
        Token::Variable(base)
    } else {
        Token::Place(format!("{base}{path}"))
    };
    Ok((token, after))
}

/// An expression as Jinja writes it.
pub(super) fn expression(tokens: &[Token]) -> Result<String, String> {
    let mut rest = tokens;
    let made = pipeline(&mut rest)?;
    if rest.is_empty() {
        Ok(made)
    } else {
        Err("a parenthesis is closed that was not opened".to_owned())
    }
}

fn pipeline(rest: &mut &[Token]) -> Result<String, String> {
    let mut value = command(rest, None)?;
    while let [Token::Pipe, after @ ..] = rest {
        *rest = after;
        value = command(rest, Some(value))?;
    }
    Ok(value)
}

/// A value, or a function with what it is given; what comes through a pipe comes last.
fn command(rest: &mut &[Token], piped: Option<String>) -> Result<String, String> {
    let function = match rest {
        [Token::Name(name), after @ ..] if literal(name).is_none() => {
            *rest = after;
            Some(name.clone())
        }
        _ => None,
    };
    let mut given = Vec::new();
    while let Some(value) = operand(rest)? {
        given.push(value);
    }
    if function.is_none() && piped.is_some() {
        return Err("`|` must lead to a function".to_owned());
    }
    given.extend(piped);
    match (function, given.as_slice()) {
        (Some(name), given) => call(&name, given),
        (None, [value]) => Ok(value.clone()),
        (None, []) => Err("a value is missing".to_owned()),
        (None, _) => Err("a value is no function".to_owned()),
    }
}

fn literal(name: &str) -> Option<&'static str> {
    match name {
        "true" => Some("true"),
        "false" => Some("false"),
        "nil" => Some("none"),
        _ => None,
    }
}

fn operand(rest: &mut &[Token]) -> Result<Option<String>, String> {
    let [first, after @ ..] = rest else {
        return Ok(None);
    };
    let value = match first {
        Token::Place(text) | Token::Variable(text) | Token::Number(text) => text.clone(),
        // JSON's strings are Jinja's.
        Token::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        Token::Name(name) => match literal(name) {
            Some(literal) => literal.to_owned(),
            None => return Err(format!("`{name}` must stand first or in parentheses")),
        },
        Token::LeftParen => {
            *rest = after;
            let inner = pipeline(rest)?;
            let [Token::RightParen, after @ ..] = rest else {
                return Err("a parenthesis is never closed".to_owned());
            };
            *rest = after;
            return Ok(Some(format!("({inner})")));
        }
        Token::Assign => return Err("`:=` is not taken here".to_owned()),
        Token::Pipe | Token::RightParen => return Ok(None),
    };
    *rest = after;
    Ok(Some(value))
}

fn call(name: &str, given: &[String]) -> Result<String, String> {
    let wrong = || Err(format!("`{name}` is given too much or too little"));
    let compared = |sign: &str| match given {
        [a, b] => Ok(format!("({a} {sign} {b})")),
        _ => wrong(),
    };
    let joined = |word: &str| match given {
        [] => wrong(),
        given => Ok(format!("({})", given.join(&format!(" {word} ")))),
    };
    let filtered = |filter: &str| match given {
        [value] => Ok(format!("({value}|{filter})")),
        _ => wrong(),
    };
    match name {
        "eq" => match given {
            [value, others @ ..] if !others.is_empty() => {
                let one = |other: &String| format!("{value} == {other}");
                let all: Vec<String> = others.iter().map(one).collect();
                Ok(format!("({})", all.join(" or ")))
            }
            _ => wrong(),
        },
        "ne" => compared("!="),
        "lt" => compared("<"),
        "le" => compared("<="),
        "gt" => compared(">"),
        "ge" => compared(">="),
        "and" => joined("and"),
        "or" => joined("or"),
        "not" => match given {
            [value] => Ok(format!("(not {value})")),
            _ => wrong(),
        },
        "index" => match given {
            [value, keys @ ..] if !keys.is_empty() => {
                let keys: String = keys.iter().map(|key| format!("[{key}]")).collect();
                Ok(format!("{value}{keys}"))
            }
            _ => wrong(),
        },
        "default" => match given {
            [default, value] => Ok(format!("({value} or {default})")),
            _ => wrong(),
        },
        "len" => filtered("length"),
        "upper" | "lower" | "title" | "trim" | "first" | "last" => filtered(name),
        "toString" | "print" => filtered("string"),
        "html" => filtered("escape"),
        other => Err(format!(
            "`{other}` is not among the functions that are known here"
        )),
    }
}
