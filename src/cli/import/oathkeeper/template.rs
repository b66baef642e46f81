//! The templates of Oathkeeper's mutators, as far as they name parts of the session.

/// The value of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    /// An expression in CEL.
    Expression(String),
}

/// What `.Subject` and `.Extra` stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) subject: Value,
    /// Path into the session; `None`: nothing that could be named here.
    pub(super) extra: Option<String>,
}

/// Translates a template, or says why it can't be.
pub(super) fn translate(template: &str, scope: &Scope) -> Result<Value, String> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (action, behind) = after.split_once("}}").ok_or("a `{{` is not closed")?;
        if !before.is_empty() {
            parts.push(Value::Text(before.to_owned()));
        }
        parts.push(action_value(action, scope)?);
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(Value::Text(rest.to_owned()));
    }
    Ok(join(parts))
}

fn join(parts: Vec<Value>) -> Value {
    let texts: Option<String> = parts
        .iter()
        .map(|part| match part {
            Value::Text(text) => Some(&**text),
            Value::Expression(_) => None,
        })
        .collect();
    if let Some(text) = texts {
        return Value::Text(text);
    }
    if let [Value::Expression(only)] = &*parts {
        return Value::Expression(only.clone());
    }
    let terms: Vec<String> = parts
        .into_iter()
        .map(|part| match part {
            Value::Text(text) => serde_json::Value::from(text).to_string(),
            Value::Expression(expression) => format!("string({expression})"),
        })
        .collect();
    Value::Expression(terms.join(" + "))
}

fn action_value(action: &str, scope: &Scope) -> Result<Value, String> {
    let inner = action.trim_matches('-').trim();
    let inner = inner.strip_prefix("print ").unwrap_or(inner).trim();
    let inner = inner
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(inner)
        .trim();
    let inner = inner.strip_prefix("print ").unwrap_or(inner).trim();
    if inner == ".Subject" {
        return Ok(scope.subject.clone());
    }
    if let Some(path) = inner.strip_prefix(".Extra") {
        let Some(root) = &scope.extra else {
            let why = "`.Extra` is taken from a member that sessions don't have (`extra_from`)";
            return Err(why.to_owned());
        };
        let path = path.trim_start_matches('.');
        if path.is_empty() || !is_path(path) {
            return Err(format!("`{inner}` names no single value"));
        }
        return Ok(Value::Expression(format!("{root}.{path}")));
    }
    Err(format!("`{{{{{action}}}}}` has no counterpart"))
}

/// Names joined by dots.
pub(super) fn is_path(path: &str) -> bool {
    path.split('.').all(|name| {
        let mut bytes = name.bytes();
        let begins = bytes
            .next()
            .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        begins && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_that_name_parts_of_the_session_become_expressions() {
        let scope = Scope {
            subject: Value::Expression("session.identity.id".into()),
            extra: Some("session".into()),
        };
        let expression = |text: &str| Ok(Value::Expression(text.to_owned()));
        let translated = |text: &str| translate(text, &scope);
        assert_eq!(
            translated("{{ print .Subject }}"),
            expression("session.identity.id")
        );
        assert_eq!(
            translated("{{- .Extra.identity.traits.email -}}"),
            expression("session.identity.traits.email")
        );
        assert_eq!(
            translated("user:{{ print (.Subject) }}!"),
            expression("\"user:\" + string(session.identity.id) + \"!\"")
        );
        assert_eq!(translated("plain"), Ok(Value::Text("plain".into())));
        for text in [
            "{{ printIndex .MatchContext.RegexpCaptureGroups 0 }}",
            "{{ .Extra | toJson }}",
            "{{ if .Subject }}a{{ end }}",
            "{{ .Extra }}",
            "{{ .Subject",
        ] {
            assert!(translated(text).is_err(), "{text}");
        }
    }
}
