//! Go's template language, as far as mails use it, to minijinja. Lines stay where they are, so that
//! a flaw is told with the line that the operator wrote.

use super::TemplateFlaw;
use super::go_expression::{Token, expression, lex};

/// What is open and waits for its `end`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    If,
    Range,
    With,
    /// A `with` whose `else` was seen.
    WithElse,
    Define,
}

/// Translates a template.
pub(super) fn to_jinja(source: &str) -> Result<String, TemplateFlaw> {
    let mut out = String::with_capacity(source.len());
    let mut open = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some((text, after)) = rest.split_once("{{") {
        push_text(&mut out, text);
        line += newlines(text);
        let at = |message: String| TemplateFlaw { line, message };
        let (action, next) = after
            .split_once("}}")
            .ok_or_else(|| at("`{{` is never closed".to_owned()))?;
        out.push_str(&translated(action, &mut open).map_err(at)?);
        line += newlines(action);
        rest = next;
    }
    push_text(&mut out, rest);
    if open.is_empty() {
        return Ok(out);
    }
    let message = "an `end` is missing".to_owned();
    Err(TemplateFlaw { line, message })
}

fn newlines(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

/// Text may hold what only Jinja takes for a mark, in a style sheet for instance.
fn push_text(out: &mut String, text: &str) {
    let text = text.replace("{%", "{{ '{%' }}").replace("{#", "{{ '{#' }}");
    out.push_str(&text);
}

fn translated(action: &str, open: &mut Vec<Open>) -> Result<String, String> {
    let (left, action_rest) = match action.strip_prefix('-') {
        Some(rest) if rest.starts_with(char::is_whitespace) => ("-", rest),
        Some(_) | None => ("", action),
    };
    let (right, body) = match action_rest.strip_suffix('-') {
        Some(rest) if rest.ends_with(char::is_whitespace) => ("-", rest),
        Some(_) | None => ("", action_rest),
    };
    let lines = body.matches('\n').count();
    let frame = Frame {
        left,
        right,
        kept: "\n".repeat(lines),
    };
    let body = body.trim();
    if body.starts_with("/*") {
        let Frame { left, right, kept } = frame;
        return Ok(format!("{{#{left}{kept}{right}#}}"));
    }
    let tokens = lex(body)?;
    let [first, others @ ..] = tokens.as_slice() else {
        return Err("there is nothing between `{{` and `}}`".to_owned());
    };
    let Token::Name(word) = first else {
        if let [Token::Variable(name), Token::Assign, value @ ..] = tokens.as_slice() {
            return Ok(frame.statement(&format!("set {name} = {}", expression(value)?)));
        }
        return Ok(frame.output(&expression(&tokens)?));
    };
    match branch(word, others, open, &frame)? {
        Some(text) => Ok(text),
        None => Ok(frame.output(&expression(&tokens)?)),
    }
}

/// What stands around an action: marks that trim blanks, and the lines that it covered, so that
/// problems keep their line.
struct Frame<'a> {
    left: &'a str,
    right: &'a str,
    kept: String,
}

impl Frame<'_> {
    fn statement(&self, text: &str) -> String {
        let Frame { left, right, kept } = self;
        format!("{{%{left} {text}{kept} {right}%}}")
    }

    fn output(&self, text: &str) -> String {
        let Frame { left, right, kept } = self;
        format!("{{{{{left} {text}{kept} {right}}}}}")
    }
}

/// An action that begins with a word of the language; `None` when it does not.
fn branch(
    word: &str,
    others: &[Token],
    open: &mut Vec<Open>,
    frame: &Frame<'_>,
) -> Result<Option<String>, String> {
    let left = frame.left;
    Ok(Some(match (word, others) {
        ("if", condition) => {
            open.push(Open::If);
            frame.statement(&format!("if {}", expression(condition)?))
        }
        ("range", list) => {
            open.push(Open::Range);
            frame.statement(&format!("for dot in {}", expression(list)?))
        }
        ("with", value) => {
            open.push(Open::With);
            let value = expression(value)?;
            let inner = frame.statement(&format!("with dot = {value}"));
            format!("{{%{left} if {value} %}}{inner}")
        }
        ("else", [Token::Name(word), condition @ ..]) if word == "if" => {
            if open.last() != Some(&Open::If) {
                return Err("`else if` stands outside of an `if`".to_owned());
            }
            frame.statement(&format!("elif {}", expression(condition)?))
        }
        ("else", []) => match open.last_mut() {
            Some(Open::If | Open::Range) => frame.statement("else"),
            Some(last @ Open::With) => {
                *last = Open::WithElse;
                format!("{{%{left} endwith %}}{}", frame.statement("else"))
            }
            Some(Open::WithElse | Open::Define) | None => {
                return Err("this `else` belongs to nothing".to_owned());
            }
        },
        ("end", []) => match open.pop() {
            Some(Open::If | Open::WithElse) => frame.statement("endif"),
            Some(Open::Range) => frame.statement("endfor"),
            Some(Open::With) => format!("{{%{left} endwith %}}{}", frame.statement("endif")),
            Some(Open::Define) => frame.statement("endmacro"),
            None => return Err("this `end` belongs to nothing".to_owned()),
        },
        ("define", [Token::Text(name)]) => {
            open.push(Open::Define);
            frame.statement(&format!("macro {}(dot)", macro_name(name)))
        }
        ("template", [Token::Text(name), given @ ..]) => {
            let given = if given.is_empty() {
                "none".to_owned()
            } else {
                expression(given)?
            };
            frame.output(&format!("{}({given})", macro_name(name)))
        }
        ("block" | "break" | "continue" | "define" | "template" | "else" | "end", _) => {
            return Err(format!("`{word}` is not taken in this form"));
        }
        _ => return Ok(None),
    }))
}

/// A name that Jinja takes, for any name that Go takes.
fn macro_name(name: &str) -> String {
    let plain = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    format!("template_{}", plain.collect::<String>())
}
