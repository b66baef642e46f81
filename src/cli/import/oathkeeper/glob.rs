//! Glob patterns as Oathkeeper reads them, where `.` and `/` separate.

use super::regex_text::escape;

/// The same as a regular expression.
pub(super) fn to_regex(glob: &str) -> Result<String, String> {
    let mut regex = String::new();
    let mut letters = glob.chars().peekable();
    let mut braces = 0_usize;
    while let Some(letter) = letters.next() {
        match letter {
            '*' if letters.next_if_eq(&'*').is_some() => regex.push_str(".*"),
            '*' => regex.push_str("[^./]*"),
            '?' => regex.push_str("[^./]"),
            '{' => {
                braces += 1;
                regex.push_str("(?:");
            }
            '}' if braces > 0 => {
                braces -= 1;
                regex.push(')');
            }
            ',' if braces > 0 => regex.push('|'),
            '[' => {
                let inside: String = letters
                    .by_ref()
                    .take_while(|&letter| letter != ']')
                    .collect();
                let (not, inside) = match inside.strip_prefix('!') {
                    Some(rest) => ("^", rest),
                    None => ("", &*inside),
                };
                if inside.is_empty() || inside.contains(['[', '\\', '^', '&', '~']) {
                    return Err(format!("`[{inside}]` is no list of characters"));
                }
                regex.push_str(&format!("[{not}{inside}]"));
            }
            '\\' => match letters.next() {
                Some(next) => regex.push_str(&escape(&next.to_string())),
                None => return Err("it ends with a backslash".to_owned()),
            },
            other => regex.push_str(&escape(&other.to_string())),
        }
    }
    if braces > 0 {
        return Err("a `{` has no `}`".to_owned());
    }
    // `{a,b}` alone lists words, which are best read without the group.
    Ok(regex)
}
