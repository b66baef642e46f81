//! Scalars of YAML, as they are written.

/// Text in double quotes, or bare where it can't be taken for anything else.
pub(super) fn scalar(text: &str) -> String {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if begins && plain && !word {
        return text.to_owned();
    }
    quoted(text)
}

/// Text in double quotes. JSON's escapes are YAML's too; a `$` is doubled where it would begin a
/// variable.
pub(super) fn quoted(text: &str) -> String {
    let variable_free = text.replace("${", "$${");
    serde_json::Value::from(variable_free).to_string()
}

/// `[a, b]`.
pub(super) fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.into_iter().map(scalar).collect();
    format!("[{}]", items.join(", "))
}

/// A comment, each line behind `indent`.
pub(super) fn comment(indent: &str, text: &str) -> String {
    text.lines()
        .map(|line| format!("{indent}# {}\n", line.trim_end()))
        .collect()
}
