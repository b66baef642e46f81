//! Values of identity headers, from the session document.

use percent_encoding::{AsciiSet, CONTROLS, percent_encode_byte, utf8_percent_encode};
use serde_json::Value;

use super::HeaderSource;

/// What a header value can't carry as it is, and the escape character itself, so that decoding
/// percent-escapes always gives the original back.
const UNSAFE: &AsciiSet = &CONTROLS.add(b'%');

/// Longest value in bytes, once encoded. Longer ones are left out: applications limit the size of
/// a head.
const LONGEST: usize = 4096;

/// The value that `source` names; `None` where the session has nothing there, or something that
/// is no plain value.
pub(super) fn value(source: &HeaderSource, document: &Value) -> Option<String> {
    let text = match source {
        HeaderSource::Methods => methods(document)?,
        HeaderSource::Path(path) => {
            let found = path
                .iter()
                .try_fold(document, |value, name| value.get(&**name))?;
            plain(found)?
        }
    };
    let encoded = encode(&text);
    (encoded.len() <= LONGEST).then_some(encoded)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items
                .iter()
                .map(|item| if item.is_array() { None } else { plain(item) })
                .collect();
            items.map(|items| items.join(","))
        }
        Value::Null | Value::Object(_) => None,
    }
}

fn methods(document: &Value) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for entry in document.get("authentication_methods")?.as_array()? {
        let name = entry.get("method").and_then(Value::as_str);
        names.extend(name.filter(|name| !names.contains(name)));
    }
    Some(names.join(","))
}

/// Percent-encodes controls, bytes beyond ASCII, `%`, and blanks at either end, which receivers
/// would trim.
fn encode(text: &str) -> String {
    let core = text.trim_matches(' ');
    let start = text.len() - text.trim_start_matches(' ').len();
    let end = text.len() - core.len() - start;
    let blank = percent_encode_byte(b' ');
    let mut encoded = blank.repeat(start);
    encoded.extend(utf8_percent_encode(core, UNSAFE));
    encoded.push_str(&blank.repeat(end));
    encoded
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(path: &str, document: &Value) -> Option<String> {
        value(&HeaderSource::parse(path).unwrap(), document)
    }

    #[test]
    fn plain_values_are_taken_as_they_are() {
        let document = json!({
            "id": "s", "active": true,
            "identity": {"traits": {"email": "a@b@c", "age": 7, "groups": ["x", "y"], "o": {}}},
            "authentication_methods": [
                {"method": "password"}, {"method": "totp"}, {"method": "password"}
            ],
        });
        assert_eq!(of("session.id", &document).as_deref(), Some("s"));
        assert_eq!(of("session.active", &document).as_deref(), Some("true"));
        assert_eq!(
            of("session.identity.traits.email", &document).as_deref(),
            Some("a@b@c")
        );
        assert_eq!(
            of("session.identity.traits.age", &document).as_deref(),
            Some("7")
        );
        assert_eq!(
            of("session.identity.traits.groups", &document).as_deref(),
            Some("x,y")
        );
        assert_eq!(
            of("session.methods", &document).as_deref(),
            Some("password,totp")
        );
        assert_eq!(of("session.identity.traits.o", &document), None);
        assert_eq!(of("session.identity.traits.none", &document), None);
    }

    #[test]
    fn values_that_could_break_out_of_a_header_are_encoded() {
        for (raw, encoded) in [
            ("a\r\nX-Role: admin", "a%0D%0AX-Role: admin"),
            ("a\0b", "a%00b"),
            ("J\u{f6}rg \u{65e5}", "J%C3%B6rg %E6%97%A5"),
            ("100%", "100%25"),
            ("admin ", "admin%20"),
            (" admin", "%20admin"),
            ("  ", "%20%20"),
            ("", ""),
        ] {
            let document = json!({"identity": {"traits": {"name": raw}}});
            let value = of("session.identity.traits.name", &document).unwrap();
            assert_eq!(value, encoded);
            assert!(http::HeaderValue::from_str(&value).is_ok());
        }
    }

    #[test]
    fn a_value_beyond_measure_is_left_out() {
        let document = json!({"id": "x".repeat(5000)});
        assert_eq!(of("session.id", &document), None);
    }
}
