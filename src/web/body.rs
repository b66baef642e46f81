//! Bodies of submits: JSON or a form, decoded to one shape.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use thiserror::Error;

/// The longest body that is read, in bytes.
pub const BODY_LIMIT_BYTES: usize = 5 * 1024 * 1024;

/// How deep a dotted form name may nest.
const DEPTH_LIMIT: usize = 16;

/// Why a body could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BodyError {
    /// Longer than [`BODY_LIMIT_BYTES`], or broken off.
    #[error("unable to read body: http: request body too large")]
    TooLarge,
    /// Neither JSON nor a form by its content type.
    #[error("the content type of the request must be application/json or a form")]
    ContentType,
    /// Not what its content type says, or not an object.
    #[error("the body of the request could not be read as an object")]
    Malformed,
}

/// The fields of a submit. Names of form fields with dots nest; their values are strings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    values: Map<String, Value>,
    form: Option<Vec<(String, String)>>,
}

impl Fields {
    /// Fields that are known as they are, as in a resumed submit.
    #[must_use]
    pub const fn from_values(values: Map<String, Value>) -> Self {
        Self { values, form: None }
    }

    /// Reads a body by its content type. Of repeated names the last one counts.
    ///
    /// # Errors
    /// [`BodyError::ContentType`] or [`BodyError::Malformed`].
    pub fn decode(headers: &HeaderMap, body: &[u8]) -> Result<Self, BodyError> {
        let content_type = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/json") {
            let value: Value = serde_json::from_slice(body).map_err(|_| BodyError::Malformed)?;
            let Value::Object(values) = value else {
                return Err(BodyError::Malformed);
            };
            return Ok(Self::from_values(values));
        }
        if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Ok(Self::from_form(body));
        }
        if media_type.eq_ignore_ascii_case("multipart/form-data") {
            // Decoded by no method: the answer is the one for a form without a method.
            return Ok(Self::default());
        }
        Err(BodyError::ContentType)
    }

    fn from_form(body: &[u8]) -> Self {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
        let mut values = Map::new();
        for (name, value) in &pairs {
            insert_at(&mut values, name, Value::String(value.clone()));
        }
        Self {
            values,
            form: Some(pairs),
        }
    }

    /// Names and values as a form sent them, in order; `None` for JSON.
    #[must_use]
    pub fn form(&self) -> Option<&[(String, String)]> {
        self.form.as_deref()
    }

    /// The value of a field.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// The text of a field; numbers are taken for text, other kinds count as absent.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Whether a field says yes: `true`, or a form's `"true"`.
    #[must_use]
    pub fn is_true(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(Value::Bool(yes)) => *yes,
            Some(Value::String(text)) => text == "true",
            Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => {
                false
            }
        }
    }

    /// The same fields with another value for one of them.
    #[must_use]
    pub fn with(&self, name: &str, value: Value) -> Self {
        let mut values = self.values.clone();
        values.insert(name.to_owned(), value);
        Self {
            values,
            form: self.form.clone(),
        }
    }

    /// All fields.
    #[must_use]
    pub const fn values(&self) -> &Map<String, Value> {
        &self.values
    }
}

fn insert_at(values: &mut Map<String, Value>, name: &str, value: Value) {
    let parts: Vec<&str> = name.split('.').take(DEPTH_LIMIT + 1).collect();
    let nests = (2..=DEPTH_LIMIT).contains(&parts.len());
    let Some((last, above)) = parts.split_last().filter(|_| nests) else {
        values.insert(name.to_owned(), value);
        return;
    };
    // An empty part is no path: the name is taken as it is.
    if last.is_empty() || above.iter().any(|part| part.is_empty()) {
        values.insert(name.to_owned(), value);
        return;
    }
    let mut place = values;
    for part in above {
        let child = place
            .entry((*part).to_owned())
            .or_insert_with(|| Value::Object(Map::new()));
        if !child.is_object() {
            *child = Value::Object(Map::new());
        }
        let Value::Object(child) = child else { return };
        place = child;
    }
    place.insert((*last).to_owned(), value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use serde_json::json;

    fn typed(content_type: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
        headers
    }

    #[test]
    fn dotted_names_of_a_form_nest() {
        let form = typed("application/x-www-form-urlencoded");
        let body = b"traits.name.first=Ada&traits.email=a%40b.c&method=profile";
        let fields = Fields::decode(&form, body).unwrap();
        assert_eq!(
            fields.find("traits"),
            Some(&json!({"name": {"first": "Ada"}, "email": "a@b.c"}))
        );
        assert_eq!(fields.form().map(<[_]>::len), Some(3));
    }

    #[test]
    fn a_repeated_key_counts_as_its_last_value() {
        let json = typed("application/json; charset=utf-8");
        let body = br#"{"method":"password","method":"totp"}"#;
        let fields = Fields::decode(&json, body).unwrap();
        assert_eq!(fields.text("method").as_deref(), Some("totp"));
    }

    #[test]
    fn a_body_that_is_no_object_is_malformed() {
        for body in [&b""[..], b"[]", b"{", b"null"] {
            let decoded = Fields::decode(&typed("application/json"), body);
            assert_eq!(decoded, Err(BodyError::Malformed));
        }
        let plain = Fields::decode(&typed("text/plain"), b"{}");
        assert_eq!(plain, Err(BodyError::ContentType));
    }

    #[test]
    fn a_form_name_of_many_dots_does_not_nest_without_end() {
        let name = "a.".repeat(10_000);
        let form = typed("application/x-www-form-urlencoded");
        let fields = Fields::decode(&form, format!("{name}b=1").as_bytes()).unwrap();
        assert!(fields.values().len() <= 1);
    }
}
